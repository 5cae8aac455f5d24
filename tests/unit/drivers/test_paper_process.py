"""The child process that looks at frames: it may die, hang or babble, and is replaced."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.paper.process import PageReader
from drivers.paper.source import is_whole
from drivers.paper.wire import Answer, encode
from hal.errors import DeviceLost, WireError
from sim.paper import photograph

READ_S = 60.0
READY = encode(Answer())


def playing(*then: str) -> list[str]:
    """A child that says it is ready, hears the first byte of a request, and goes on otherwise."""
    lines = ["import os, signal, sys", f"os.write(1, {READY!r})", "os.read(0, 1)", *then]
    return [sys.executable, "-c", "\n".join(lines)]


@pytest.fixture
def reader() -> Iterator[PageReader]:
    made = PageReader()
    yield made
    made.stop()


def test_what_is_no_picture_is_said_so(reader: PageReader) -> None:
    """It is no reason to end: the same child reads the next frame."""
    with pytest.raises(WireError, match="no picture"):
        reader.read(b"\xff\xd8\xffnothing\xff\xd9", READ_S)
    assert reader.read(photograph(1, size_px=(1280, 960)).jpeg, READ_S).verdict == "good"


@pytest.mark.parametrize(
    ("request_bytes", "then", "cause"),
    [
        (1 << 20, "signal.pause()", "does not answer"),  # more than a pipe holds
        (9, "signal.pause()", "does not answer"),
        (9, "os.kill(os.getpid(), 9)", "has ended"),
        (9, "os.write(1, bytes([255] * 8)); signal.pause()", "out of step"),
        (9, "os.write(1, bytes([0, 0, 0, 1, 193])); signal.pause()", "out of step"),
    ],
)
def test_a_child_that_fails_is_lost_and_replaced(request_bytes: int, then: str, cause: str) -> None:
    """Hung, dead or babbling: the read is lost, nothing hangs, and another read fails alike."""
    reader = PageReader(playing(then))
    for _ in range(2):
        with pytest.raises(DeviceLost, match=cause):
            reader.read(bytes(request_bytes), 1.0 if "answer" in cause else READ_S)
    reader.stop()


def test_a_child_that_died_unseen_is_replaced_without_a_word(tmp_path: Path) -> None:
    """Between two pages nobody needs it: the next start makes a new one."""
    started = tmp_path / "started"
    program = (
        "import os, sys; from pathlib import Path;"
        f" Path({str(started)!r}).open('a').write(f'{{os.getpid()}} ');"
        f" os.write(1, {READY!r})"
    )
    ends_after_one = PageReader([sys.executable, "-c", program])
    ends_after_one.start()
    # Until it has died, and leaving it to the reader to find that out.
    os.waitid(os.P_PID, int(started.read_text()), os.WEXITED | os.WNOWAIT)
    ends_after_one.start()
    assert len(started.read_text().split()) == 2
    ends_after_one.stop()
    ends_after_one.stop()


def test_a_child_that_cannot_start_is_lost() -> None:
    """A missing program, or one that ends at once, is told when the device is opened."""
    for command in (["/nowhere/python"], [sys.executable, "-c", "raise SystemExit(1)"]):
        with pytest.raises(DeviceLost):
            PageReader(command).start()


def test_the_drivers_bring_no_opencv() -> None:
    """The firmware's own process holds neither OpenCV nor NumPy, whichever camera it has."""
    code = (
        "import sys, drivers.camera_files, drivers.camera_v4l2, drivers.camera_picamera2;"
        "print([m for m in ('cv2', 'numpy', 'zxingcpp', 'picamera2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("jpeg", "whole"),
    [
        (b"", False),
        (b"\xff\xd8\xff\xe0abc\xff\xd9", True),
        (b"\xff\xd8\xff\xe0abc\xff\xd9\x00\x00\x00", True),
        (b"\xff\xd8\xff\xe0abc", False),
        (b"\xff\xd8\xff\xe0abc\xff", False),
        (b"abc\xff\xd9", False),
    ],
)
def test_a_whole_frame_begins_and_ends_as_one(jpeg: bytes, whole: bool) -> None:
    """ITU-T T.81: from SOI to EOI; zeros behind it are a camera's padding."""
    assert is_whole(jpeg) is whole
