"""What is printed or written on a squared page: whether anything is, which way up, what marks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.paper.find import Picture, reduced
from hal.same_page import HEIGHT, WIDTH

_LOOKED_AT_PX = 704  # the page's longer side
_PAPER_PX = 21  # no print is wider than this, so paper is seen within it
_INK = 0.14  # darker than the paper around it by so much
_MARGIN = 0.04  # of the page at its rim, where desk and shadow may show
_BLANK_SHARE = 0.0006
_CELL_SHARE = 0.35  # of a cell, or it holds no ink
_LEAST_LINES = 5
_LINE_PX = 3  # a row of print has at least so much ink, and so many rows make a line
_ALIGNED_PX = 4  # ends of lines that are one below the other: 1.7 mm
_MOST_SURE = 0.9  # of what the lines tell; only a code tells more

Ink = NDArray[np.uint8]
"""255 where there is ink, 0 where there is paper."""


def ink(page: Picture) -> Ink:
    """The ink of a page, its longer side 704 pixels."""
    small, _ = reduced(page, _LOOKED_AT_PX)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (_PAPER_PX, _PAPER_PX))
    paper = cv2.blur(cv2.dilate(grey, square), (_PAPER_PX, _PAPER_PX))
    dark = cv2.subtract(paper.astype(np.float32) * (1 - _INK), grey.astype(np.float32))
    return np.asarray(dark > 0, np.uint8) * 255


def is_blank(marks: Ink) -> bool:
    """Whether nothing stands on the page. What shows through from its back is weaker than ink."""
    return float(np.count_nonzero(_inner(marks))) < _BLANK_SHARE * marks.size


def fingerprint(marks: Ink) -> bytes:
    """See hal.same_page. A page that lies sideways is turned first; its rim counts for nothing."""
    kept = np.zeros_like(marks)
    _inner(kept)[:] = _inner(marks)
    upright = kept if kept.shape[0] >= kept.shape[1] else np.rot90(kept)
    cells = cv2.resize(np.ascontiguousarray(upright), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.packbits(np.asarray(cells > 255 * _CELL_SHARE)).tobytes()


def upright_by_lines(marks: Ink) -> float:
    """1 for lines that begin one below the other at the left, −1 if they end so at the right.

    0 if nothing can be said: few lines, lines of one length, or a page that lies sideways.
    """
    inner = np.asarray(_inner(marks) > 0, np.bool_)
    rows = np.pad(np.asarray(inner.sum(axis=1) > _LINE_PX), 1)
    turns = np.flatnonzero(np.diff(rows)).reshape(-1, 2)
    lines = [np.asarray(inner[a:b].any(axis=0)) for a, b in turns if b - a >= _LINE_PX]
    if len(lines) < _LEAST_LINES or _is_sideways(inner):
        return 0.0
    left = np.array([int(np.argmax(line)) for line in lines])
    right = np.array([int(np.argmax(line[::-1])) for line in lines])
    told = _aligned(left) - _aligned(right)
    return float(np.clip(told, -_MOST_SURE, _MOST_SURE))


def _is_sideways(inner: NDArray[np.bool_]) -> bool:
    """Lines of print leave empty rows between them; sideways they leave empty columns."""
    empty = [float(np.mean(inner.mean(axis=axis) < 0.01)) for axis in (0, 1)]
    return empty[0] > empty[1]


def _aligned(ends: NDArray[np.int64]) -> float:
    """The share of lines whose ends are where most are."""
    near = np.abs(ends[:, None] - ends) <= _ALIGNED_PX
    return float(near.sum(axis=1).max() / len(ends))


def _inner(marks: Ink) -> Ink:
    down, right = (round(side * _MARGIN) for side in marks.shape)
    return marks[down : marks.shape[0] - down, right : marks.shape[1] - right]
