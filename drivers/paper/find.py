"""Where the page lies: four corners in a frame, to a fraction of a pixel.

A page is bright and has no colour. So the picture looked at is the darkest of a pixel's three
channels, as a logarithm: wood and felt go dark in it, and a shadow becomes a constant that
cancels wherever two sides of an edge are compared. Several ways propose quadrilaterals on a small
picture; one measure, the contrast along the four sides, decides between them; lines fitted to the
steps in the whole frame then place the corners.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.paper.edges import Look, Points, between_pixels, side_support, snap

Quad = NDArray[np.float64]
"""Four corners, x and y, clockwise as seen: top left, top right, bottom right, bottom left."""
Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
_Line = tuple[float, float]

_LOG_FROM = 8  # added to a channel: noise in the dark is no contrast
_SMALL_PX = 640  # the longer side of the small picture
_PRINT_PX = 13  # print narrower than this in the small picture is closed over
_LEAST_SHARE = 0.06  # of the frame: an identity card fills about this under an A4 camera
_LEAST_SUPPORT = 0.55  # of the weakest side
_LEAST_SUPPORT_CUT = 0.85  # where the frame cuts some sides off, the others must be clear
_WIDE_SHARE, _NARROW_SHARE = 0.016, 0.004  # of the frame's diagonal, to both sides of a line
_SURE = 0.9  # the score of a page whose outline is whole: no need to look for lines
_LINES = 9  # of each direction, beside the frame's own two
_STEPS_PER_UNIT = 1000  # Canny wants whole numbers
_LEAST_APART_PX = 60


def find(frame: Picture) -> Quad | None:
    """The page's corners in pixels of `frame` (blue, green, red); None if there is no page.

    Pixel centres are whole numbers. A corner may lie outside the frame: it was cut.
    """
    height, width = frame.shape[:2]
    small, scale = reduced(frame, _SMALL_PX)
    paper = whiteness(small, _PRINT_PX)
    best, score = _best(paper, chain.from_iterable(map(_outlines, _masks(paper))))
    if score < _SURE:
        by_lines, line_score = _best(paper, _from_lines(paper))
        best = by_lines if line_score > score else best
    if best is None:
        return None
    coarse = clockwise((best + 0.5) / scale - 0.5)
    diagonal = float(np.hypot(width, height))
    # Only beside the sides is anything looked at in the whole frame: it has many pixels.
    plain = _darkest_of(frame)
    near = snap(_logarithm_of(plain), frame.shape, coarse, _WIDE_SHARE * diagonal)
    # A logarithm moves the middle of a blurred step towards the dark: the last look goes without.
    level = float(np.percentile(darkest_channel(small), 90))
    return clockwise(snap(plain, frame.shape, near, _NARROW_SHARE * diagonal, level))


def reduced(picture: Picture, longer_px: int) -> tuple[Picture, float]:
    """The same, its longer side at most so long, and by how much it was made smaller.

    By a power of two first, for which OpenCV has a way that is three times as quick.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, longer_px / max(height, width))
    whole = 1
    while whole * 2 * scale <= 1:
        whole *= 2
    if whole > 1:
        even = picture[: height // whole * whole, : width // whole * whole]
        by = 1 / whole
        picture = np.asarray(cv2.resize(even, None, fx=by, fy=by, interpolation=cv2.INTER_AREA))
    if scale == 1:
        return picture, scale
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _darkest_of(frame: Picture) -> Look:
    def look(points: Points) -> Field:
        blue, green, red = cv2.split(between_pixels(frame, points))
        return np.asarray(cv2.min(cv2.min(blue, green), red), np.float32)

    return look


def _logarithm_of(plain: Look) -> Look:
    return lambda points: np.log(plain(points) + np.float32(_LOG_FROM))


def whiteness(picture: Picture, print_px: int) -> Field:
    """The logarithm of the darkest channel; dark print up to `print_px` wide is closed over."""
    darkest = darkest_channel(picture)
    if print_px > 1:
        square = cv2.getStructuringElement(cv2.MORPH_RECT, (print_px, print_px))
        # With a rim of its own, or the strip of desk between a page and the frame's end is closed
        # over as if it were print.
        width = (print_px, print_px, print_px, print_px)
        soft = cv2.medianBlur(darkest, 3)
        around = cv2.copyMakeBorder(soft, *width, cv2.BORDER_REPLICATE)
        closed = cv2.morphologyEx(around, cv2.MORPH_CLOSE, square)
        inner = closed[print_px:-print_px, print_px:-print_px]
        darkest = np.ascontiguousarray(inner, np.uint8)
    return np.asarray(cv2.log(darkest.astype(np.float32) + _LOG_FROM), np.float32)


def darkest_channel(picture: Picture) -> Picture:
    blue, green, red = cv2.split(picture)
    return np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)


def clockwise(quad: Quad) -> Quad:
    """The same corners, clockwise as seen, beginning with the one nearest the top left."""
    middle = quad.mean(axis=0)
    angles = np.arctan2(quad[:, 1] - middle[1], quad[:, 0] - middle[0])
    turned = quad[np.argsort(angles)]
    # The side that runs most nearly to the right is the top one; its start is the top left.
    along = np.roll(turned, -1, axis=0) - turned
    first = int(np.argmax(along[:, 0] / np.hypot(along[:, 0], along[:, 1])))
    return np.asarray(np.roll(turned, -first, axis=0), np.float64)


def _best(paper: Field, proposals: Iterable[Quad]) -> tuple[Quad | None, float]:
    best, best_score = None, 0.0
    for quad in proposals:
        score = _score(paper, quad)
        if score > best_score:
            best, best_score = quad, score
    return best, best_score


def _masks(paper: Field) -> Iterator[Picture]:
    """Parts of the picture that may be the page, by several thresholds and by flooding."""
    low, high = float(paper.min()), float(paper.max())
    grey = np.asarray((paper - low) / max(high - low, 1e-6) * 255, np.uint8)
    split, mask = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    yield np.asarray(mask, np.uint8)
    for shift in (-25, 25, 45):
        yield np.asarray(grey > split + shift, np.uint8) * 255
    wide = max(paper.shape) // 3
    around = cv2.blur(paper, (wide, wide))
    yield np.asarray(paper > around + 0.05, np.uint8) * 255
    yield _flooded(paper, grey)


def _flooded(paper: Field, grey: Picture) -> Picture:
    """The basin around the frame's brightest part, against the one that holds its rim."""
    height, width = grey.shape
    markers = np.zeros((height, width), np.int32)
    markers[[0, -1], :] = 1
    markers[:, [0, -1]] = 1
    soft = cv2.GaussianBlur(paper, (0, 0), 9)
    inner = soft[height // 6 : -height // 6, width // 6 : -width // 6]
    row, column = np.unravel_index(int(np.argmax(inner)), inner.shape)
    place = (int(column) + width // 6, int(row) + height // 6)
    cv2.circle(markers, place, max(width // 40, 2), 2, cv2.FILLED)
    cv2.watershed(cv2.merge([grey, grey, grey]), markers)
    return np.asarray(markers == 2, np.uint8) * 255


def _outlines(mask: Picture) -> Iterator[Quad]:
    """Quadrilaterals around the two largest parts of a mask."""
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (9, 9))
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, square)
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:2]:
        if cv2.contourArea(contour) < _LEAST_SHARE * mask.size:
            return
        hull = cv2.convexHull(contour).astype(np.float64).reshape(-1, 2)
        for tolerance in (0.01, 0.025):
            around = cv2.approxPolyDP(
                hull.astype(np.float32),
                tolerance * cv2.arcLength(hull.astype(np.float32), True),
                True,
            )
            quad = _four_sides(around.astype(np.float64).reshape(-1, 2))
            if quad is not None:
                yield quad
        yield np.asarray(cv2.boxPoints(cv2.minAreaRect(contour)), np.float64)


def _four_sides(polygon: NDArray[np.float64]) -> Quad | None:
    """Drop sides of a convex polygon, the shortest first, lengthening their neighbours to meet."""
    while len(polygon) > 4:
        lengths = np.hypot(*(np.roll(polygon, -1, axis=0) - polygon).T)
        for side in np.argsort(lengths):
            points = np.roll(polygon, -int(side) + 1, axis=0)  # the side runs from point 1 to 2
            meeting = _crossing(points[0], points[1], points[2], points[3])
            if meeting is not None:
                polygon = np.vstack([points[0], meeting, points[3:]])
                break
        else:
            return None
    return polygon if len(polygon) == 4 else None


def _crossing(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Where the line from a over b meets the one from d over c; None if they part."""
    forward, back = b - a, c - d
    turn = forward[0] * back[1] - forward[1] * back[0]
    if abs(turn) < 1e-9:
        return None
    between = d - a
    along = (between[0] * back[1] - between[1] * back[0]) / turn
    beside = (between[0] * forward[1] - between[1] * forward[0]) / turn
    return a + along * forward if along >= 1 and beside >= 1 else None


def _from_lines(paper: Field) -> Iterator[Quad]:
    """Two lines across with two lines down: for a page whose outline a shadow has torn."""
    height, width = paper.shape
    across: list[_Line] = []
    down: list[_Line] = []
    for rho, theta in _strong_lines(paper):
        family = down if abs(np.cos(theta)) > np.sin(theta) else across
        signed = (-rho, theta - np.pi) if family is down and theta > np.pi / 2 else (rho, theta)
        if len(family) < _LINES and all(not _alike(signed, other) for other in family):
            family.append(signed)
    for upper, lower in _apart([*across, (0.0, np.pi / 2), (height - 1.0, np.pi / 2)]):
        for left, right in _apart([*down, (0.0, 0.0), (width - 1.0, 0.0)]):
            yield np.array(
                [_meet(upper, left), _meet(upper, right), _meet(lower, right), _meet(lower, left)]
            )


def _strong_lines(paper: Field) -> list[_Line]:
    """The strongest straight steps, by distance and direction of their normals."""
    found: list[_Line] = []
    for soft_px, low, high in ((1.5, 130, 400), (3.0, 25, 70)):
        soft = cv2.GaussianBlur(paper, (0, 0), soft_px) * _STEPS_PER_UNIT
        slopes = [cv2.Sobel(soft, cv2.CV_16S, dx, 1 - dx) for dx in (1, 0)]
        edges = cv2.Canny(slopes[0], slopes[1], low, high, L2gradient=True)
        lines = cv2.HoughLines(edges, 1, np.pi / 180, round(min(paper.shape) * 0.2))
        if lines is not None:
            strongest = lines.reshape(-1, lines.shape[-1])[: _LINES * 8, :2]
            found += [(float(rho), float(theta)) for rho, theta in strongest]
    return found


def _apart(family: list[_Line]) -> Iterator[tuple[_Line, _Line]]:
    return ((a, b) for a, b in combinations(family, 2) if abs(a[0] - b[0]) >= _LEAST_APART_PX)


def _alike(one: _Line, other: _Line) -> bool:
    return abs(one[0] - other[0]) < 10 and abs(one[1] - other[1]) < 0.06


def _meet(one: _Line, other: _Line) -> NDArray[np.float64]:
    """Where two lines cross that are given by distance and direction of their normals."""
    normals = np.array([[np.cos(one[1]), np.sin(one[1])], [np.cos(other[1]), np.sin(other[1])]])
    return np.asarray(np.linalg.solve(normals, np.array([one[0], other[0]])), np.float64)


def _score(paper: Field, quad: Quad) -> float:
    """How much this looks like a page, 0 if not at all: contrast at the sides, then size."""
    area = cv2.contourArea(quad.astype(np.float32))
    share = area / paper.size
    if share < _LEAST_SHARE or not cv2.isContourConvex(quad.astype(np.float32)):
        return 0.0
    turned = clockwise(quad)
    measured: list[float] = []
    for start, end in zip(turned, np.roll(turned, -1, axis=0), strict=True):
        support = side_support(paper, start, end)
        if support is not None and support < _LEAST_SUPPORT:
            return 0.0
        measured += [] if support is None else [support]
    least = _LEAST_SUPPORT if len(measured) == 4 else _LEAST_SUPPORT_CUT
    if len(measured) < 2 or min(measured) < least:
        return 0.0
    return float(np.mean(measured) * min(measured) * len(measured) / 4 * (1 + 0.2 * share))
