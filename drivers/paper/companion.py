"""A child process that answers messages, made to be killed: for libraries that hang, or are large.

Messages are those of drivers.paper.wire: a length, then a body. When it is ready the child sends
one without being asked. It must end when its standard input does.
"""

import os
import select
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import IO

from drivers.paper.wire import LENGTH, MOST_BYTES, pack
from hal.errors import DeviceLost

_CHUNK_BYTES = 1 << 16
_ROOT = Path(__file__).parents[2]


class Companion:
    """One child, started when it is needed. `stop` may be called from another thread.

    `name` begins the sentence that says what failed: "the page reader". Every failure is
    DeviceLost, after which there is no child, and the next call starts another one.
    """

    def __init__(self, name: str, command: Sequence[str], start_s: float) -> None:
        self._name = name
        self._command = command
        self._start_s = start_s
        self._child: subprocess.Popen[bytes] | None = None
        self._using = Lock()

    @property
    def is_busy(self) -> bool:
        """Whether somebody is waiting for an answer now."""
        return self._using.locked()

    def start(self) -> bytes | None:
        """Have a child that is ready: its first message, None if it was running already.

        A child that died while nobody used it is replaced without a word.
        """
        with self._using:
            return self._ready()[1]

    def ask(self, body: bytes, timeout_s: float) -> bytes:
        """Its answer, within the time, or it is killed. Whoever else asks waits for his turn."""
        with self._using:
            child, _ = self._ready()
            deadline_s = monotonic() + timeout_s
            self._write(child, pack(body), deadline_s)
            return self._answer(child, deadline_s)

    def stop(self) -> None:
        """End the child; an `ask` under way ends with DeviceLost."""
        child = self._child
        if child is not None:
            child.kill()
            with self._using:
                self._drop(child)

    def out_of_step(self) -> DeviceLost:
        """What to raise for an answer that is none: the child is ended."""
        child = self._child
        if child is not None:
            with self._using:
                return self._lost(child, "is out of step")
        return DeviceLost(f"{self._name} is out of step", remedy="reset")

    def _ready(self) -> tuple[subprocess.Popen[bytes], bytes | None]:
        child = self._child
        if child is not None and child.poll() is None:
            return child, None
        if child is not None:
            self._drop(child)
        try:
            child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT,
                stderr=subprocess.DEVNULL, bufsize=0, process_group=0,
            )  # fmt: skip
        except OSError as error:
            raise DeviceLost(f"{self._name} cannot be started", remedy="maintain") from error
        for pipe in (child.stdin, child.stdout):
            os.set_blocking(self._fd(pipe), False)
        self._child = child
        return child, self._answer(child, monotonic() + self._start_s)

    def _write(self, child: subprocess.Popen[bytes], body: bytes, deadline_s: float) -> None:
        fd, rest = self._fd(child.stdin), memoryview(body)
        while rest:
            self._wait(child, deadline_s, write=True)
            try:
                rest = rest[os.write(fd, rest[:_CHUNK_BYTES]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._lost(child, "has ended") from error

    def _answer(self, child: subprocess.Popen[bytes], deadline_s: float) -> bytes:
        (length,) = LENGTH.unpack(self._receive(child, LENGTH.size, deadline_s))
        if length > MOST_BYTES:
            raise self._lost(child, "is out of step")
        return self._receive(child, length, deadline_s)

    def _receive(self, child: subprocess.Popen[bytes], length: int, deadline_s: float) -> bytes:
        body = bytearray()
        while len(body) < length:
            self._wait(child, deadline_s, write=False)
            chunk = os.read(self._fd(child.stdout), min(length - len(body), _CHUNK_BYTES))
            if not chunk:
                raise self._lost(child, "has ended")
            body += chunk
        return bytes(body)

    def _wait(self, child: subprocess.Popen[bytes], deadline_s: float, *, write: bool) -> None:
        poll = select.poll()
        poll.register(
            self._fd(child.stdin if write else child.stdout),
            select.POLLOUT if write else select.POLLIN,
        )
        if not poll.poll(max(0.0, deadline_s - monotonic()) * 1000):
            raise self._lost(child, "does not answer")

    def _lost(self, child: subprocess.Popen[bytes], what: str) -> DeviceLost:
        self._drop(child)
        return DeviceLost(f"{self._name} {what}", remedy="reset", code=child.returncode)

    def _drop(self, child: subprocess.Popen[bytes]) -> None:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        if self._child is child:
            self._child = None

    def _fd(self, pipe: IO[bytes] | None) -> int:
        if pipe is None:
            raise DeviceLost(f"{self._name} has no pipe", remedy="maintain")
        return pipe.fileno()
