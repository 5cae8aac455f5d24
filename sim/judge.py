"""Runs the judge, which shares no code with anything here, and reads its report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sim.errors import LaunchFault
from sim.settings import Run

JUDGE = Path(__file__).parents[1] / "bench" / "judge.py"
_VERDICTS = (0, 1)


def judge(run: Run) -> dict[str, Any]:
    """The judge's report on a run, as `bench/judge.py --json` prints it."""
    files = ["--acts", run.acts, "--db", run.database, "--seal-key", run.identities / "seal.pem"]
    command = [sys.executable, str(JUDGE), "--json", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in _VERDICTS:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise LaunchFault(words[-1] if words else "the judge said nothing", done.returncode)
    report: dict[str, Any] = json.loads(done.stdout)
    return report
