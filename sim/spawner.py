"""Starts child processes that end when we do.

The kernel sends the "parent died" signal when the *thread* that forked ends, not the process.
So one thread, as old as the process, forks all children, whoever asks for them.
"""

import ctypes
import queue
import signal
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_Request = tuple[Sequence[str], Path, "Future[subprocess.Popen[bytes]]"]


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Spawner(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="spawner", daemon=True)
        self.requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            command, folder, answer = self.requests.get()
            try:
                answer.set_result(_fork(command, folder))
            except OSError as error:
                answer.set_exception(error)


def _fork(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    # A process group of its own: Ctrl-C on the keyboard reaches us alone, and we stop it in order.
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
        preexec_fn=_end_with_parent,
    )


@cache
def _running() -> _Spawner:
    spawner = _Spawner()
    spawner.start()
    return spawner


def spawn(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start `command` in `folder`, its output on one pipe. OSError if it cannot be started."""
    answer: Future[subprocess.Popen[bytes]] = Future()
    _running().requests.put((command, folder, answer))
    return answer.result()
