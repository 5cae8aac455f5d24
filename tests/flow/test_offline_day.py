"""`ow-sim offline-day` from outside: a terminal works a day alone and merges at night (上门)."""

import re
import subprocess
import sys
from pathlib import Path

OW_SIM = str(Path(sys.executable).parent / "ow-sim")
VISITS = 6
DEADLINE_S = 150
LINE = (
    rf"offline day: visits {VISITS}, merged {VISITS}, cases {VISITS}, pages (\d+), "
    rf"ratings {VISITS}, lost 0, unexpected 0, duplicate 0"
)


def test_a_day_without_the_centre_merges_once(tmp_path: Path) -> None:
    """Visits, cases, pages and ratings of a day alone, restart and kill in it, are there once."""
    command = [OW_SIM, "offline-day", "--dir", str(tmp_path / "dev"), "--visits", str(VISITS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    match = re.fullmatch(LINE, done.stdout.splitlines()[-1])
    assert match is not None
    assert int(match[1]) >= VISITS
    assert "the terminal was killed" in done.stdout
