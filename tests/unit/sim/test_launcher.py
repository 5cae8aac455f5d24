"""Starting, killing, restarting and stopping programs."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sim.errors import LaunchFault
from sim.launcher import Child, Launcher

DEADLINE_S = 20.0
SERVES = "import signal; print('hello'); print('ready', flush=True); signal.pause()"
DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('ready', flush=True)\nwhile True: signal.pause()"
)


def child(name: str, code: str, folder: Path) -> Child:
    return Child(name, [sys.executable, "-u", "-c", code], folder)


def test_start_kill_restart_stop(tmp_path: Path) -> None:
    """A program can be killed and started again; it is gone after stop, and its words are kept."""
    said: list[str] = []
    launcher = Launcher(said.append)
    program = child("server", SERVES, tmp_path)
    launcher.start(program)
    assert program.alive
    assert launcher.dead() is None
    program.kill()
    assert launcher.dead() is program
    program.start()
    program.wait_ready(DEADLINE_S)
    assert program.alive
    launcher.stop()
    assert not program.alive
    assert (tmp_path / "server.log").read_text().splitlines() == ["hello", "ready"] * 2
    assert len(said) == 1


def test_one_that_dies_at_once_says_why(tmp_path: Path) -> None:
    """The fault carries the last words and, where it is one of ours, the exit code."""
    code = "import sys; print('port 8883 is taken', file=sys.stderr); sys.exit(5)"
    program = child("broker", code, tmp_path)
    program.start()
    with pytest.raises(LaunchFault, match=r"exit code 5.*port 8883 is taken") as caught:
        program.wait_ready(DEADLINE_S)
    assert caught.value.exit_code == 5


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """A missing program is one sentence, not a traceback."""
    with pytest.raises(LaunchFault, match="no-such-program cannot be started"):
        Child("x", ["no-such-program"], tmp_path).start()


def test_children_end_with_us(tmp_path: Path) -> None:
    """When the program that started it is killed, a child ends too."""
    code = textwrap.dedent(f"""
        import signal, sys
        from pathlib import Path
        from sim.launcher import Child
        child = Child("c", [sys.executable, "-u", "-c", {DEAF!r}], Path({str(tmp_path)!r}))
        child.start()
        child.wait_ready()
        print(child._process.pid, flush=True)
        signal.pause()
    """)
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    grandchild = int(parent.stdout.readline())
    watch = os.pidfd_open(grandchild)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert select.select([watch], [], [], DEADLINE_S)[0] == [watch]
    os.close(watch)
