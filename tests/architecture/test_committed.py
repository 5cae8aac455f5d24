"""What is committed stands on its own: it names no machine, no index of packages, no loose end."""

import re
import subprocess
from pathlib import Path

import pytest

# In pieces, or this file would be its own first finding.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.])/(?:wor"
    + r"k|far"
    + r"m|roo"
    + r"t|tmp/o"
    + r"w)/",
    "a loose end": r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b",
    "a host of packages": r"(?:py" + r"pi|pythonhos" + r"ted|np" + r"mjs|crat" + r"es)\.(?:org|io)"
    r"|deb\.deb" + r"ian|proxy\.gol" + r"ang",
}


def _committed(root: Path) -> list[Path]:
    command = ["git", "-C", str(root), "ls-files", "-z"]
    names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return [root / name for name in names if name and (root / name).is_file()]


def _findings(paths: list[Path], pattern: str) -> list[str]:
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{path}:{number}: {line.strip()[:80]}")
    return found


@pytest.mark.parametrize("what", FORBIDDEN)
def test_holds_none(root: Path, what: str) -> None:
    """No committed file holds any."""
    assert _findings(_committed(root), FORBIDDEN[what]) == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of somebody's machine", "state_dir = '/wor" + "k/main/var'"),
        ("a loose end", "# TO" + "DO: later"),
        ("a host of packages", "https://py" + "pi.org/simple"),
    ],
)
def test_would_be_found(tmp_path: Path, what: str, line: str) -> None:
    """A file that holds one is found, with its line."""
    path = tmp_path / "x.md"
    path.write_text(f"fine\n{line}\n")
    assert [found.split(": ")[0] for found in _findings([path], FORBIDDEN[what])] == [f"{path}:2"]
