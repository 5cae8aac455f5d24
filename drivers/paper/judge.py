"""Whether a page can be accepted, or must be laid again, and why."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from drivers.paper.find import Picture, Quad, darkest_channel
from drivers.paper.ink import Ink, is_blank, upright_by_lines

Verdict = Literal["good", "no_page", "blurred", "glare", "cut_edge", "blank", "upside_down"]

LEAST_SHARPNESS = 0.45
MOST_GLARE = 0.004
UPSIDE_DOWN = -0.5
_RIM_PX = 2.0  # a corner nearer to the frame's rim than this may go on beyond it
_JUDGED_PX = 1100  # the page's longer side when its sharpness is judged: print counts, not pixels
_WHITE = 250  # of 255, in all channels: nothing can be printed there that would be seen
_REACH_PX = 13  # a step of print is looked for this near
_STEP_SHARE = 0.5  # of the strongest contrast on the page: weaker steps are dirt and noise
_LEAST_CONTRAST = 20
_IDEAL_SLOPE = 0.3  # of a step's height per pixel, where a good camera is in focus
_FLAT_SLOPE = 1 / (_REACH_PX - 1)  # where everything within reach is one slope


@dataclass(frozen=True)
class Judgement:
    sharpness: float
    glare: float
    skew_deg: float
    upright: float
    verdict: Verdict


@dataclass(frozen=True)
class Seen:
    """A page in its frame; `page` is the same, squared, `marks` its ink. `upright_by_codes`: what
    its codes say, 0 for nothing.
    """

    frame: Picture
    corners: Quad
    page: Picture
    marks: Ink
    upright_by_codes: float


def judge(seen: Seen) -> Judgement:
    """Whether the page can be accepted; the first reason against it that holds."""
    frame, corners, page = seen.frame, seen.corners, seen.page
    sharp, white = sharpness(page) or sharpness(_with_rim(frame, corners)), glare(page)
    upright = seen.upright_by_codes or upright_by_lines(seen.marks)
    verdict: Verdict = "good"
    if is_cut(frame, corners):
        verdict = "cut_edge"
    elif white > MOST_GLARE:
        verdict = "glare"
    elif is_blank(seen.marks):
        verdict = "blank"
    elif sharp < LEAST_SHARPNESS:
        verdict = "blurred"
    elif upright <= UPSIDE_DOWN:
        verdict = "upside_down"
    return Judgement(sharp, white, skew_deg(corners), upright, verdict)


def is_cut(frame: Picture, corners: Quad) -> bool:
    """Whether a corner lies at the frame's rim or outside: then so does a part of a side."""
    height, width = frame.shape[:2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    return bool(
        (low < _RIM_PX).any() or high[0] > width - 1 - _RIM_PX or high[1] > height - 1 - _RIM_PX
    )


def glare(page: Picture) -> float:
    """The share of the page that is blown out to white, 0 to 1."""
    soft = cv2.blur(darkest_channel(page), (5, 5))
    _, blown = cv2.threshold(soft, _WHITE - 1, 255, cv2.THRESH_BINARY)
    return cv2.countNonZero(blown) / soft.size


def sharpness(page: Picture) -> float:
    """How steep the steps of print are, 1 for a good camera in focus, 0 for none.

    The slope of a step is taken against its own height, so faint print and dim light count as
    much as black on white. 0 also where there is no print at all.
    """
    scale = min(1.0, _JUDGED_PX / max(page.shape[:2]))
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(grey, (3, 3), 0).astype(np.float32)
    window = np.ones((_REACH_PX, _REACH_PX), np.uint8)
    heights = cv2.dilate(soft, window) - cv2.erode(soft, window)
    slopes = cv2.magnitude(
        cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8),
        cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8),
    )
    tall = max(_LEAST_CONTRAST, _STEP_SHARE * float(np.percentile(heights[::4, ::4], 99)))
    steep = (heights > tall) & (slopes >= cv2.dilate(slopes, np.ones((3, 3), np.uint8)))
    if steep.sum() < _LEAST_CONTRAST:
        return 0.0
    typical = float(np.median(slopes[steep] / heights[steep]))
    return float(np.clip((typical - _FLAT_SLOPE) / (_IDEAL_SLOPE - _FLAT_SLOPE), 0, 1))


def _with_rim(frame: Picture, corners: Quad) -> Picture:
    """The part of the frame that holds the page and its rim: all there is of a blank page."""
    low = np.maximum(corners.min(axis=0).astype(int) - _REACH_PX, 0)
    high = np.maximum(corners.max(axis=0).astype(int) + _REACH_PX, low + 1)
    return frame[low[1] : high[1], low[0] : high[0]]


def skew_deg(corners: Quad) -> float:
    """How far the page lies turned, −45 to 45, clockwise positive: the mean of its four sides."""
    top, right, bottom, left = np.roll(corners, -1, axis=0) - corners
    ways = np.array([top, -bottom, [right[1], -right[0]], [-left[1], left[0]]])
    mean = (ways / np.hypot(ways[:, 0], ways[:, 1])[:, None]).mean(axis=0)
    return float(np.degrees(np.arctan2(mean[1], mean[0])))
