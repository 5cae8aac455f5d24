"""Reading strace: every call on the folder is understood, or refused aloud."""

import os
from pathlib import Path

import pytest
from powercut.disk import (
    Allocated,
    Appended,
    Created,
    Removed,
    Renamed,
    Synced,
    Truncated,
    Written,
)
from powercut.replay import record
from powercut.strace_log import Event, Said, UnknownCall, read


def _hex(text: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text)


def _fd(path: str) -> str:
    return f"3<{_hex(path.encode())}>"


FILE = _fd("/d/a")
OPEN = f'7 openat(AT_FDCWD<{_hex(b"/")}>, "{_hex(b"/d/a")}", O_RDWR|O_CREAT, 0644) = {FILE}'


def _read(*lines: str) -> list[Event]:
    return read(lines, "/d")


def test_each_call() -> None:
    """Opening, writing, syncing, truncating, removing and speaking become events, in order."""
    assert _read(
        OPEN,
        f'7 pwrite64({FILE}, "{_hex(b"xy")}", 2, 4096) = 2',
        f"7 fdatasync({FILE}) = 0",
        f"7 fsync({_fd('/d')}) = 0",
        f"7 ftruncate({FILE}, 9) = 0",
        f"7 close({FILE}) = 0",
        f'7 unlink("{_hex(b"/d/a")}") = 0',
        f'7 write(1<{_hex(b"pipe")}>, "{_hex(b"KEPT 3" + bytes([10]))}", 7) = 7',
        "7 +++ exited with 0 +++",
    ) == [
        Created("a"),
        Written("a", 4096, b"xy"),
        Synced("a", 2),
        Synced("", 3),
        Truncated("a", 9),
        Removed("a"),
        Said("KEPT", 3),
    ]


def test_a_folder_within() -> None:
    """Names below an inner folder are told with it; a new file is written piece by piece."""
    inner = f"4<{_hex(b'/d/s/a')}>"
    assert _read(
        f'7 openat(AT_FDCWD<{_hex(b"/")}>, "{_hex(b"/d/s/a")}", O_WRONLY|O_CREAT|O_EXCL) = {inner}',
        f'7 write({inner}, "{_hex(b"xy")}", 2) = 2',
        f"7 fallocate({inner}, 0, 0, 4096) = 0",
        f'7 rename("{_hex(b"/d/s/a")}", "{_hex(b"/d/s/b")}") = 0',
        f"7 fsync({_fd('/d/s')}) = 0",
    ) == [
        Created("s/a", exclusive=True),
        Appended("s/a", b"xy"),
        Allocated("s/a", 4096),
        Renamed("s/a", "s/b"),
        Synced("s", 4),
    ]


def test_calls_of_two_threads() -> None:
    """A sync counts from the moment it began, although another thread wrote before it ended."""
    assert _read(
        OPEN,
        f"7 fsync({FILE} <unfinished ...>",
        f'8 pwrite64({FILE}, "{_hex(b"x")}", 1, 0) = 1',
        "7 <... fsync resumed>) = 0",
    ) == [Created("a"), Written("a", 0, b"x"), Synced("a", 1)]


def test_others_and_failures_are_left_out() -> None:
    """Calls elsewhere, failed calls, and SQLite's shared memory are no events."""
    assert (
        _read(
            f'7 pwrite64({_fd("/other/a")}, "{_hex(b"x")}", 1, 0) = 1',
            f'7 pwrite64({_fd("/d/a-shm")}, "{_hex(b"x")}", 1, 0) = 1',
            f'7 unlink("{_hex(b"/d/a")}") = -1 ENOENT (No such file or directory)',
            f"7 fsync({_fd('/dd')}) = 0",
        )
        == []
    )


@pytest.mark.parametrize(
    "line",
    [
        f'7 pwritev({FILE}, [{{iov_base="{_hex(b"x")}", iov_len=1}}], 1, 0) = 1',
        f'7 pwrite64({FILE}, "{_hex(b"x")}"..., 9, 0) = 9',
        f"7 fallocate({FILE}, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4096) = 0",
        f'7 write({FILE}, "{_hex(b"x")}"..., 9) = 9',
        f"7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, {FILE}, 0) = 0x7f00",
        f'7 rename("{_hex(b"/d/a")}", "{_hex(b"/e/b")}") = 0',
        f'7 link("{_hex(b"/d/a")}", "{_hex(b"/d/b")}") = 0',
    ],
)
def test_unknown_changes_are_refused(line: str) -> None:
    """A change that the disk model does not know stops the replay."""
    with pytest.raises(UnknownCall):
        _read(OPEN, line)


def test_a_real_recording(tmp_path: Path) -> None:
    """What strace itself writes about a real program is read as what the program did."""
    folder = Path(os.path.realpath(tmp_path)) / "d"
    folder.mkdir()
    program = (
        "import os, sys; f = os.open(sys.argv[1] + '/a', os.O_RDWR | os.O_CREAT);"
        "os.pwrite(f, b'x' * 5000, 3); os.fsync(f); os.ftruncate(f, 4); os.close(f);"
        "os.write(1, b'KEPT 1\\n'); os.unlink(sys.argv[1] + '/a')"
    )
    assert record(["-c", program, str(folder)], folder, tmp_path / "log") == [
        Created("a"),
        Written("a", 3, b"x" * 5000),
        Synced("a", 2),
        Truncated("a", 4),
        Said("KEPT", 1),
        Removed("a"),
    ]
