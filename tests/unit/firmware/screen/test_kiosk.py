"""How the browser of the touch display is started."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.screen.server import TOKEN_FILE

FOLDER = Path(__file__).parents[4] / "firmware" / "systemd"
UNIT = FOLDER / "onewindow-screen.service"
POLICY = FOLDER / "onewindow-screen-policy.json"
PROMISED = {
    "Restart=always",
    "User=onewindow-screen",
    f"LoadCredential=screen.token:/var/lib/onewindow/{TOKEN_FILE}",
    "RuntimeDirectoryMode=0700",
    "MemorySwapMax=0",
    "LimitCORE=0",
}
CONFIGURATION = """
[terminal]
site = "pzh01"
id = "pzh01-w03"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 8883
ca = "ca.pem"
cert = "c.pem"
key = "k.pem"
[centre]
url = "https://127.0.0.1:8443"
[seal]
kid = "dev1"
public_key = "seal.pem"
"""


def test_what_is_promised_stands_in_it() -> None:
    """A user of its own, started again for ever, nothing on the disk; one address and no more."""
    lines = set(UNIT.read_text("utf-8").splitlines())
    assert PROMISED - lines == set()
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    for option in ("--kiosk", "--incognito", '--user-data-dir="$RUNTIME_DIRECTORY"'):
        assert option in start
    policy = json.loads(POLICY.read_text("utf-8"))
    (allowed,) = policy["URLAllowlist"]
    assert f"{allowed}/?token=" in start
    assert policy["URLBlocklist"] == ["*"]
    assert policy["DeveloperToolsAvailability"] == 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    """Every line is known to systemd."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8"))
    command = ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in ended.stderr.splitlines() if UNIT.name in line] == []


def test_the_address_is_printed_with_its_token(tmp_path: Path) -> None:
    """The token is the screen's own; without a port the sentence says what to do."""
    file = tmp_path / "terminal.toml"
    (tmp_path / "state").mkdir()
    file.write_text(CONFIGURATION)
    command = [sys.executable, "-m", "firmware.cli", "screen", "--config", str(file)]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert run().returncode == 3
    assert "screen.port is 0" in run().stderr
    file.write_text(CONFIGURATION + "[screen]\nport = 8091\n")
    printed = run()
    token = (tmp_path / "state" / TOKEN_FILE).read_text().strip()
    assert (printed.returncode, printed.stdout) == (0, f"http://127.0.0.1:8091/?token={token}\n")
