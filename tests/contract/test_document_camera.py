"""The document camera (高拍仪), run as the firmware runs it, before frames that another program
lays into its folder; and what its kin say where there is no camera.

On a real one: ONEWINDOW_HARDWARE_CAMERA=/dev/video0, an A4 page with print below it, upright.
"""

import importlib.util
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import pytest

from hal.errors import DeviceLost
from sim.paper import Fault, photograph
from sim.twins.camera import CameraTwin

Run = Callable[[str, dict[str, object]], Any]
TEXT = "OW:M:01JD8Z3K5M7N9P1Q3R5S7T9V1W"
FRAME_PX = (1280, 960)
HARDWARE = os.environ.get("ONEWINDOW_HARDWARE_CAMERA")
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


def whole(twin: CameraTwin, jpeg: bytes) -> None:
    """As the protocol says: written under another name, then renamed."""
    twin.show(jpeg)


def growing(twin: CameraTwin, jpeg: bytes) -> None:
    """The file is there before its end is."""
    with (twin.folder / "000001.jpg").open("wb", buffering=0) as file:
        for at in range(0, len(jpeg), 1024):
            file.write(jpeg[at : at + 1024])


def lossy(twin: CameraTwin, jpeg: bytes) -> None:
    """Two frames lose their end on the way."""
    twin.cut_short(jpeg)
    twin.cut_short(jpeg)
    twin.show(jpeg)


def dark_first(twin: CameraTwin, jpeg: bytes) -> None:
    """The camera finds its exposure while it is asked."""
    twin.fault("dark")
    twin.show(jpeg)


@pytest.mark.parametrize("deliver", [whole, growing, lossy, dark_first])
@pytest.mark.parametrize("late", [False, True])
def test_a_page_is_taken_however_its_frame_comes(
    camera: Any, twin: CameraTwin, deliver: Callable[[CameraTwin, bytes], None], late: bool
) -> None:
    """Before or after it was asked for; what comes of it is the same."""
    with ThreadPoolExecutor(1) as pool:
        if not late:
            deliver(twin, photo(1))
        scan = pool.submit(camera.device.scan, SCAN_S)
        if late:
            deliver(twin, photo(1))
        page = scan.result(SCAN_S)
    assert (page.verdict, list(page.codes)) == ("good", [TEXT])


@pytest.mark.parametrize(
    ("fault", "cause", "remedy"),
    [
        ("stall", "no whole frame", "reset"),
        ("gone", "no folder", "configure"),
        ("dark", "darkness", "clear"),
        ("half", "no whole frame", "reset"),
        ("busy", "another program", "clear"),
    ],
)
def test_a_fault_is_a_loss_with_its_remedy(
    camera: Any, twin: CameraTwin, fault: str, cause: str, remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A scan says what is wrong; mended and opened again, the camera sees pages."""
    monkeypatch.setattr("drivers.paper.camera.FRAME_S", 0.2)
    twin.show(photo(1))
    assert camera.device.scan(SCAN_S).verdict == "good"
    twin.fault(fault)
    with pytest.raises(DeviceLost, match=cause) as lost:
        camera.device.scan(3.0)
    assert lost.value.remedy == remedy
    if fault in ("gone", "busy"):  # what can be seen without a scan is told without one
        assert camera.lost().remedy == remedy
        twin.mend()
        camera.started()
    else:
        twin.mend()
    twin.show(photo(2))
    assert camera.device.scan(SCAN_S).verdict == "good"


def test_a_preview_shows_whatever_lies_there(camera: Any, twin: CameraTwin) -> None:
    """Small and not judged: also an empty desk. As a scan, it is lost with the camera."""
    for seed, fault in ((1, None), (2, "no_page")):
        twin.show(photo(seed, fault=fault))  # type: ignore[arg-type]
        small = camera.device.preview(SCAN_S)
        assert small.startswith(b"\xff\xd8")
        assert len(small) < 60_000
    twin.unplug()
    with pytest.raises(DeviceLost):
        camera.device.preview(SCAN_S)


@pytest.mark.skipif(HARDWARE is None, reason="set ONEWINDOW_HARDWARE_CAMERA=/dev/video0 to run it")
def test_a_real_camera_sees_the_page_below_it(run: Run) -> None:
    """A good page of A4, a preview, and a second program that is told that it is held."""
    table: dict[str, object] = {"path": HARDWARE}
    camera = run("camera_v4l2", table).started()
    page = camera.device.scan(SCAN_S)
    assert (page.verdict, page.dpi > 100) == ("good", True)
    assert camera.device.preview(SCAN_S).startswith(b"\xff\xd8")
    assert run("camera_v4l2", table).start().lost().remedy == "clear"


@pytest.mark.parametrize("fault", get_args(Fault))
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
