"""Pictures on the disk until the centre keeps them."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from central.media.open import open_picture
from firmware.disk import free_bytes
from firmware.seal import Seal, load_seal
from firmware.spool import PictureTooLarge, Spool, SpoolFull, SpoolUnusable
from hal.events.media import MAX_MEDIA_BYTES

TERMINAL = "pzh01-w03"
JPEG = bytes.fromhex("FFD8FFE000104A46494600010100") + b"a page about nobody" * 50


@pytest.fixture
def seal(seal_key: X25519PrivateKey, tmp_path: Path) -> Seal:
    public = tmp_path / "spool.pub.pem"
    public.write_bytes(
        seal_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return load_seal("dev1", public)


@pytest.fixture
def make(tmp_path: Path, seal: Seal, new_id: Callable[[], str]) -> Callable[[], Spool]:
    """A spool on the same folder each time, as after a restart."""
    return lambda: Spool(tmp_path / "spool", TERMINAL, seal, new_id)


def test_no_plain_byte_touches_the_disk(
    make: Callable[[], Spool], tmp_path: Path, seal_key: X25519PrivateKey
) -> None:
    """The file is named by its own hash, shows nothing of the picture, and the centre opens it."""
    spool = make()
    kept = spool.keep(JPEG)
    (file,) = (tmp_path / "spool").iterdir()
    sealed = file.read_bytes()
    assert file.name == kept.sha256 == hashlib.sha256(sealed).hexdigest()
    assert kept.size_bytes == len(sealed) == spool.size_bytes()
    assert file.stat().st_mode & 0o077 == file.parent.stat().st_mode & 0o077 == 0
    assert JPEG[:4] not in sealed
    assert b"JFIF" not in sealed
    assert b"nobody" not in sealed
    assert open_picture(sealed, TERMINAL, {"dev1": seal_key}) == JPEG


def test_it_survives_a_restart(make: Callable[[], Spool]) -> None:
    """What was not confirmed waits again, in the order in which it was kept."""
    spool = make()
    kept = [spool.keep(JPEG).sha256 for _ in range(3)]
    assert spool.waiting() == kept
    spool.confirmed(kept[0])
    again = make()
    assert set(again.waiting()) == set(kept[1:])
    assert again.size_bytes() == spool.size_bytes()
    assert hashlib.sha256(again.read(kept[2])).hexdigest() == kept[2]


def test_the_oldest_goes_first_after_a_restart(make: Callable[[], Spool], tmp_path: Path) -> None:
    """The order is that of writing, whatever the hashes are."""
    spool = make()
    kept = [spool.keep(JPEG).sha256 for _ in range(4)]
    for age, sha256 in enumerate(kept):
        os.utime(tmp_path / "spool" / sha256, ns=(age, age))
    assert make().waiting() == kept


def test_the_order_survives_a_clock_that_is_set_back(
    make: Callable[[], Spool], tmp_path: Path
) -> None:
    """A page of a year that has not come yet stays before those that are kept after it."""
    first = make().keep(JPEG).sha256
    year_2036_ns = 2_100_000_000 * 10**9
    os.utime(tmp_path / "spool" / first, ns=(year_2036_ns, year_2036_ns))
    spool = make()
    later = [spool.keep(JPEG).sha256 for _ in range(3)]
    assert make().waiting() == [first, *later]


def test_a_file_that_was_being_written_is_nothing(
    make: Callable[[], Spool], tmp_path: Path
) -> None:
    """Nobody was told of it: it is removed at the start, and other files are left alone."""
    make()
    folder = tmp_path / "spool"
    (folder / "01JD8Z3K5M7N9P1Q3R5S7T9V1W.part").write_bytes(b"half")
    (folder / f"{'a' * 64}.damaged").write_bytes(b"x")
    assert make().waiting() == []
    assert [path.name for path in folder.iterdir()] == [f"{'a' * 64}.damaged"]


def test_only_a_confirmation_removes(make: Callable[[], Spool], tmp_path: Path) -> None:
    """Afterwards the file is gone; a second confirmation, or one of nothing, does no harm."""
    spool = make()
    kept = spool.keep(JPEG)
    spool.confirmed("b" * 64)
    assert spool.waiting() == [kept.sha256]
    spool.confirmed(kept.sha256)
    spool.confirmed(kept.sha256)
    assert (spool.waiting(), spool.size_bytes()) == ([], 0)
    assert list((tmp_path / "spool").iterdir()) == []


def test_what_is_set_aside_stays(make: Callable[[], Spool], tmp_path: Path) -> None:
    """It waits no more, now or after a restart, and nothing is thrown away."""
    spool = make()
    kept = spool.keep(JPEG)
    spool.set_aside(kept.sha256, "damaged")
    assert spool.waiting() == make().waiting() == []
    assert (tmp_path / "spool" / f"{kept.sha256}.damaged").stat().st_size == kept.size_bytes


def test_it_has_a_limit(tmp_path: Path, seal: Seal, new_id: Callable[[], str]) -> None:
    """A picture beyond it is refused and leaves nothing; a confirmation makes room."""
    spool = Spool(tmp_path / "spool", TERMINAL, seal, new_id, limit_bytes=2500)
    first, _ = spool.keep(JPEG), spool.keep(JPEG)
    with pytest.raises(SpoolFull):
        spool.keep(JPEG)
    assert len(list((tmp_path / "spool").iterdir())) == len(spool.waiting()) == 2
    spool.confirmed(first.sha256)
    spool.keep(JPEG)


def test_a_restart_does_not_forget_the_limit(
    tmp_path: Path, seal: Seal, new_id: Callable[[], str]
) -> None:
    """What an earlier run left counts."""
    Spool(tmp_path / "spool", TERMINAL, seal, new_id).keep(JPEG)
    with pytest.raises(SpoolFull):
        Spool(tmp_path / "spool", TERMINAL, seal, new_id, limit_bytes=1500).keep(JPEG)


def test_what_the_centre_would_refuse_is_refused_here(make: Callable[[], Spool]) -> None:
    """The limit is of the sealed bytes, head and tag included."""
    spool = make()
    with pytest.raises(PictureTooLarge):
        spool.keep(bytes(MAX_MEDIA_BYTES))
    assert spool.waiting() == []


def test_it_leaves_the_reserve_free(tmp_path: Path, seal: Seal, new_id: Callable[[], str]) -> None:
    """Pages do not take the last room on the disk, which facts need."""
    beyond = free_bytes(tmp_path) * 2
    spool = Spool(tmp_path / "spool", TERMINAL, seal, new_id, reserve_bytes=beyond)
    with pytest.raises(SpoolFull):
        spool.keep(JPEG)
    assert (spool.waiting(), list((tmp_path / "spool").iterdir())) == ([], [])


def test_what_cannot_be_removed_counts_until_it_can(
    make: Callable[[], Spool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits no more, but the limit knows of it; it goes with the next confirmation."""
    spool = make()
    first, second = spool.keep(JPEG), spool.keep(JPEG)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    with monkeypatch.context() as broken:
        broken.setattr(os, "unlink", refuse)
        spool.confirmed(first.sha256)
    assert spool.waiting() == [second.sha256]
    assert spool.size_bytes() == first.size_bytes + second.size_bytes
    spool.confirmed(second.sha256)
    assert (spool.size_bytes(), list((tmp_path / "spool").iterdir())) == (0, [])


@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, SpoolFull), (errno.EIO, SpoolUnusable)]
)
@pytest.mark.parametrize("good", [0, 1])
def test_a_failed_flush_keeps_nothing(
    make: Callable[[], Spool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    good: int,
    number: int,
    error: type[Exception],
) -> None:
    """Of the file or of its folder: nothing waits; a full disk is told from a broken one."""
    spool = make()
    flushed: list[int] = []

    def fails(handle: int) -> None:
        flushed.append(handle)
        if len(flushed) > good:
            raise OSError(number, "fsync")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(error):
        spool.keep(JPEG)
    assert (spool.waiting(), spool.size_bytes()) == ([], 0)
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_folder_that_cannot_be_is_told(
    tmp_path: Path, seal: Seal, new_id: Callable[[], str]
) -> None:
    """A file in its place is found at the start."""
    (tmp_path / "spool").write_text("")
    with pytest.raises(SpoolUnusable):
        Spool(tmp_path / "spool", TERMINAL, seal, new_id)


def test_whoever_waits_is_told(make: Callable[[], Spool]) -> None:
    """Each picture that was kept is told once, when it can be read already."""
    spool, told = make(), list[int]()
    spool.on_kept(lambda: told.append(len(spool.waiting())))
    spool.keep(JPEG)
    spool.keep(JPEG)
    assert told == [1, 2]
