"""A terminal that dies leaves nothing of its memory behind."""

import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """\
import ctypes, os, resource, signal, subprocess, sys
from firmware.hardening import keep_no_core
resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)[::-1][:1] * 2)
if {hardened}:
    assert keep_no_core()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])
shown = "import resource; print(open('/proc/self/coredump_filter').read().strip('0\\\\n') or '0',"
subprocess.run([sys.executable, "-c", shown + "resource.getrlimit(resource.RLIMIT_CORE)[0])"])
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGSEGV)
"""
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")


def die(folder: Path, hardened: bool) -> "subprocess.CompletedProcess[str]":
    """Run the program above in `folder`, where a core would lie if core_pattern is relative."""
    command = [sys.executable, "-u", "-c", PROGRAM.format(hardened=hardened)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_crash_leaves_no_core(tmp_path: Path) -> None:
    """Not dumpable, no core allowed, nothing in what a dump's program would get; children too."""
    ended = die(tmp_path, hardened=True)
    assert ended.returncode == -signal.SIGSEGV
    assert ended.stdout.splitlines() == ["0 0", "0 0"]
    assert list(tmp_path.iterdir()) == []


def test_the_same_program_would_leave_one(tmp_path: Path) -> None:
    """Without the hardening the process is dumpable: the test above can fail."""
    ended = die(tmp_path, hardened=False)
    assert ended.returncode == -signal.SIGSEGV
    assert ended.stdout.split()[0] == "1"
    limit = ended.stdout.split()[1]
    if limit != "0" and not CORE_PATTERN.read_text().startswith(("|", "/")):
        assert [path.name[:4] for path in tmp_path.iterdir()] == ["core"]
