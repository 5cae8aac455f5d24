"""The Pi's own camera, with a library played here from the picamera2 manual."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hal.errors import DeviceLost
from sim.paper import photograph

Run = Callable[[str, dict[str, object]], Any]
TEXT = "OW:M:01JD8Z3K5M7N9P1Q3R5S7T9V1W"
SCAN_S = 60.0
LIBRARY = """
import time
from pathlib import Path

HERE = Path(__file__).parent
print("libraries print")


class Picamera2:
    def __init__(self, number):
        if number:
            raise IndexError("list index out of range")

    def create_still_configuration(self, main, buffer_count):
        return main

    def configure(self, configuration):
        self.size = configuration["size"]

    def start(self):
        self.streams = True

    def capture_file(self, body, format):
        self.capture_metadata()
        body.write((HERE / "frame.jpg").read_bytes())

    def capture_metadata(self):
        while (HERE / "hang").exists():
            time.sleep(3600)
        if (HERE / "fail").exists():
            raise RuntimeError("camera frontend has timed out")
        return {}
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "picamera2.py").write_text(LIBRARY)
    (folder / "frame.jpg").write_bytes(photograph(1, TEXT, size_px=(1280, 960)).jpeg)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr("drivers.paper.camera.CHECK_S", 0.1)
    return folder


def camera(run: Run, number: int = 0) -> Any:
    table: dict[str, object] = {"width_px": 1280, "height_px": 960, "camera": number}
    return run("camera_picamera2", table)


def test_a_page_is_read(run: Run, library: Path) -> None:
    """From the camera's JPEG to the code on the page; what the library prints does no harm."""
    running = camera(run).started()
    assert list(running.device.scan(SCAN_S).codes) == [TEXT]


def test_a_camera_that_is_not_there(run: Run, library: Path) -> None:
    """A number that the library does not know."""
    lost = camera(run, 3).start().lost()
    assert (lost.cause, lost.remedy) == ("camera 3 cannot be opened", "configure")


def test_a_camera_that_hangs_is_found_though_nobody_asks(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libcamera's call does not return: its process is killed, and another one reads pages."""
    monkeypatch.setattr("drivers.camera_picamera2.STALL_S", 1.0)
    running = camera(run).started()
    (library / "hang").touch()
    assert running.lost().cause == "the camera does not answer"
    (library / "hang").unlink()
    running.started()
    assert running.device.scan(SCAN_S).verdict == "good"


def test_a_camera_that_hangs_in_a_scan_is_not_waited_for(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frame has a deadline of its own, however long the scan may take."""
    monkeypatch.setattr("drivers.paper.camera.CHECK_S", SCAN_S)
    monkeypatch.setattr("drivers.paper.camera.FRAME_S", 0.5)
    running = camera(run).started()
    (library / "hang").touch()
    with pytest.raises(DeviceLost, match="does not answer"):
        running.device.scan(SCAN_S)


def test_a_library_that_fails_is_a_loss(run: Run, library: Path) -> None:
    """A cable that came loose: libcamera times out by itself."""
    running = camera(run).started()
    (library / "fail").touch()
    assert "no frame" in running.lost().cause
