"""A screen as pixels, step by step: rows that are too wide go past slowly.

Source: docs/protocols/oled-ssd1306.md, "Screen".
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

from drivers.display_oled.font import Font
from hal.codecs.ssd1306 import HEIGHT_PX, PAGE_PX, WIDTH_PX
from hal.interfaces import Screen

STEP_S = 0.08
_STEP_PX = 2
"""25 pixels a second, not two characters: an old person reads along."""
_REST_STEPS = 25
"""For two seconds a row stands still with its beginning in view."""
_GAP_PX = 28

_LARGE_PX, _LARGE_ROW_PX = 28, 32
_LINE_PX, _LINE_ROW_PX = 14, 16
_CORNER_PX, _CORNER_HEIGHT_PX = 12, 14
_QR_ROOM_PX = HEIGHT_PX


class Fonts:
    """The font in the sizes that a screen has."""

    def __init__(self, path: str) -> None:
        """DeviceLost as for Font."""
        self.large = Font(path, _LARGE_PX)
        self.line = Font(path, _LINE_PX)
        self.corner = Font(path, _CORNER_PX)


@dataclass(frozen=True)
class _Row:
    """One text at its place. `room_px` is how wide the place is."""

    image: Image.Image
    top_px: int
    room_px: int

    @property
    def moves(self) -> bool:
        return self.image.width > self.room_px

    def draw(self, onto: Image.Image, step: int) -> None:
        room = Image.new("1", (self.room_px, self.image.height))
        gone_px = self._gone_px(step) if self.moves else 0
        room.paste(self.image, (-gone_px, 0))
        if self.moves:
            # Its beginning follows its end.
            room.paste(self.image, (self.image.width + _GAP_PX - gone_px, 0))
        onto.paste(room, (0, self.top_px))

    def _gone_px(self, step: int) -> int:
        round_steps = -(-(self.image.width + _GAP_PX) // _STEP_PX)
        return max(0, step % (_REST_STEPS + round_steps) - _REST_STEPS) * _STEP_PX


class Picture:
    """What is seen of one screen, at each step."""

    def __init__(self, screen: Screen, fonts: Fonts) -> None:
        self._qr = None if screen.qr is None else _qr(screen.qr)
        room_px = WIDTH_PX if self._qr is None else WIDTH_PX - _QR_ROOM_PX
        self._corner = _corner(screen.corner, fonts.corner) if screen.corner else None
        self._corner_px = room_px - (self._corner.width if self._corner is not None else 0)
        self._rows = list(_rows(screen, fonts, room_px, self._corner_px))
        self.moves = any(row.moves for row in self._rows)
        """Whether one step differs from the next."""

    def at(self, step: int) -> bytes:
        """The picture's bytes as the display has them: 8 pages of 128 columns."""
        image = Image.new("1", (WIDTH_PX, HEIGHT_PX))
        for row in self._rows:
            row.draw(image, step)
        if self._corner is not None:
            image.paste(self._corner, (self._corner_px, 0))
        if self._qr is not None:
            image.paste(self._qr, (WIDTH_PX - _QR_ROOM_PX, 0))
        return pages(image)


def pages(image: Image.Image) -> bytes:
    """Pixels as the display's memory has them: page by page, a byte a column, bit 0 atop."""
    strips = (
        image.crop((0, top_px, WIDTH_PX, top_px + PAGE_PX))
        for top_px in range(0, HEIGHT_PX, PAGE_PX)
    )
    # Turned clockwise, a column is a row that begins with its lowest pixel: bit 7.
    return b"".join(strip.transpose(Image.Transpose.ROTATE_270).tobytes() for strip in strips)


def _rows(screen: Screen, fonts: Fonts, room_px: int, beside_corner_px: int) -> Iterator[_Row]:
    top_px = 0
    if screen.large:
        large = fonts.large.row(screen.large, _LARGE_ROW_PX)
        yield _Row(large, 0, beside_corner_px)
        top_px = _LARGE_ROW_PX
    for line in screen.lines:
        if top_px >= HEIGHT_PX:
            return
        if line:
            image = fonts.line.row(line, _LINE_ROW_PX)
            yield _Row(image, top_px, room_px if top_px else beside_corner_px)
        top_px += _LINE_ROW_PX


def _corner(text: str, font: Font) -> Image.Image:
    """Dark on a lit ground, so that nobody takes it for a part of the text beside it."""
    row = font.row(text, _CORNER_HEIGHT_PX)
    ground = Image.new("1", (min(row.width + 2, WIDTH_PX // 2), _CORNER_HEIGHT_PX), 1)
    ground.paste(0, (1, 0), row)
    return ground


def _qr(text: str) -> Image.Image | None:
    """Dark modules on a lit square, as large as they go in. None: it does not go in."""
    # Not atop the module: few terminals ever show one.
    import zxingcpp

    try:
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    except ValueError:
        return None
    # Its type hints do not say that it is a buffer.
    written: Any = zxingcpp.write_barcode_to_image(code, add_quiet_zones=False)
    modules = memoryview(written)
    count = math.isqrt(modules.nbytes)
    scale = min(2, _QR_ROOM_PX // count)
    if scale == 0:
        return None
    drawn = Image.frombytes("L", (count, count), modules.tobytes()).convert("1")
    drawn = drawn.resize((count * scale, count * scale), Image.Resampling.NEAREST)
    square = Image.new("1", (_QR_ROOM_PX, _QR_ROOM_PX), 1)
    edge_px = (_QR_ROOM_PX - drawn.width) // 2
    square.paste(drawn, (edge_px, edge_px))
    return square
