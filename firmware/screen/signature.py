"""A signature by hand: the strokes of a pen, one canonical form, and a picture that carries it.

Source: docs/protocols/signature.md. PNG: W3C, "Portable Network Graphics (PNG) Specification", 2nd
edition, 5.3 (chunks), 9.2 (filter type 0), 11.3.4.3 (tEXt).
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import hypot
from typing import Annotated

import msgspec

KEYWORD = "strokes"
"""Of the tEXt chunk that holds the canonical strokes."""
SHORTEST_PX = 60.0
"""Way of the pen below which nobody has signed: a touch, a dot."""
LONGEST_PX = 60_000.0
MOST_POINTS = 20_000
_PEN = ((-2, 1), (-1, 2), (0, 2), (1, 2), (2, 1))
"""Rows of the disc that the pen leaves: how far from its middle, and half the width, in pixels."""
_PAPER, _INK = 255, 0

_Coordinate = Annotated[int, msgspec.Meta(ge=0, le=2000)]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]
_Point = tuple[_Coordinate, _Coordinate, _Milliseconds]


class SignatureError(ValueError):
    """Not a signature: have the citizen sign again."""


class Strokes(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What the pen did on a field of `width` × `height` pixels.

    A stroke is from pen down to pen up: points of x, y (pixels from the top left) and milliseconds
    since the first point of the signature. The order of the fields here is that of the form.
    """

    height: Annotated[int, msgspec.Meta(ge=50, le=2000)]
    strokes: Annotated[list[list[_Point]], msgspec.Meta(min_length=1, max_length=500)]
    width: Annotated[int, msgspec.Meta(ge=50, le=2000)]


@dataclass(frozen=True)
class Signature:
    """`strokes_hash` is the SHA-256 of the canonical strokes; `png` shows and carries them."""

    strokes_hash: str
    png: bytes = field(repr=False)


def sign(strokes: Strokes) -> Signature:
    """From what the screen sent. SignatureError if nobody can have signed so."""
    _check(strokes)
    canonical = msgspec.json.encode(strokes)
    return Signature(hashlib.sha256(canonical).hexdigest(), _png(strokes, canonical))


def _check(strokes: Strokes) -> None:
    points = [point for stroke in strokes.strokes for point in stroke]
    if not all(strokes.strokes) or len(points) > MOST_POINTS:
        raise SignatureError("a stroke without points, or too many points")
    if any(x > strokes.width or y > strokes.height for x, y, _ in points):
        raise SignatureError("a point lies outside the field")
    times = [t for _, _, t in points]
    if times != sorted(times):
        raise SignatureError("the times go backwards")
    way_px = sum(hypot(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in _segments(strokes))
    if not SHORTEST_PX <= way_px <= LONGEST_PX:
        raise SignatureError("too short or too long for a signature")


def _segments(strokes: Strokes) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """From each point to the next of its stroke; a stroke of one point is a dot."""
    for stroke in strokes.strokes:
        places = [(x, y) for x, y, _ in stroke]
        yield from zip(places, places[1:] or places, strict=False)


def _png(strokes: Strokes, canonical: bytes) -> bytes:
    """Black on white, 8 bits a pixel."""
    head = struct.pack(">IIBBBBB", strokes.width, strokes.height, 8, 0, 0, 0, 0)
    text = KEYWORD.encode("latin-1") + b"\0" + canonical
    chunks = [
        (b"IHDR", head),
        (b"tEXt", text),
        (b"IDAT", zlib.compress(_raster(strokes), 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _raster(strokes: Strokes) -> bytes:
    """Rows of pixels, each behind its filter type 0. A disc is set at every pixel of the way."""
    width, height = strokes.width, strokes.height
    rows = [bytearray([_PAPER]) * width for _ in range(height)]
    for (x0, y0), (x1, y1) in _segments(strokes):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            x, y = x0 + (x1 - x0) * step // steps, y0 + (y1 - y0) * step // steps
            for dy, half in _PEN:
                if 0 <= y + dy < height:
                    left, right = max(0, x - half), min(width, x + half + 1)
                    rows[y + dy][left:right] = bytes([_INK]) * (right - left)
    return b"".join(b"\0" + row for row in rows)
