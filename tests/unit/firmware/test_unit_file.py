"""The unit by which the service manager runs a terminal."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[3] / "firmware" / "systemd" / "onewindow-terminal.service"
PROMISED = {
    "Type=notify",
    "WatchdogSec=20",
    "Restart=always",
    "StartLimitIntervalSec=0",
    "LimitCORE=0",
    "MemorySwapMax=0",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "StateDirectoryMode=0700",
    "UMask=0077",
    "User=onewindow",
}


def test_what_is_promised_stands_in_it() -> None:
    """Watched, started again for ever, without rights, cores or swap."""
    assert PROMISED - set(UNIT.read_text("utf-8").splitlines()) == set()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    """Every line is known to systemd, with the program where this machine has it."""
    here = str(Path(sys.executable).parent / "ow-terminal")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/onewindow/bin/ow-terminal", here))
    command = ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    complaints = [line for line in ended.stderr.splitlines() if UNIT.name in line]
    assert complaints == []
