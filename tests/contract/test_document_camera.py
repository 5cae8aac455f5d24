"""The document camera (高拍仪), run as the firmware runs it, before frames that another program
lays into its folder; and what its kin say where there is no camera.
"""

import importlib.util
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hal.errors import DeviceLost
from sim.paper import Fault, photograph
from sim.twins.camera import CameraTwin

Run = Callable[[str, dict[str, object]], Any]
TEXT = "OW:M:01JD8Z3K5M7N9P1Q3R5S7T9V1W"
FRAME_PX = (1280, 960)
SCAN_S = 60.0  # nobody waits so long but a machine under load


def photo(seed: int, text: str = TEXT, fault: Fault | None = None) -> bytes:
    return photograph(seed, text, size_px=FRAME_PX, fault=fault).jpeg


@pytest.fixture
def twin(tmp_path: Path) -> CameraTwin:
    return CameraTwin(tmp_path / "frames")


@pytest.fixture
def camera(run: Run, twin: CameraTwin) -> Any:
    return run("camera_files", {"path": str(twin.folder)}).started()


def test_a_page_is_found_squared_and_read(camera: Any, twin: CameraTwin) -> None:
    """A good page comes back as a JPEG of its own, with its corners and its code."""
    twin.show(photo(1))
    page = camera.device.scan(SCAN_S)
    assert (page.verdict, list(page.codes)) == ("good", [TEXT])
    assert page.jpeg.startswith(b"\xff\xd8")
    assert len(page.corners) == 4
    assert page.sharpness > 0.5 > page.glare


@pytest.mark.parametrize("fault", ["blurred", "glare", "cut_edge", "no_page"])
def test_a_bad_page_comes_back_with_its_reason(camera: Any, twin: CameraTwin, fault: Fault) -> None:
    """It is no error of the device; without a page there is no picture."""
    twin.show(photo(2, fault=fault))
    page = camera.device.scan(SCAN_S)
    assert page.verdict == fault
    assert (page.jpeg == b"") == (fault == "no_page")


def test_each_scan_sees_what_lies_there_now(camera: Any, twin: CameraTwin) -> None:
    """The next page is another page."""
    seen = []
    for number in range(3):
        twin.show(photo(number, f"page {number}"))
        seen += camera.device.scan(SCAN_S).codes
    assert seen == ["page 0", "page 1", "page 2"]


def test_a_frame_cut_short_is_passed_over(camera: Any, twin: CameraTwin) -> None:
    """A frame whose end has not come is not looked at; the last whole one is."""
    whole = photo(3, "whole")
    twin.show(whole)
    newest = twin.folder / "999999.jpg"
    newest.write_bytes(whole[: len(whole) // 2])
    assert list(camera.device.scan(SCAN_S).codes) == ["whole"]


def test_of_two_whole_frames_the_newer_is_seen(camera: Any, twin: CameraTwin) -> None:
    """By the time of change, whatever the names say."""
    for name, text, second in (("b", "older", 1), ("a", "newer", 2)):
        path = twin.folder / f"{name}.jpg"
        path.write_bytes(photo(6, text))
        os.utime(path, (second, second))
    assert list(camera.device.scan(SCAN_S).codes) == ["newer"]


@pytest.mark.parametrize("frame", [b"", b"\xff\xd8\xff" + bytes(100) + b"\xff\xd9"])
def test_no_picture_in_time_is_a_loss(camera: Any, twin: CameraTwin, frame: bytes) -> None:
    """Nothing, or what is no picture: lost when the time is over, and good again afterwards."""
    twin.show(frame)
    with pytest.raises(DeviceLost):
        camera.device.scan(0.5)
    twin.show(photo(4))
    assert camera.device.scan(SCAN_S).verdict == "good"


def test_a_camera_that_stalls_is_not_waited_for(
    camera: Any, twin: CameraTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame has a deadline of its own, however long the scan may take."""
    monkeypatch.setattr("drivers.paper.camera.FRAME_S", 0.1)
    twin.clear()
    with pytest.raises(DeviceLost, match="no whole frame"):
        camera.device.scan(SCAN_S)
    twin.show(photo(7))
    assert camera.device.scan(SCAN_S).verdict == "good"


def test_unplugged_and_back(camera: Any, twin: CameraTwin) -> None:
    """One loss is told, once; a scan fails as lost; plugged again and opened, it sees pages."""
    twin.unplug()
    assert camera.lost().remedy == "configure"
    assert camera.ends.empty()
    with pytest.raises(DeviceLost):
        camera.device.scan(SCAN_S)
    twin.plug()
    camera.started()
    twin.show(photo(5))
    assert camera.device.scan(SCAN_S).verdict == "good"


def test_closing_ends_a_scan(camera: Any) -> None:
    """A scan that waits for a frame ends as lost when the device is closed by another thread."""
    with ThreadPoolExecutor(1) as pool:
        scan = pool.submit(camera.device.scan, SCAN_S)
        while not scan.running() and not scan.done():
            pass
        camera.device.close()
        assert isinstance(scan.exception(SCAN_S), DeviceLost)
    camera.device.close()


@pytest.mark.parametrize(
    ("driver", "table"),
    [
        ("camera_files", {"path": "/nowhere"}),
        ("camera_v4l2", {"path": "/dev/video-nowhere"}),
        ("camera_v4l2", {"path": "/dev/null"}),
        ("camera_picamera2", {"width_px": 4608, "height_px": 2592}),
    ],
)
def test_no_camera_there(run: Run, driver: str, table: dict[str, object]) -> None:
    """Opening what is no camera is a loss that asks for configuration; closing is no error."""
    if driver == "camera_picamera2" and importlib.util.find_spec("picamera2"):
        pytest.skip("picamera2 is installed here")
    running = run(driver, table).start()
    assert running.lost().remedy == "configure"
    with pytest.raises(DeviceLost):
        running.device.scan(0.1)
    running.device.close()
    running.device.close()
