"""provisioning.folder: whole files, closed to others, one program at a time."""

import fcntl
import os
import stat
from pathlib import Path

import pytest

from provisioning.errors import FolderError
from provisioning.folder import PRIVATE, PUBLIC, Folder


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_modes(tmp_path: Path) -> None:
    """The folder is 0700, a private file 0600, whatever the umask and what stood there before."""
    path = tmp_path / "a" / "b"
    path.mkdir(parents=True, mode=0o755)
    folder = Folder(path)
    old = os.umask(0)
    try:
        folder.make()
        folder.write("one.key", b"1", mode=PRIVATE)
        folder.write("one.pem", b"2", mode=PUBLIC)
        (path / ".two.key.new").write_bytes(b"left by a power cut")
        folder.write("two.key", b"4", mode=PRIVATE)
    finally:
        os.umask(old)
    modes = [_mode(path), *(_mode(path / name) for name in ("one.key", "one.pem", "two.key"))]
    assert modes == [0o700, 0o600, 0o644, 0o600]
    assert folder.read("two.key") == b"4"
    assert folder.written == ["one.key", "one.pem", "two.key"]


def test_interrupted_write_leaves_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that dies before its end leaves the old file whole."""
    folder = Folder(tmp_path)
    folder.write("register.json", b"old", mode=PUBLIC)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FolderError, match="No space left"):
        folder.write("register.json", b"new", mode=PUBLIC)
    assert folder.read("register.json") == b"old"


def test_lock_keeps_others_out(tmp_path: Path) -> None:
    """While one works in the folder, another cannot take the lock; afterwards it can."""
    other = os.open(tmp_path, os.O_RDONLY)
    try:
        with Folder(tmp_path).locked(), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(other)


def test_refuses_shared_folder(tmp_path: Path) -> None:
    """A folder that everybody may write to is refused and left as it is."""
    tmp_path.chmod(0o1777)
    with pytest.raises(FolderError, match="choose a folder of your own"):
        Folder(tmp_path).make()
    assert _mode(tmp_path) == 0o1777


def test_missing_folder_names_remedy(tmp_path: Path) -> None:
    """Working in a folder that is not there says which command makes it."""
    with (
        pytest.raises(FolderError, match="ow-provision dev --dir"),
        Folder(tmp_path / "none").locked(),
    ):
        pass
