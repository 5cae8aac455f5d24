"""One centre to a database: two of them would each send every order."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from central.errors import Unavailable


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process, making it if need be; Unavailable if another one does."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "centre.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written ({error.strerror}); let state_dir be a folder of ours."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(
                f"Another centre works in {folder}; stop it, or choose another state_dir."
            ) from None
        yield
    finally:
        os.close(handle)
