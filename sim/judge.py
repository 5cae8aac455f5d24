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


def judge(
    run: Run, acts: Path | None = None, part: tuple[str, str] | None = None
) -> dict[str, Any]:
    """The judge's report on a run, as `bench/judge.py --json` prints it.

    `acts`: another file of acts than the run's; `part`: see the judge's option of that name.
    """
    files = ["--acts", acts or run.acts, "--db", run.database]
    files += ["--seal-key", run.identities / "seal.pem", *(("--part", *part) if part else ())]
    command = [sys.executable, str(JUDGE), "--json", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in _VERDICTS:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise LaunchFault(words[-1] if words else "the judge said nothing", done.returncode)
    report: dict[str, Any] = json.loads(done.stdout)
    return report
