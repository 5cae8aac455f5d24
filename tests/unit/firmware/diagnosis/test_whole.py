"""The whole command on a terminal with nothing wrong, beside a broker that is there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.diagnose import diagnose
from hal.clock import SystemClock

PROGRAM = str(Path(sys.executable).parent / "ow-terminal")


def without_devices(place: Any) -> None:
    words = place.toml.read_text()
    place.toml.write_text(words[: words.index("[device.reader]")])


def test_nothing_wrong_is_zero(place: Any, listen: Callable[[Path], Any], tmp_path: Path) -> None:
    """Exit code 0, a table, a bundle; and the state folder holds nothing that it did not before."""
    without_devices(place)
    listen(place.dev / "ca.pem")
    out = tmp_path / "bundle.tar.gz"
    command = [PROGRAM, "diagnose", "--config", str(place.toml), "--out", str(out)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    findings = diagnose(place.toml, SystemClock())
    assert [finding for finding in findings if finding.state == "bad"] == []
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert out.exists()
    assert list(place.state.iterdir()) == []


def test_the_pages_address_is_printed(place: Any) -> None:
    """With its token, the same each time, so that a technician can open it."""
    command = [PROGRAM, "page", "--config", str(place.toml)]
    told = [
        subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        for _ in range(2)
    ]
    token = (place.state / "page.token").read_text().strip()
    assert told == [f"http://127.0.0.1:{place.page}/?token={token}\n"] * 2
