"""The UVC camera's driver, against a kernel played here from docs/protocols/document-camera.md."""

import errno
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition, Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from hal.errors import DeviceLost
from sim.paper import photograph

Run = Callable[[str, dict[str, object]], Any]
TEXT = "OW:M:01JD8Z3K5M7N9P1Q3R5S7T9V1W"
SCAN_S, WAIT_S = 60.0, 10.0
QUERYCAP, REQBUFS, QUERYBUF = 0x80685600, 0xC0145608, 0xC0585609
QBUF, DQBUF, STREAMON, STREAMOFF = 0xC058560F, 0xC0585611, 0x40045612, 0x40045613
INDEX, USED, OFFSET, LENGTH = 0, 8, 64, 72
BUFFER_BYTES, BUFFERS = 1 << 20, 2
PERIOD_S = 0.02


class Node:
    """A video node: a FIFO with one byte for each filled buffer, and what ioctl and mmap do."""

    def __init__(self, path: Path, frame: bytes) -> None:
        self.path = path
        self.frame = frame
        self.gives = True
        self.busy = False
        self.frames = 0
        """How many the driver has fetched."""
        self._fetched = Condition()
        self._streaming = False
        self._empty: list[int] = []
        self._memory: dict[int, mmap.mmap] = {}
        os.mkfifo(path)
        self._fifo = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._ended = Event()
        self._thread = Thread(target=self._stream, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._fifo)

    def map(self, fd: int, length: int, offset: int) -> mmap.mmap:
        memory = self._memory[offset // BUFFER_BYTES] = mmap.mmap(-1, length)
        return memory

    def ioctl(self, fd: int, order: int, body: Any) -> int:
        if order == QUERYCAP:
            struct.pack_into("=I", body, 88, 0x04000001)
        elif order == REQBUFS:
            struct.pack_into("=I", body, 0, BUFFERS)
        elif order == QUERYBUF:
            struct.pack_into("=I", body, OFFSET, struct.unpack_from("=I", body)[0] * BUFFER_BYTES)
            struct.pack_into("=I", body, LENGTH, BUFFER_BYTES)
        elif order == QBUF:
            self._empty.append(struct.unpack_from("=I", body, INDEX)[0])
        elif order == DQBUF:
            index = os.read(fd, 1)[0]
            self._memory[index][: len(self.frame)] = self.frame
            struct.pack_into("=I", body, INDEX, index)
            struct.pack_into("=I", body, USED, len(self.frame))
            with self._fetched:
                self.frames += 1
                self._fetched.notify_all()
        elif order == STREAMON:
            if self.busy:
                raise OSError(errno.EBUSY, "busy")
            self._streaming = True
        elif order == STREAMOFF:
            self._streaming, self._empty = False, []
        return 0

    def await_frames(self, count: int) -> None:
        with self._fetched:
            assert self._fetched.wait_for(lambda: self.frames >= count, WAIT_S), self.frames

    def _stream(self) -> None:
        while not self._ended.wait(PERIOD_S):
            if self._streaming and self.gives and self._empty:
                os.write(self._fifo, bytes([self._empty.pop(0)]))


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    made = Node(tmp_path / "video0", photograph(1, TEXT, size_px=(1280, 960)).jpeg)
    monkeypatch.setattr("drivers.camera_v4l2.fcntl", SimpleNamespace(ioctl=made.ioctl))
    monkeypatch.setattr("drivers.camera_v4l2.mmap", SimpleNamespace(mmap=made.map))
    yield made
    made.close()


@pytest.fixture
def camera(run: Run, node: Node) -> Any:
    return run("camera_v4l2", {"path": str(node.path)})


def test_a_page_is_read(camera: Any) -> None:
    """From the camera's own JPEG to the code on the page, twice over the same buffers."""
    camera.started()
    for _ in range(2):
        assert list(camera.device.scan(SCAN_S).codes) == [TEXT]


def test_a_camera_that_nobody_asks_is_not_lost(
    camera: Any, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its frames are fetched and thrown away, for longer than a stall lasts."""
    monkeypatch.setattr("drivers.paper.camera.CHECK_S", 0.05)
    monkeypatch.setattr("drivers.camera_v4l2.STALL_S", 0.8)
    camera.started()
    node.await_frames(50)  # two buffers a look: 25 looks, 1.25 s
    assert camera.ends.empty()


def test_a_camera_that_stalls_is_found_though_nobody_asks(
    camera: Any, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node is still there; opened again when its frames come, it reads pages."""
    monkeypatch.setattr("drivers.paper.camera.CHECK_S", 0.1)
    monkeypatch.setattr("drivers.camera_v4l2.STALL_S", 1.0)
    camera.started()
    assert camera.device.scan(SCAN_S).verdict == "good"
    assert camera.ends.empty()
    node.gives = False
    assert "sends no frames" in camera.lost().cause
    node.gives = True
    camera.started()
    assert camera.device.scan(SCAN_S).verdict == "good"


def test_a_camera_that_stalls_in_a_scan_is_not_waited_for(
    camera: Any, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frame has a deadline of its own, however long the scan may take."""
    monkeypatch.setattr("drivers.paper.camera.FRAME_S", 0.1)
    camera.started()
    node.gives = False
    with pytest.raises(DeviceLost, match="no whole frame"):
        camera.device.scan(SCAN_S)


def test_an_unplugged_camera_is_found(
    camera: Any, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node leaves the file system."""
    monkeypatch.setattr("drivers.paper.camera.CHECK_S", 0.1)
    camera.started()
    node.path.unlink()
    assert "is gone" in camera.lost().cause


def test_a_camera_in_use_by_another_says_so(camera: Any, node: Node) -> None:
    """EBUSY is not a wrong path: somebody else must let go of it."""
    node.busy = True
    assert camera.start().lost().remedy == "clear"
