"""Sealed pictures on the centre's disk: whole or not at all, and by whom.

    media/ab/{sha256}.{terminal}        a whole picture; `ab` are the first digits of its hash
    media/partial/{sha256}.{terminal}   what has come of one that is not whole yet

The hash is of the sealed bytes, which are what lies here. The name says who uploaded it, so no
second file can disagree, and a terminal neither sees nor touches what another one sent.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PRIVATE = 0o700


class MediaFault(Exception):
    """The upload cannot go on as the terminal meant."""


class WrongOffset(MediaFault):
    """The part does not continue what is here; go on at `offset`, or begin anew at 0."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"{offset} bytes are here")
        self.offset = offset


class WrongHash(MediaFault):
    """The whole is not what its name says. Nothing of it was kept; begin anew at 0."""


@dataclass(frozen=True)
class Name:
    """One picture of one terminal. Both parts have been checked: they become a file's name."""

    sha256: str
    terminal: str

    @property
    def file(self) -> str:
        return f"{self.sha256}.{self.terminal}"


class Files:
    """Safe to use from several threads, as long as one terminal has one upload at a time."""

    def __init__(self, folder: Path) -> None:
        """Makes `folder` with its first upload, not before."""
        self._folder = folder
        self._partial = folder / "partial"

    def complete(self, name: Name) -> bool:
        return self._place(name).exists()

    def offset(self, name: Name) -> int:
        """How many bytes of a picture that is not whole yet are here."""
        try:
            return self._part(name).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, name: Name) -> bytes:
        """A whole picture, sealed; FileNotFoundError if it is not here."""
        return self._place(name).read_bytes()

    def uploaders(self, sha256: str) -> list[str]:
        """The terminals that uploaded this picture: one, if nobody sent another's bytes."""
        found = (self._folder / sha256[:2]).glob(f"{sha256}.*")
        return sorted(path.name.partition(".")[2] for path in found)

    def open_part(self, name: Name, offset: int) -> BinaryIO:
        """A file to write on at `offset`; at 0 the picture begins anew. WrongOffset if it cannot.

        A terminal sends one picture after another: what is left of its earlier ones is dropped, so
        that nobody fills the disk with beginnings.
        """
        here = self.offset(name)
        if offset not in (0, here):
            raise WrongOffset(here)
        self._partial.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        for path in self._partial.glob(f"*.{name.terminal}"):
            if path.name != name.file:
                path.unlink()
        return open(self._part(name), "ab" if offset else "wb", opener=_private)

    def keep_part(self, name: Name) -> None:
        """Return when what has come is on the disk."""
        with self._part(name).open("rb") as file:
            os.fsync(file.fileno())

    def finish(self, name: Name) -> None:
        """Turn a partial picture into a whole one; return when a power cut cannot undo it.

        WrongHash if it is not what its name says.
        """
        part, place = self._part(name), self._place(name)
        with part.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != name.sha256:
                part.unlink()
                raise WrongHash
            os.fsync(file.fileno())
        if not place.parent.exists():
            place.parent.mkdir(mode=_PRIVATE, exist_ok=True)
            _sync_folder(self._folder)
            _sync_folder(self._folder.parent)
        part.rename(place)
        _sync_folder(place.parent)

    def _place(self, name: Name) -> Path:
        return self._folder / name.sha256[:2] / name.file

    def _part(self, name: Name) -> Path:
        return self._partial / name.file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """A rename or a new file is safe when its folder has been flushed (fsync(2), NOTES)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
