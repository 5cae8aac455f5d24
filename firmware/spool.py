"""Sealed pictures on the terminal's disk until the centre says that it keeps them.

A picture is sealed in memory; its plain bytes never touch the disk. Each is one file, named by the
SHA-256 of its sealed bytes (docs/protocols/media-upload.md), written once and never changed.

    {sha256}            waits for its upload
    {sha256}.damaged    is not what its name says any more; for a technician
    {sha256}.refused    the centre will never take it; for a technician
    {id}.part           was being written when the power went; removed at the next start
"""

import base64
import errno
import hashlib
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from firmware.disk import free_bytes
from firmware.seal import Seal
from hal.events.media import MAX_MEDIA_BYTES, SealedMedia, is_sha256, media_info, pack

LIMIT_BYTES = 1024 * 1024 * 1024
"""About 500 pages of 2 MB: a busy day of one window without its centre."""

_log = logging.getLogger(__name__)


class SpoolError(Exception):
    """The picture was not kept; nothing of it is on the disk.

    SpoolError
    ├── SpoolFull         the limit or the disk: tell the person, take it again later
    ├── PictureTooLarge   take it again with fewer pixels
    └── SpoolUnusable     the folder cannot be written: call a technician
    """


class SpoolFull(SpoolError):
    """There is no room until the centre has taken something."""


class PictureTooLarge(SpoolError):
    """The centre would refuse it."""


class SpoolUnusable(SpoolError):
    """The disk or the folder is at fault."""


@dataclass(frozen=True)
class Kept:
    """A picture that is on the disk: what a fact says about it."""

    sha256: str
    size_bytes: int


class Spool:
    """One folder, one process. Safe to use from several threads; `keep` blocks for an fsync."""

    def __init__(
        self,
        folder: Path,
        terminal: str,
        seal: Seal,
        new_id: Callable[[], str],
        limit_bytes: int = LIMIT_BYTES,
        reserve_bytes: int = 0,
    ) -> None:
        """What an earlier run left is found again, oldest first. SpoolUnusable if it cannot be.

        `reserve_bytes` of the disk stay free: facts need room after pages have none.
        """
        self._folder = folder
        self._terminal = terminal
        self._seal = seal
        self._new_id = new_id
        self._limit_bytes = limit_bytes
        self._reserve_bytes = reserve_bytes
        self._leaving: dict[str, int] = {}
        self._lock = Lock()
        self._told: Callable[[], None] = lambda: None
        try:
            self._waiting, self._newest_ns = _take_up(folder)
        except OSError as error:
            raise SpoolUnusable(f"{folder}: {error.strerror}") from error

    def on_kept(self, told: Callable[[], None]) -> None:
        """Call `told` after each picture that was kept, in the thread that kept it."""
        self._told = told

    def keep(self, picture: bytes) -> Kept:
        """Seal and write; return after the fsync. SpoolError: nothing was kept."""
        id = self._new_id()
        sealed = self._seal(picture, media_info(self._terminal, id))
        box = base64.urlsafe_b64decode(sealed.box + "=" * (-len(sealed.box) % 4))
        packed = pack(SealedMedia(sealed.kid, id, box))
        if len(packed) > MAX_MEDIA_BYTES:
            raise PictureTooLarge(f"{len(packed)} bytes, at most {MAX_MEDIA_BYTES}")
        kept = Kept(hashlib.sha256(packed).hexdigest(), len(packed))
        with self._lock:
            self._check_room(kept.size_bytes)
            self._write(id, kept, packed)
            self._waiting[kept.sha256] = kept.size_bytes
        self._told()
        return kept

    def waiting(self) -> list[str]:
        """The pictures that the centre has not confirmed, oldest first."""
        with self._lock:
            return list(self._waiting)

    def size_bytes(self) -> int:
        """What waits, together with what is confirmed and the disk has not let go."""
        with self._lock:
            return self._held_bytes()

    def read(self, sha256: str) -> bytes:
        """The sealed bytes; OSError if the disk does not give them."""
        return (self._folder / sha256).read_bytes()

    def confirmed(self, sha256: str) -> None:
        """The centre keeps it: remove it. A repeat does nothing.

        What the disk does not let go counts as kept, and is tried again with the next one. Should
        a removal be lost in a power cut, the picture is only offered again.
        """
        with self._lock:
            self._leaving[sha256] = self._waiting.pop(sha256, 0)
            for name in list(self._leaving):
                try:
                    (self._folder / name).unlink(missing_ok=True)
                except OSError as error:
                    _log.error("picture not removed", extra={"error": error.strerror})
                else:
                    del self._leaving[name]

    def set_aside(self, sha256: str, why: str) -> None:
        """It cannot be sent, and must not hold up the others: keep it for a technician.

        Where the disk lets no name be changed, it is offered again after the next start.
        """
        with self._lock:
            self._waiting.pop(sha256, None)
            path = self._folder / sha256
            with suppress(OSError):
                path.rename(path.with_name(f"{sha256}.{why}"))
        _log.error("picture set aside", extra={"picture": sha256, "why": why})

    def _held_bytes(self) -> int:
        return sum(self._waiting.values()) + sum(self._leaving.values())

    def _check_room(self, size_bytes: int) -> None:
        if self._held_bytes() + size_bytes > self._limit_bytes:
            raise SpoolFull(f"{len(self._waiting)} pictures wait for the centre")
        try:
            free = free_bytes(self._folder)
        except OSError as error:
            raise SpoolUnusable(f"{self._folder}: {error.strerror}") from error
        if free - size_bytes < self._reserve_bytes:
            raise SpoolFull("the disk is nearly full")

    def _write(self, id: str, kept: Kept, packed: bytes) -> None:
        part, place = self._folder / f"{id}.part", self._folder / kept.sha256
        try:
            with open(part, "xb", opener=_private) as file:
                file.write(packed)
                file.flush()
                self._put_last(file.fileno())
                os.fsync(file.fileno())
            part.rename(place)
            _sync_folder(self._folder)
        except OSError as error:
            for path in (part, place):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise SpoolFull("the disk is full") from error
            raise SpoolUnusable(f"{self._folder}: {error.strerror}") from error

    def _put_last(self, file: int) -> None:
        """Give it a later time than all before it have, though the clock may have been set back."""
        written_ns = os.fstat(file).st_mtime_ns
        if written_ns <= self._newest_ns:
            written_ns = self._newest_ns + 1
            os.utime(file, ns=(written_ns, written_ns))
        self._newest_ns = written_ns


def _take_up(folder: Path) -> tuple[dict[str, int], int]:
    """What waits in `folder` and its size, and when the newest was kept; makes the folder."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)
    for part in folder.glob("*.part"):
        part.unlink()
    files = [(path.name, path.stat()) for path in folder.iterdir() if is_sha256(path.name)]
    files.sort(key=lambda file: (file[1].st_mtime_ns, file[0]))
    newest_ns = files[-1][1].st_mtime_ns if files else 0
    return {name: status.st_size for name, status in files}, newest_ns


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """A new name is safe when its folder has been flushed (fsync(2), NOTES)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
