"""The sides of a page: how well they are seen, and where exactly they run.

A page is brighter than the desk, so across each of its sides the picture steps up inwards.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

_NEAR_PX, _FAR_PX = 2.5, 7.0  # distances from a side, in the small picture, that are compared
_LEAST_STEP = 0.07  # of the logarithm: seven per cent brighter than the desk
_WIDEST_STEP_PX = 8  # a step is spread over so many pixels at most
_RIM_SHARE = 0.004  # of the frame's diagonal: so near to the frame's rim a side is one with it
_SAMPLES = 48
_PROFILES = 96
_MARGIN = 0.04  # of a side at each end, where the corner disturbs
_OVERSAMPLING = 2
_ROUNDS = 8
_PAIRS = 64
_LEAST_SEEN = 0.25  # of the profiles of a side; with fewer the side stays where it was

Points = NDArray[np.float64]
Look = Callable[[Points], NDArray[np.float32]]
"""How bright paper is at points of a picture; of as many numbers as there are points."""


def side_support(
    paper: NDArray[np.float32], start: NDArray[np.float64], end: NDArray[np.float64]
) -> float | None:
    """The share of a side along which the picture steps up inwards, 0 to 1.

    The page lies to the right of the way from start to end. None if the side lies on the frame's
    rim or outside, where nothing can be seen.
    """
    inward = _inward(start, end)
    along = np.linspace(_MARGIN, 1 - _MARGIN, _SAMPLES)[:, None]
    points = start + along * (end - start)
    outside, rim = points - inward * _FAR_PX, points - inward * _NEAR_PX
    seen = _within(rim, paper.shape) & _within(points + inward * _FAR_PX, paper.shape)
    if seen.mean() < _LEAST_SEEN:
        return None
    # Where the frame ends close behind the side, all that is seen of the desk is beside it.
    far = np.where(_within(outside, paper.shape)[:, None], outside, rim)
    dark = (_sample(paper, far) + _sample(paper, rim)) / 2
    bright = (
        _sample(paper, points + inward * _NEAR_PX) + _sample(paper, points + inward * _FAR_PX)
    ) / 2
    return float(np.mean((bright - dark)[seen] > _LEAST_STEP))


def snap(
    look: Look, shape: tuple[int, ...], quad: Points, reach_px: float, level: float = 1.0
) -> Points:
    """The same quadrilateral, each side moved to the steepest steps within `reach_px` of it.

    `shape` is of the picture looked at, `level` the brightness of paper where `look` gives no
    logarithm. A side at the frame's rim stays: there the page was cut, and the nearest step would
    be one of its print.
    """
    sides = [(quad[i], quad[(i + 1) % 4]) for i in range(4)]
    lines = [
        (start, end - start)
        if _at_rim(shape, start, end)
        else _fit_side(look, shape, (start, end), reach_px, _LEAST_STEP * level)
        for start, end in sides
    ]
    corners = [_meet(lines[i - 1], lines[i]) for i in range(4)]
    if any(corner is None for corner in corners):
        return quad
    return np.array(corners)


def _fit_side(
    look: Look,
    shape: tuple[int, ...],
    side: tuple[Points, Points],
    reach_px: float,
    least_step: float,
) -> tuple[Points, Points]:
    """A point of the side and its direction."""
    start, end = side
    inward = _inward(start, end)
    points = start + np.linspace(_MARGIN, 1 - _MARGIN, _PROFILES)[:, None] * (end - start)
    count = int(reach_px * _OVERSAMPLING)
    offsets = np.arange(-count, count + 1) / _OVERSAMPLING
    profiles = look(points[:, None, :] + offsets[:, None] * inward)
    # Smoothed along the side a little and across by the step's own width, then differentiated.
    smooth = cv2.GaussianBlur(profiles, (0, 0), sigmaX=1.2 * _OVERSAMPLING, sigmaY=1)
    steps = np.gradient(smooth, axis=1)
    peak = np.argmax(steps[:, 1:-1], axis=1) + 1
    shifts = offsets[peak] + _vertex(steps, peak) / _OVERSAMPLING
    # Beyond the frame its rim is repeated, where there are no steps.
    seen = _within(points + shifts[:, None] * inward, shape)
    seen &= steps[np.arange(_PROFILES), peak] > least_step / (_WIDEST_STEP_PX * _OVERSAMPLING)
    if seen.mean() < _LEAST_SEEN:
        return start, end - start
    return _robust_line((points + shifts[:, None] * inward)[seen])


def _at_rim(shape: tuple[int, ...], start: Points, end: Points) -> bool:
    rim_px = _RIM_SHARE * float(np.hypot(shape[0], shape[1]))
    last = np.array([shape[1] - 1, shape[0] - 1])
    near_low = (start < rim_px) & (end < rim_px)
    near_high = (start > last - rim_px) & (end > last - rim_px)
    return bool((near_low | near_high).any())


def _vertex(steps: NDArray[np.float32], peak: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far the parabola through a peak and its neighbours has its vertex from the peak."""
    rows = np.arange(len(peak))
    before, at, after = (steps[rows, peak + k].astype(np.float64) for k in (-1, 0, 1))
    bend = before - 2 * at + after
    return np.where(bend < -1e-9, 0.5 * (before - after) / np.minimum(bend, -1e-9), 0.0)


def _robust_line(points: Points) -> tuple[Points, Points]:
    """The line most points agree on: the best of the lines through pairs, then its own points."""
    draw = np.random.default_rng(0)  # the same frame always gives the same corners
    first = draw.integers(len(points), size=_PAIRS)
    second = (first + draw.integers(1, len(points), size=_PAIRS)) % len(points)
    ways = (points[second] - points[first])[:, None]
    close = _distances(points[None], points[first][:, None], ways) < 1.5
    best = close[int(np.argmax(close.sum(axis=1)))]
    for _ in range(_ROUNDS):
        chosen = points[best]
        middle = chosen.mean(axis=0)
        direction = _long_axis(chosen - middle)
        distance = _distances(points, middle, direction)
        before, best = best, distance < max(1.0, 2.5 * float(np.median(distance)))
        if np.array_equal(before, best):
            break
    return middle, direction


def _long_axis(around: Points) -> Points:
    """The way along which points spread most, around their middle."""
    (xx, xy), (_, yy) = around.T @ around
    turn = 0.5 * np.arctan2(2 * xy, xx - yy)
    return np.array([np.cos(turn), np.sin(turn)])


def _distances(points: Points, middle: Points, direction: Points) -> NDArray[np.float64]:
    away = points - middle
    length = np.maximum(np.hypot(direction[..., 0], direction[..., 1]), 1e-9)
    across = away[..., 0] * direction[..., 1] - away[..., 1] * direction[..., 0]
    beside = np.abs(across) / length
    return np.asarray(beside, np.float64)


def _meet(one: tuple[Points, Points], other: tuple[Points, Points]) -> Points | None:
    (start, forward), (place, aside) = one, other
    turn = forward[0] * aside[1] - forward[1] * aside[0]
    if abs(turn) < 1e-6:
        return None
    between = place - start
    return np.asarray(start + forward * (between[0] * aside[1] - between[1] * aside[0]) / turn)


def _inward(start: Points, end: Points) -> Points:
    """The unit vector to the right of the way from start to end; y runs downwards."""
    x, y = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
    return np.array([-y, x])


def _within(points: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    x, y = points[..., 0], points[..., 1]
    return (x >= 0) & (y >= 0) & (x <= shape[1] - 1) & (y <= shape[0] - 1)


def _sample(paper: NDArray[np.float32], points: Points) -> NDArray[np.float32]:
    """The picture between its pixels, at each of the points of a row."""
    return np.asarray(between_pixels(paper, points[None])[0], np.float32)


def between_pixels(picture: cv2.typing.MatLike, points: Points) -> cv2.typing.MatLike:
    """The picture at rows of points, at most 32,766 in a row; its rim goes on beyond it."""
    where = points.astype(np.float32)
    return cv2.remap(
        picture, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
