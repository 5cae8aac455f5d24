"""The disk as the terminal watches over it: room that is left, room held back, bytes written.

A flash card wears out by what is written to it, and a full one must not lock up what would empty
it (docs/adr/0003).
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event, Lock

from firmware.task import Task
from hal.clock import Clock

PERIOD_S = 5.0
RETURN_SHARE = 1.25
"""Room has returned when a quarter more than the reserve is free: no flutter at the border."""
_END_S = 2.0
_BLOCK_BYTES, _SECTOR_BYTES = 4096, 512
_MARGINS_BYTES = (0, 64 * 1024)
"""What the file system may need for itself beside a file that takes all the room."""

_log = logging.getLogger(__name__)


def free_bytes(folder: Path) -> int:
    """What we may still write where `folder` lies; OSError if it cannot be asked."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


class DiskWatch:
    """Tells when the disk runs out of room, and when room has returned. A thread of its own."""

    def __init__(
        self,
        folder: Path,
        reserve_bytes: int,
        told: Callable[[bool], None],
        period_s: float = PERIOD_S,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """`told(True)`: less than `reserve_bytes` are free; `told(False)`: no longer.

        Only changes are told, in the thread that looked; in the beginning there is room.
        """
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._told = told
        self._period_s = period_s
        self._free = free
        self._low = False
        self._lock = Lock()
        self._stop = Event()
        self._task = Task("disk", self._run)

    @property
    def low(self) -> bool:
        """Whether the last look found too little room."""
        return self._low

    def start(self) -> None:
        self._task.start()

    def stop(self) -> None:
        self._stop.set()
        self._task.join(_END_S)

    def look(self) -> None:
        """Look now, after a write that failed for instance. `told` must not call this."""
        with self._lock:
            border = self._reserve_bytes * (RETURN_SHARE if self._low else 1.0)
            try:
                low = self._free(self._folder) < border
            except OSError:
                low = True  # a disk that does not answer keeps nothing either
            if low == self._low:
                return
            self._low = low
            _log.warning("disk low" if low else "disk has room")
            self._told(low)

    def _run(self) -> None:
        while True:
            self.look()
            if self._stop.wait(self._period_s):
                return


class Ballast:
    """Room held back by a file of no content, to be dropped when nothing else is left.

    On a full disk SQLite cannot even delete, for a deletion is written to the log first.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._laid_bytes = 0

    def lay(self) -> bool:
        """Hold the room, or as much of it as there is. Whether all is held; cheap if it was."""
        if self._laid_bytes < self._size_bytes:
            with suppress(OSError):
                self._lay()
        return self._laid_bytes == self._size_bytes

    def drop(self) -> None:
        """Give the room back to the disk."""
        self._laid_bytes = 0
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _lay(self) -> None:
        """Blocks without content: nothing but the file system's own tables is written."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            held = os.fstat(file).st_blocks * _SECTOR_BYTES
            room = max(held, min(self._size_bytes, held + free_bytes(self._path.parent)))
            for margin in _MARGINS_BYTES:
                size = (room - margin) // _BLOCK_BYTES * _BLOCK_BYTES
                if size <= self._laid_bytes:
                    return
                with suppress(OSError):
                    os.posix_fallocate(file, 0, size)
                    self._laid_bytes = size
                    return
        finally:
            os.close(file)


@dataclass(frozen=True)
class Written:
    """What the kernel counted as given to the disk, children that still run not included."""

    since_start_bytes: int
    today_bytes: int


class WriteMeter:
    """Counts what this process gives to the disk. Safe to use from several threads.

    Open it early: once the process cannot be dumped, the kernel's file cannot be opened any more
    without privileges, though it can still be read (proc(5), PR_SET_DUMPABLE).
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._day: date = clock.now().date()
        self._day_began_bytes = 0
        self._last_bytes = 0
        self._lock = Lock()
        self._file: int | None = None
        with suppress(OSError):
            self._file = os.open("/proc/self/io", os.O_RDONLY)

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def read(self) -> Written | None:
        """The counts of now; None where the kernel does not count.

        `today` begins at the first look of another day of the clock, whichever way it went.
        """
        with self._lock:
            if self._file is None:
                return None
            total = _write_bytes(os.pread(self._file, 1024, 0))
            today = self._clock.now().date()
            if today != self._day:
                self._day, self._day_began_bytes = today, self._last_bytes
            self._last_bytes = total
            return Written(total, total - self._day_began_bytes)


def _write_bytes(text: bytes) -> int:
    counts = dict(line.split(b": ") for line in text.splitlines())
    return int(counts[b"write_bytes"])
