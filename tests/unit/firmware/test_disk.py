"""The watch over room, the room held back, and the count of what was written."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware import disk
from firmware.disk import Ballast, DiskWatch, WriteMeter, free_bytes
from hal.events.envelope import Clock as Quality

WAIT_S = 20.0


class Room:
    """A disk whose free room the test sets; None: it does not answer."""

    def __init__(self, free: int | None) -> None:
        self.free = free

    def __call__(self, folder: Path) -> int:
        if self.free is None:
            raise OSError(5, "statvfs")
        return self.free


class WallClock:
    """Its wall time is set by the test."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic_ns(self) -> int:
        return 0

    def quality(self) -> Quality:
        return "unknown"


def test_only_changes_are_told(tmp_path: Path) -> None:
    """Too little is told once, and its end only when clearly more than the reserve is free."""
    room, told = Room(1000), list[bool]()
    watch = DiskWatch(tmp_path, 1000, told.append, free=room)
    for free in (1000, 999, 500, 1000, 1249):
        room.free = free
        watch.look()
    assert (told, watch.low) == ([True], True)
    room.free = 1250
    watch.look()
    room.free = 1000
    watch.look()
    assert (told, watch.low) == ([True, False], False)


def test_a_disk_that_does_not_answer_has_no_room(tmp_path: Path) -> None:
    """Whatever cannot be asked keeps nothing either."""
    room, told = Room(None), list[bool]()
    watch = DiskWatch(tmp_path, 1000, told.append, free=room)
    watch.look()
    room.free = 5000
    watch.look()
    assert told == [True, False]


def test_the_watch_looks_by_itself(tmp_path: Path) -> None:
    """Its thread tells of the real disk, and ends when it is stopped."""
    told = threading.Event()
    watch = DiskWatch(tmp_path, free_bytes(tmp_path) * 2, lambda low: told.set(), period_s=0.01)
    watch.start()
    assert told.wait(WAIT_S)
    watch.stop()
    assert not watch._task._thread.is_alive()


def test_ballast_is_real_room(tmp_path: Path) -> None:
    """It takes blocks from the disk, once, and gives them back; a restart finds it again."""
    path = tmp_path / "ballast"
    size = 1024 * 1024
    assert Ballast(path, size).lay()
    assert path.stat().st_blocks * 512 >= size
    again = Ballast(path, size)
    assert again.lay()
    again.drop()
    assert not path.exists()
    assert again.lay()
    assert path.exists()


def test_ballast_takes_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all of it can be had, a part is held, and the rest as soon as there is room."""
    real, room = os.posix_fallocate, [700_000]

    def fallocate(file: int, offset: int, size: int) -> None:
        """The file system needs some of the room itself."""
        if size > room[0] - 10_000:
            raise OSError(28, "no space")
        real(file, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", fallocate)
    monkeypatch.setattr(disk, "free_bytes", lambda folder: room[0])
    ballast = Ballast(tmp_path / "ballast", 1024 * 1024)
    assert not ballast.lay()
    assert 600_000 < (tmp_path / "ballast").stat().st_size <= 690_000
    room[0] = 2_000_000
    assert ballast.lay()


def test_what_is_written_is_counted(tmp_path: Path) -> None:
    """The count grows by what goes to the disk; a day begins at its first look."""
    clock = WallClock(datetime(2026, 11, 23, 23, 59, tzinfo=UTC))
    meter = WriteMeter(clock)
    before = meter.read()
    assert before is not None
    _write(tmp_path / "file", 300_000)
    after = meter.read()
    assert after is not None
    grown = after.since_start_bytes - before.since_start_bytes
    assert grown >= 300_000 or _is_tmpfs(tmp_path)
    assert after.today_bytes - before.today_bytes == grown
    clock.time += timedelta(minutes=2)
    _write(tmp_path / "file", 300_000)
    next_day = meter.read()
    assert next_day is not None
    assert next_day.today_bytes >= 300_000 or _is_tmpfs(tmp_path)
    assert next_day.today_bytes == next_day.since_start_bytes - after.since_start_bytes
    meter.close()
    assert meter.read() is None


@pytest.mark.parametrize("years", [10, -10])
def test_a_step_of_the_clock_is_only_another_day(tmp_path: Path, years: int) -> None:
    """Whichever way the clock goes, no count is negative and none falls within a day."""
    clock = WallClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    meter = WriteMeter(clock)
    for step in (years, -years, 0):
        clock.time = clock.time.replace(year=clock.time.year + step)
        _write(tmp_path / "file", 50_000)
        written = meter.read()
        assert written is not None
        assert 0 <= written.today_bytes <= written.since_start_bytes
    meter.close()


def _write(path: Path, size: int) -> None:
    with open(path, "wb") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())


def _is_tmpfs(folder: Path) -> bool:
    """The kernel counts nothing there: it is memory."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    mounts = {line.split()[1]: line.split()[2] for line in lines}
    inside = [place for place in mounts if folder.resolve().is_relative_to(place)]
    return mounts[max(inside, key=len)] == "tmpfs"
