"""Two hundred drawn photographs: the page is found in each, and each bad one is called so.

Frames are 1280 × 960 pixels here, to be quick; a camera sends about 2592 × 1944.
"""

import struct
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import get_args

import cv2
import numpy as np
import pytest

from drivers.paper.read import preview, read
from hal.errors import WireError
from hal.interfaces import ScannedPage
from hal.same_page import same_page
from sim.paper import Corners, Fault, photograph

FRAME_PX = (1280, 960)
SEEDS, BAD_SEEDS = 200, 20
LEAST_OVERLAP = 0.97


@dataclass(frozen=True)
class Outcome:
    seed: int
    verdict: str
    overlap: float
    codes: list[str]
    skew_error_deg: float


def overlap(one: object, other: object) -> float:
    """Intersection over union of two convex polygons."""
    first, second = np.array(one, np.float32), np.array(other, np.float32)
    common, _ = cv2.intersectConvexConvex(first, second)
    return float(common / (cv2.contourArea(first) + cv2.contourArea(second) - common))


def text_of(seed: int) -> str:
    return f"OW:M:01JD8Z3K5M7N9P1Q3R5S7T{seed:04d}"


def read_seed(seed: int, fault: Fault | None = None) -> Outcome:
    photo = photograph(seed, text_of(seed), size_px=FRAME_PX, fault=fault)
    page = read(photo.jpeg)
    both = bool(photo.corners) and bool(page.corners)
    return Outcome(
        seed,
        page.verdict,
        overlap(photo.corners, page.corners) if both else 0.0,
        list(page.codes),
        abs(page.skew_deg - turn_of(photo.corners)) if both else 0.0,
    )


def turn_of(corners: Corners) -> float:
    """How far the true page is turned, of its two diagonals' mean, −45 to 45 degrees."""
    a, b, c, d = np.array(corners)
    across = (b - a) / np.hypot(*(b - a)) + (c - d) / np.hypot(*(c - d))
    down = (d - a) / np.hypot(*(d - a)) + (c - b) / np.hypot(*(c - b))
    mean = across + np.array([down[1], -down[0]])
    turn = float(np.degrees(np.arctan2(mean[1], mean[0])))
    return (turn + 45) % 90 - 45


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    # Threads will do: OpenCV and NumPy let go of the interpreter while they count pixels.
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(2) as workers:
        yield workers


@pytest.mark.timeout(300)
def test_every_page_is_found_and_its_code_read(pool: Executor) -> None:
    """On each of 200 desks the corners overlap the truth by 0.97, and the QR code reads."""
    outcomes = list(pool.map(read_seed, range(SEEDS)))
    assert [o for o in outcomes if o.overlap < LEAST_OVERLAP] == []
    assert [o for o in outcomes if o.codes != [text_of(o.seed)]] == []
    assert [o for o in outcomes if o.verdict != "good"] == []
    assert [o for o in outcomes if o.skew_error_deg > 0.5] == []


@pytest.mark.parametrize("fault", get_args(Fault))
def test_every_bad_page_is_called_so(pool: Executor, fault: Fault) -> None:
    """Of 20 pages each that must be laid again, every one gets its own reason."""
    outcomes = list(pool.map(read_seed, range(BAD_SEEDS), [fault] * BAD_SEEDS))
    assert [o for o in outcomes if o.verdict != fault] == []


@pytest.mark.parametrize("rows", [0, 4, 8])
def test_a_page_near_the_end_of_the_frame_is_whole(rows: int) -> None:
    """A strip of desk narrower than print, between page and frame, is not taken for the page.

    There are 14 rows of desk above this page, fewer the more are cut off.
    """
    photo = photograph(171435667, text_of(0), size_px=(1600, 1200))
    frame = cv2.imdecode(np.frombuffer(photo.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert frame is not None
    page = read(cv2.imencode(".jpg", frame[rows:])[1].tobytes())
    corners = [(x, y - rows) for x, y in photo.corners]
    assert min(y for _, y in corners) < 15 - rows
    assert (page.verdict, overlap(corners, page.corners) > LEAST_OVERLAP) == ("good", True)


@pytest.mark.parametrize(("text", "sign"), [("", 0.4), (text_of(0), 0.99)])
def test_upright_is_told_with_how_sure_it_is(text: str, sign: float) -> None:
    """Lines of print tell it, unsurely; a code's own corners tell it surely. Sideways, nothing."""
    upright, turned = (
        read(photograph(5, text, size_px=FRAME_PX, fault=fault).jpeg).upright
        for fault in (None, "upside_down")
    )
    assert (upright > sign, turned < -sign) == (True, True)
    sideways = photograph(0, text, size_px=FRAME_PX)
    assert sideways.corners[0][0] > sideways.corners[3][0] + 200
    assert read(sideways.jpeg).upright == 0


def test_the_same_sheet_laid_again_is_the_same_page(pool: Executor) -> None:
    """However it lies, also upside down; another sheet of the same form is another page."""

    def look(seed: int) -> tuple[bool, bool, bool]:
        lays = [(seed, None), (seed + 1000, None), (seed + 2000, "upside_down")]
        first, again, turned = (
            read(photograph(way, size_px=FRAME_PX, fault=fault, sheet=seed).jpeg).fingerprint
            for way, fault in lays
        )
        other = read(photograph(seed + 3000, size_px=FRAME_PX).jpeg).fingerprint
        return same_page(first, again), same_page(turned, first), same_page(first, other)

    assert set(pool.map(look, range(10))) == {(True, True, False)}


def test_a_dark_frame_is_no_picture_of_a_page() -> None:
    """A camera that has just woken sends some; they are not judged."""
    dark = cv2.imencode(".jpg", np.full((960, 1280, 3), 3, np.uint8))[1].tobytes()
    with pytest.raises(WireError, match="darkness"):
        read(dark)


def test_a_preview_is_small() -> None:
    """640 pixels wide, some ten kilobytes, of a frame of any size."""
    small = preview(photograph(1, size_px=(2592, 1944)).jpeg)
    picture = cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (480, 640)
    assert len(small) < 60_000


def test_a_squared_page_is_a_jpeg_of_its_own_size() -> None:
    """Width, height and dpi say what the picture is: A4 at the density the camera gave."""
    page: ScannedPage = read(photograph(1, size_px=FRAME_PX).jpeg)
    picture = cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (page.height_px, page.width_px)
    assert page.jpeg[13:18] == struct.pack(">BHH", 1, round(page.dpi), round(page.dpi))
    assert page.height_px / page.dpi == pytest.approx(297 / 25.4, rel=0.002)
    assert page.width_px / page.dpi == pytest.approx(210 / 25.4, rel=0.002)
