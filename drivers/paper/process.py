"""The parent's side of the child process that looks at frames.

OpenCV takes half a second and 60 MB to import, and a broken frame may hang or crash it; so it
lives in a process of its own that can be killed. This module imports none of it.
"""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import IO

from drivers.paper.wire import LENGTH, MOST_BYTES, Answer, decode, pack
from hal.errors import DeviceLost, WireError
from hal.interfaces import ScannedPage

START_S = 20.0  # importing OpenCV from a slow card
_CHUNK_BYTES = 1 << 16
_COMMAND = (sys.executable, "-m", "drivers.paper.child")
_ROOT = Path(__file__).parents[2]


class PageReader:
    """One child process, started when it is needed. `stop` may be called from another thread."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._using = Lock()

    def start(self) -> None:
        """Have a child that is ready. DeviceLost if there can be none; costs nothing if there is.

        A child that died while nobody used it is replaced without a word.
        """
        with self._using:
            self._ready()

    def read(self, jpeg: bytes, timeout_s: float) -> ScannedPage:
        """The page in a frame. WireError if it is no picture. DeviceLost if the child died or did
        not answer in time; it is killed then, and the next call starts another one.
        """
        with self._using:
            child = self._ready()
            deadline_s = monotonic() + timeout_s
            self._write(child, pack(jpeg), deadline_s)
            answer = self._answer(child, deadline_s)
        if answer.page is None:
            raise WireError(answer.fault or "the page reader said nothing")
        return answer.page

    def stop(self) -> None:
        """End the child; a `read` under way ends with DeviceLost."""
        child = self._child
        if child is not None:
            child.kill()
            with self._using:
                self._drop(child)

    def _ready(self) -> subprocess.Popen[bytes]:
        child = self._child
        if child is not None and child.poll() is None:
            return child
        if child is not None:
            self._drop(child)
        try:
            child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT,
                stderr=subprocess.DEVNULL, bufsize=0,
            )  # fmt: skip
        except OSError as error:
            raise DeviceLost("the page reader cannot be started", remedy="maintain") from error
        for pipe in (child.stdin, child.stdout):
            os.set_blocking(_fd(pipe), False)
        self._child = child
        self._answer(child, monotonic() + START_S)
        return child

    def _write(self, child: subprocess.Popen[bytes], body: bytes, deadline_s: float) -> None:
        fd, rest = _fd(child.stdin), memoryview(body)
        while rest:
            self._wait(child, deadline_s, write=True)
            try:
                rest = rest[os.write(fd, rest[:_CHUNK_BYTES]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._lost(child, "has ended") from error

    def _answer(self, child: subprocess.Popen[bytes], deadline_s: float) -> Answer:
        (length,) = LENGTH.unpack(self._receive(child, LENGTH.size, deadline_s))
        if length > MOST_BYTES:
            raise self._lost(child, "is out of step")
        try:
            return decode(self._receive(child, length, deadline_s))
        except ValueError as error:
            raise self._lost(child, "is out of step") from error

    def _receive(self, child: subprocess.Popen[bytes], length: int, deadline_s: float) -> bytes:
        body = bytearray()
        while len(body) < length:
            self._wait(child, deadline_s, write=False)
            chunk = os.read(_fd(child.stdout), min(length - len(body), _CHUNK_BYTES))
            if not chunk:
                raise self._lost(child, "has ended")
            body += chunk
        return bytes(body)

    def _wait(self, child: subprocess.Popen[bytes], deadline_s: float, *, write: bool) -> None:
        poll = select.poll()
        poll.register(
            _fd(child.stdin if write else child.stdout), select.POLLOUT if write else select.POLLIN
        )
        if not poll.poll(max(0.0, deadline_s - monotonic()) * 1000):
            raise self._lost(child, "does not answer")

    def _lost(self, child: subprocess.Popen[bytes], what: str) -> DeviceLost:
        self._drop(child)
        return DeviceLost(f"the page reader {what}", remedy="reset", code=child.returncode)

    def _drop(self, child: subprocess.Popen[bytes]) -> None:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        if self._child is child:
            self._child = None


def _fd(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise DeviceLost("the page reader has no pipe", remedy="maintain")
    return pipe.fileno()
