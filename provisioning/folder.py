"""The folder that holds a deployment's identities, and how files get into it.

One program at a time works in it (`locked`). A file is there whole or not at all: it is written
beside, flushed, and renamed. Private files have mode 0600, the folder 0700.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.errors import FolderError

PRIVATE = 0o600
PUBLIC = 0o644


class Folder:
    """Files by name. `written` lists what this object wrote, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[str] = []

    def make(self) -> None:
        """Create the folder, or close an existing one to others; FolderError if it is shared."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.stat()
            if found.st_mode & stat.S_IWOTH or os.geteuid() not in (found.st_uid, 0):
                raise FolderError(
                    f"{self.path} belongs to others too; choose a folder of your own."
                )
            self.path.chmod(0o700)
        except OSError as error:
            raise FolderError(f"Cannot use {self.path}: {error.strerror}.") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other program works in the folder, and keep others out."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise FolderError(
                f"There is no folder {self.path}; run `ow-provision dev --dir {self.path}` first."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def has(self, name: str) -> bool:
        return (self.path / name).exists()

    def read(self, name: str) -> bytes | None:
        """The file's bytes, None if it is not there."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FolderError(f"Cannot read {self.path / name}: {error.strerror}.") from error

    def write(self, name: str, data: bytes, *, mode: int) -> None:
        """Put `data` there, durably, in place of what was there."""
        target = self.path / name
        beside = self.path / f".{name}.new"
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            beside.replace(target)
            self._sync()
        except OSError as error:
            raise FolderError(f"Cannot write {target}: {error.strerror}.") from error
        self.written.append(name)

    def close_to_others(self, name: str) -> None:
        """Take other people's rights from a private file that was copied here with too many."""
        (self.path / name).chmod(PRIVATE)

    def _sync(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
