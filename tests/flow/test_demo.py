"""`ow-sim demo` from outside: everything real, judged by its last line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

OW_SIM = str(Path(sys.executable).parent / "ow-sim")
DEADLINE_S = 110
LINE = (
    r"demo: visits {visits}, cases {visits}, ratings {visits}, acts \d+, stored \d+, lost 0, "
    r"unexpected 0, duplicate 0, last byte to commit p95 \d+(\.\d+)? ms"
)
KILLED = r", killed {target} during act \d+ of \d+, down \d+\.\d s, acts meanwhile [1-9]\d*"


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [OW_SIM, "demo", "--dir", str(folder / "dev"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def test_everything_that_was_answered_is_stored(tmp_path: Path) -> None:
    """Three visits end with three cases and ratings, nothing lost, invented or doubled."""
    done = demo(tmp_path, "--visits", "3", "--seed", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(LINE.format(visits=3), done.stdout.splitlines()[-1])


@pytest.mark.parametrize("target", ["broker", "central", "terminal"])
def test_nothing_is_lost_when_a_program_is_killed(tmp_path: Path, target: str) -> None:
    """With a program killed in the middle of an act, people act on and nothing is lost."""
    done = demo(tmp_path, "--visits", "4", "--seed", "3", "--kill", target)
    assert done.returncode == 0, done.stdout + done.stderr
    line = LINE.format(visits=4) + KILLED.format(target=target)
    assert re.fullmatch(line, done.stdout.splitlines()[-1])


def test_a_demo_leaves_no_program_and_no_folder(tmp_path: Path) -> None:
    """After a good demo its run's folder is gone, with everything personal in it."""
    done = demo(tmp_path, "--visits", "1", "--seed", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "run").iterdir()) == []


def test_an_unknown_target_is_a_usage_error(tmp_path: Path) -> None:
    """Only broker, central and terminal can be killed; anything else is exit code 2."""
    assert demo(tmp_path, "--kill", "citizen").returncode == 2
