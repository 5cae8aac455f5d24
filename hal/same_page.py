"""Whether two photographs show the same sheet: the same page taken twice (重复页).

A fingerprint says of each cell of a page whether there is ink in it, row by row, eight cells to
the byte, the first in the highest bit. It is as personal as the page: in memory only.
"""

from itertools import product

WIDTH, HEIGHT = 256, 352
"""Cells across and down a page that stands upright or upside down: 0.8 mm of an A4 page."""
FINGERPRINT_BYTES = WIDTH * HEIGHT // 8
_BLOCK = 32
_REACH = 2  # cells by which a part may have moved: paper bends, and corners are found to a pixel
_LEAST_INK = 40  # cells of a block; with fewer there is nothing to compare
_UNLIKE, _ALIKE = 0.6, 0.8

_Rows = list[int]


def same_page(one: bytes, other: bytes) -> bool:
    """Whether both are of one sheet, however it was laid and lit; also turned upside down.

    Two copies of a form that were filled in differently are two pages: each part of some 25 mm
    must be alike. ValueError if a fingerprint has the wrong length. Takes up to 0.1 s.
    """
    first, second = _rows(one), _rows(other)
    return _alike(first, second) or _alike(first, _turned(second))


def _alike(one: _Rows, other: _Rows) -> bool:
    shares: list[float] = []
    for top, left in product(range(0, HEIGHT, _BLOCK), range(0, WIDTH, _BLOCK)):
        mine, theirs = _ink(_part(one, top, left)), _ink(_part(other, top, left))
        if max(mine, theirs) < _LEAST_INK:
            continue
        shares.append(_likeness(one, other, top, left))
        if shares[-1] < _UNLIKE:
            return False
    return bool(shares) and sum(shares) / len(shares) > _ALIKE


def _likeness(one: _Rows, other: _Rows, top: int, left: int) -> float:
    """Dice's coefficient of a part of one page with the best placed part of the other."""
    here = _part(one, top, left)
    best = 0.0
    for down, right in product(range(-_REACH, _REACH + 1), repeat=2):
        there = _part(other, top + down, left + right)
        both = sum((a & b).bit_count() for a, b in zip(here, there, strict=True))
        best = max(best, 2 * both / max(1, _ink(here) + _ink(there)))
    return best


def _part(rows: _Rows, top: int, left: int) -> _Rows:
    shift, mask = WIDTH - left - _BLOCK, (1 << _BLOCK) - 1
    return [
        (rows[at] >> shift if shift >= 0 else rows[at] << -shift) & mask if 0 <= at < HEIGHT else 0
        for at in range(top, top + _BLOCK)
    ]


def _ink(part: _Rows) -> int:
    return sum(row.bit_count() for row in part)


def _rows(fingerprint: bytes) -> _Rows:
    if len(fingerprint) != FINGERPRINT_BYTES:
        raise ValueError(f"a fingerprint has {FINGERPRINT_BYTES} bytes")
    step = WIDTH // 8
    return [
        int.from_bytes(fingerprint[at : at + step], "big")
        for at in range(0, FINGERPRINT_BYTES, step)
    ]


def _turned(rows: _Rows) -> _Rows:
    return [int(f"{row:0{WIDTH}b}"[::-1], 2) for row in reversed(rows)]
