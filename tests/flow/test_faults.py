"""`ow-sim faults` from outside: terminals hit by faults while people go on, judged."""

import re
import subprocess
import sys
from pathlib import Path

OW_SIM = str(Path(sys.executable).parent / "ow-sim")
RUNS = 40
DEADLINE_S = 280
LINE = (
    rf"faults: runs {RUNS}, faults hit (\d+), lost 0, unexpected 0, duplicate 0, crossed visits 0, "
    r"worst recovery \d+\.\d s"
)


def test_no_fault_loses_or_doubles_anything(tmp_path: Path) -> None:
    """In 40 runs, each with a fault that really hit, all that was answered is stored once."""
    command = [OW_SIM, "faults", "--dir", str(tmp_path / "dev"), "--runs", str(RUNS), "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    match = re.fullmatch(LINE, done.stdout.splitlines()[-1])
    assert match is not None
    assert int(match[1]) >= RUNS
