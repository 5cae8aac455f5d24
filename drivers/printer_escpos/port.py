"""The line to a slip printer: a serial port, or the kernel's node of a USB printer (usblp).

Both are character devices of which only one is a terminal, so pyserial cannot open them all. Every
read and write has a deadline: a printer may stop taking bytes at any moment.
"""

import errno
import fcntl
import os
import select
import termios
import tty
from contextlib import suppress
from threading import Lock
from time import monotonic

from hal.errors import DeviceLost

_CHUNK_BYTES = 4096
_EMPTY_PAUSE_S = 0.05
"""usblp gives empty reads when the printer has nothing to say."""


class Port:
    """One conversation at a time; `close` may come from another thread and ends it."""

    def __init__(self, path: str, baud: int) -> None:
        """Open it, and throw away what came before. DeviceLost if it is not there."""
        self._path = path
        self._closing = Lock()
        self._wake_r, self._wake_w = os.pipe()
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._is_tty = os.isatty(self._fd)
            if self._is_tty:
                self._set_up(baud)
        except (OSError, termios.error, AttributeError) as error:
            self.close()
            raise DeviceLost(f"cannot open {path}", remedy="configure") from error

    def read(self, timeout_s: float) -> bytes:
        """What has come, at least one byte; empty when none came within the time."""
        deadline_s = monotonic() + timeout_s
        while self._wait(select.POLLIN, deadline_s):
            try:
                chunk = os.read(self._fd, _CHUNK_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._gone() from error
            if chunk:
                return chunk
            if self._is_tty:
                raise self._gone()
            select.select([self._wake_r], [], [], _EMPTY_PAUSE_S)
        return b""

    def write(self, body: bytes, timeout_s: float) -> None:
        """Hand all of `body` to the kernel. DeviceLost if it is not taken within the time."""
        deadline_s = monotonic() + timeout_s
        rest = memoryview(body)
        while rest:
            if not self._wait(select.POLLOUT, deadline_s):
                raise DeviceLost(f"{self._path} takes no more", remedy="clear")
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._gone() from error

    def drop_input(self) -> None:
        """Throw away what came and was not read."""
        while self.read(0.0):
            continue

    def close(self) -> None:
        """End a conversation under way and let go of the port. A second call does nothing."""
        with self._closing:
            if self._wake_w >= 0:
                os.close(self._wake_w)
                self._wake_w = -1
                if self._fd >= 0:
                    os.close(self._fd)
                    self._fd = -1

    def _set_up(self, baud: int) -> None:
        speed = getattr(termios, f"B{baud}")
        fcntl.ioctl(self._fd, termios.TIOCEXCL)
        tty.setraw(self._fd)
        settings = termios.tcgetattr(self._fd)
        settings[4] = settings[5] = speed
        termios.tcsetattr(self._fd, termios.TCSANOW, settings)
        termios.tcflush(self._fd, termios.TCIOFLUSH)

    def _wait(self, event: int, deadline_s: float) -> bool:
        """Until the port is ready for it; False when the time is over."""
        poll = select.poll()
        with self._closing:
            if self._fd < 0:
                raise self._gone()
            poll.register(self._fd, event)
            poll.register(self._wake_r, select.POLLIN)
        ready = dict(poll.poll(max(0.0, deadline_s - monotonic()) * 1000))
        if self._wake_r in ready or any(seen & select.POLLNVAL for seen in ready.values()):
            raise self._gone()
        return bool(ready)

    def _gone(self) -> DeviceLost:
        return DeviceLost(f"{self._path} is gone", remedy="reset", code=errno.EIO)

    def __del__(self) -> None:
        # The reading end outlives `close`, so that a `_wait` under way cannot meet another file.
        with suppress(OSError):
            os.close(self._wake_r)
