"""Taking a page: sealed first, told then; on a camera that remembers and may fail."""

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from random import Random
from threading import Event
from time import monotonic

import pytest

from firmware.photographer import Order, Photographed, Photographer
from firmware.preview import Preview
from firmware.seal import Seal
from firmware.session import Capture
from firmware.spool import Spool
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.events.envelope import SealedData
from hal.interfaces import DocumentCamera, Report, Role, ScannedPage
from hal.same_page import FINGERPRINT_BYTES

WAIT_S = 5.0
pause = Event()
ULID = "01M0000000000000000000000D"
ORDER = Order("o1", "camera", Capture("v1", "d1"), 60.0)
CORNERS = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)]


def page(verdict: str, ink: int = 0, codes: tuple[str, ...] = ("OW:M:1",)) -> ScannedPage:
    """`ink`: the seed of what stands on it."""
    return ScannedPage(
        jpeg=b"\xff\xd8 squared \xff\xd9",
        width_px=1654,
        height_px=2339,
        dpi=200.0,
        corners=CORNERS,
        sharpness=0.9,
        glare=0.0,
        skew_deg=3.0,
        verdict=verdict,  # type: ignore[arg-type]
        codes=codes,
        upright=1.0,
        fingerprint=Random(ink).randbytes(FINGERPRINT_BYTES),
    )


class FakeCamera:
    """Gives the page that lies there; without one it is lost."""

    role: Role = "document"

    def __init__(self, lying: ScannedPage | None) -> None:
        self.lying = lying
        self.scans = self.previews = 0

    def open(self) -> None:
        self.scans = 0

    def watch(self, report: Report, stop: Event) -> None:
        stop.wait()

    def close(self) -> None:
        self.lying = None

    def scan(self, timeout_s: float = 10.0) -> ScannedPage:
        self.scans += 1
        if self.lying is None:
            raise DeviceLost("no frame comes", remedy="reset")
        return self.lying

    def preview(self, timeout_s: float = 4.0) -> bytes:
        self.previews += 1
        if self.lying is None:
            raise DeviceLost("no frame comes", remedy="reset")
        return b"\xff\xd8 small %d" % self.previews


@pytest.fixture
def seal() -> Seal:
    return lambda plain, info: SealedData("k1", "c2VhbGVk")


@pytest.fixture
def spool(tmp_path: Path, seal: Seal) -> Spool:
    return Spool(tmp_path / "spool", "pzh01-w01", seal, lambda: ULID)


@pytest.fixture
def take(spool: Spool) -> Callable[[DocumentCamera | None], Photographed]:
    """What one order to that camera leads to."""

    def run(camera: DocumentCamera | None) -> Photographed:
        done: SimpleQueue[Photographed] = SimpleQueue()
        photographer = Photographer(camera, spool, done.put)
        photographer.start()
        photographer.take(ORDER)
        came = done.get(timeout=WAIT_S)
        photographer.stop()
        assert done.empty()
        return came

    return run


class FaultyCamera(FakeCamera):
    """Its driver has a fault that nobody foresaw."""

    def scan(self, timeout_s: float = 10.0) -> ScannedPage:
        raise ValueError("a fingerprint of another size")


def test_a_fault_nobody_foresaw_is_a_refusal_too(
    take: Callable[[DocumentCamera | None], Photographed],
) -> None:
    """Who ordered the page hears that it was not taken, once, and does not wait for ever."""
    came = take(FaultyCamera(page("good")))
    assert (came.document, came.refusal) == (None, "the page could not be taken")


def test_a_good_page_is_in_the_spool_before_it_is_told(
    take: Callable[[DocumentCamera | None], Photographed], spool: Spool
) -> None:
    """The fact names the sealed file that waits for its upload."""
    came = take(FakeCamera(page("good")))
    assert came.document is not None
    assert came.document.document == "d1"
    assert came.document.codes == ["OW:M:1"]
    assert [each.hash for each in came.document.pages] == spool.waiting()
    assert came.document.pages[0].size_bytes == spool.size_bytes() > 0


@pytest.mark.parametrize("verdict", ["blurred", "cut_edge", "no_page", "blank", "upside_down"])
def test_of_a_bad_page_only_the_verdict_is_told(
    take: Callable[[DocumentCamera | None], Photographed], spool: Spool, verdict: str
) -> None:
    """The teller hears why it must be laid again; nothing of it is kept or sent."""
    came = take(FakeCamera(page(verdict)))
    assert came.document is not None
    assert [(each.verdict, each.hash) for each in came.document.pages] == [(verdict, "")]
    assert spool.waiting() == []


@pytest.mark.parametrize("camera", [None, FakeCamera(None)])
def test_without_a_camera_the_order_is_refused(
    take: Callable[[DocumentCamera | None], Photographed], camera: DocumentCamera | None
) -> None:
    """No camera, or one that is lost: the centre is told so and does not wait."""
    came = take(camera)
    assert came.document is None
    assert came.refusal


def test_a_camera_that_is_lost_in_a_scan_is_told(spool: Spool) -> None:
    """Its worker may see nothing of it; a page that is only bad tells nothing."""
    lost: SimpleQueue[DeviceLost] = SimpleQueue()
    done: SimpleQueue[Photographed] = SimpleQueue()
    camera = FakeCamera(page("blurred"))
    photographer = Photographer(camera, spool, done.put)
    photographer.on_lost(lost.put)
    photographer.start()
    photographer.take(ORDER)
    done.get(timeout=WAIT_S)
    assert lost.empty()
    camera.close()
    photographer.take(ORDER)
    assert lost.get(timeout=WAIT_S).cause == "no frame comes"
    photographer.stop()


def test_a_full_spool_refuses_the_page(tmp_path: Path, seal: Seal) -> None:
    """What cannot be kept is not told as taken."""
    done: SimpleQueue[Photographed] = SimpleQueue()
    spool = Spool(tmp_path / "small", "pzh01-w01", seal, lambda: ULID, limit_bytes=1)
    photographer = Photographer(FakeCamera(page("good")), spool, done.put)
    photographer.start()
    photographer.take(ORDER)
    came = done.get(timeout=WAIT_S)
    photographer.stop()
    assert (came.document, bool(came.refusal)) == (None, True)


def test_a_page_that_finds_no_room_is_told_at_once(tmp_path: Path, seal: Seal) -> None:
    """So that the window need not wait for the next look at the disk; other failures tell none."""
    full: SimpleQueue[str] = SimpleQueue()
    done: SimpleQueue[Photographed] = SimpleQueue()
    spool = Spool(tmp_path / "small", "pzh01-w01", seal, lambda: ULID, limit_bytes=1)
    camera = FakeCamera(page("blurred"))
    photographer = Photographer(camera, spool, done.put)
    photographer.on_full(lambda: full.put("full"))
    photographer.start()
    photographer.take(ORDER)
    done.get(timeout=WAIT_S)
    camera.lying = None
    photographer.take(ORDER)
    done.get(timeout=WAIT_S)
    assert full.empty()
    camera.lying = page("good")
    photographer.take(ORDER)
    assert full.get(timeout=WAIT_S) == "full"
    done.get(timeout=WAIT_S)
    photographer.stop()
    assert full.empty()


def test_the_same_page_twice_in_a_document_is_said(spool: Spool) -> None:
    """It is not kept again. In another document, or with another code on it, it is another page."""
    done: SimpleQueue[Photographed] = SimpleQueue()
    camera = FakeCamera(None)
    photographer = Photographer(camera, spool, done.put)
    photographer.start()
    verdicts = []
    for document, ink, code in (
        ("d1", 1, "a"), ("d1", 2, "a"), ("d1", 1, "a"), ("d1", 1, "b"), ("d2", 1, "a"),
    ):  # fmt: skip
        camera.lying = page("good", ink, (code,))
        photographer.take(Order("o", "camera", Capture("v1", document), 60.0))
        came = done.get(timeout=WAIT_S).document
        assert came is not None
        verdicts.append((came.pages[0].verdict, came.pages[0].hash != ""))
    photographer.stop()
    assert verdicts == [("good", True), ("good", True), ("repeated", False)] + [("good", True)] * 2


def until(holds: Callable[[], bool]) -> None:
    """Poll with a deadline: a preview tells nobody that it is there."""
    deadline_s = monotonic() + WAIT_S
    while not holds():
        assert monotonic() < deadline_s
        pause.wait(0.01)


def test_a_preview_shows_what_lies_there_and_ends_by_itself(spool: Spool) -> None:
    """Nothing is looked at unasked; afterwards the picture is forgotten; nothing is on the disk."""
    camera = FakeCamera(page("good"))
    photographer = Photographer(camera, spool, lambda _: None, Preview(SystemClock()))
    photographer.start()
    assert (photographer.seen(), camera.previews) == (None, 0)
    photographer.preview(1.2)
    until(lambda: (photographer.seen() or b"").endswith(b" 2"))
    until(lambda: photographer.seen() is None)
    assert 2 <= camera.previews <= 3
    photographer.stop()
    assert spool.waiting() == []


def test_a_page_is_taken_while_a_preview_runs(spool: Spool) -> None:
    """One thread uses the camera; the page does not wait for the preview's end."""
    done: SimpleQueue[Photographed] = SimpleQueue()
    photographer = Photographer(FakeCamera(page("good")), spool, done.put, Preview(SystemClock()))
    photographer.start()
    photographer.preview(3600.0)
    photographer.take(ORDER)
    assert done.get(timeout=WAIT_S).document is not None
    photographer.preview(0.0)
    until(lambda: photographer.seen() is None)
    photographer.stop()


def test_a_camera_that_is_lost_ends_the_preview(spool: Spool) -> None:
    """It is told once, not twice a second."""
    lost: SimpleQueue[DeviceLost] = SimpleQueue()
    camera = FakeCamera(None)
    photographer = Photographer(camera, spool, lambda _: None, Preview(SystemClock()))
    photographer.on_lost(lost.put)
    photographer.start()
    photographer.preview(3600.0)
    assert lost.get(timeout=WAIT_S).cause == "no frame comes"
    photographer.stop()
    assert (camera.previews, photographer.seen()) == (1, None)
