"""The page about a window's states says what the code does."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GENERATE = ROOT / "tests" / "state_document" / "generate.py"


def test_the_document_is_what_the_code_says() -> None:
    """docs/terminal-states.md is as its generator would write it now."""
    done = subprocess.run(
        [sys.executable, str(GENERATE)],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
