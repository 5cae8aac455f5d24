"""Importing a module opens nothing: no file, no socket, no process, no thread."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WATCH = Path(__file__).with_name("import_watch.py")


def _watch(root: Path, modules: list[str], where: Path) -> dict[str, Any]:
    command = [sys.executable, str(WATCH), str(root), *modules]
    ended = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def test_importing_opens_nothing(root: Path, modules: list[str], tmp_path: Path) -> None:
    """All modules can be imported, and nothing is open, started or left behind by it."""
    report = _watch(root, modules, tmp_path)
    assert report == {"opened": {}, "threads": [], "modules": len(modules)}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("import socket; socket.socket().close()", "socket.__new__"),
        ("open('/dev/null').close()", "open"),
        ("import sqlite3; sqlite3.connect(':memory:').close()", "sqlite3.connect"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
    ],
)
def test_noise_is_heard(tmp_path: Path, line: str, event: str) -> None:
    """A module that opens something while it is imported is named, with what it opened."""
    (tmp_path / "noisy.py").write_text(line + "\n")
    opened = _watch(tmp_path, ["noisy"], tmp_path)["opened"]
    assert event in [noise.split()[0] for noise in opened["noisy"]]


def test_threads_are_heard(tmp_path: Path) -> None:
    """A thread that an import starts is found."""
    line = (
        "import threading; threading.Thread(target=threading.Event().wait, name='x', daemon=True)"
    )
    (tmp_path / "noisy.py").write_text(line + ".start()\n")
    assert "x" in _watch(tmp_path, ["noisy"], tmp_path)["threads"]
