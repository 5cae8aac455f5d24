"""A small display at the window: an SSD1306 OLED of 128 × 64 pixels on I2C.

Source: docs/protocols/oled-ssd1306.md.
"""

import contextlib
from threading import Event, Lock
from typing import Annotated, Any

import msgspec
from luma.core.error import Error as LumaError  # type: ignore[import-untyped]
from luma.core.interface.serial import i2c  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont

from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Report, Role, Screen

WIDTH_PX, HEIGHT_PX = 128, 64
LARGE_PX, LARGE_ROW_PX = 28, 32
LINE_PX, LINE_ROW_PX = 14, 16
_NO_OPERATION = 0xE3
_CHECK_S = 1.0
FOUND_S = _CHECK_S
"""No later than this after the chip stopped answering, `watch` ends with DeviceLost."""
_GONE = (LumaError, OSError)


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`bus` is a path as /dev/i2c-1. `font` is a file that has Chinese and Latin characters."""

    bus: str
    address: Annotated[int, msgspec.Meta(ge=0x08, le=0x77)] = 0x3C
    font: str = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"


class Fonts:
    """The font in the two sizes that a screen has."""

    def __init__(self, path: str) -> None:
        """DeviceLost if there is no such font."""
        try:
            self.large = ImageFont.truetype(path, LARGE_PX)
            self.line = ImageFont.truetype(path, LINE_PX)
        except OSError as error:
            cause = f"cannot read the font {path}; install fonts-wqy-microhei or set `font`"
            raise DeviceLost(cause, remedy="configure") from error


def picture(screen: Screen, fonts: Fonts) -> Image.Image:
    """`screen` as pixels: the large text atop, if there is one, then the lines."""
    image = Image.new("1", (WIDTH_PX, HEIGHT_PX))
    draw = ImageDraw.Draw(image)
    top_px = 0
    if screen.large:
        draw.text((0, LARGE_ROW_PX // 2), screen.large, fill=1, font=fonts.large, anchor="lm")
        top_px = LARGE_ROW_PX
    for number, line in enumerate(screen.lines):
        middle_px = top_px + LINE_ROW_PX * number + LINE_ROW_PX // 2
        draw.text((0, middle_px), line, fill=1, font=fonts.line, anchor="lm")
    return image


def _chip(bus: i2c) -> Any:
    """The chip on this bus, set up, on, and dark."""
    # Not atop the module: importing this starts four threads.
    from luma.oled.device import ssd1306  # type: ignore[import-untyped]

    return ssd1306(bus, width=WIDTH_PX, height=HEIGHT_PX)


class DisplayOled:
    """See hal.interfaces.Display."""

    role: Role = "display"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._lock = Lock()
        self._bus: i2c | None = None
        self._chip: Any = None
        self._fonts: Fonts | None = None
        self._shown = b""

    def open(self) -> None:
        options = self._options
        fonts = Fonts(options.font)
        with self._lock:
            try:
                self._bus = i2c(port=options.bus, address=options.address)
                # Asked first: luma keeps every chip it ever made, to darken it at exit.
                self._bus.command(_NO_OPERATION)
                self._chip = _chip(self._bus)
            except _GONE as error:
                self._let_go()
                cause = f"no display at {options.bus}, address 0x{options.address:02X}: {error}"
                raise DeviceLost(cause, remedy="configure") from error
            self._fonts = fonts
            self._shown = bytes(WIDTH_PX * HEIGHT_PX // 8)

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.wait(_CHECK_S):
            with self._lock:
                if self._bus is None:
                    raise DeviceLost("the display is not open")
                try:
                    self._bus.command(_NO_OPERATION)
                except _GONE as error:
                    raise self._gone() from error

    def show(self, screen: Screen) -> None:
        with self._lock:
            if self._chip is None or self._fonts is None:
                raise DeviceLost("the display is not open")
            image = picture(screen, self._fonts)
            if (pixels := image.tobytes()) == self._shown:
                return
            try:
                self._chip.display(image)
            except _GONE as error:
                raise self._gone() from error
            self._shown = pixels

    def close(self) -> None:
        with self._lock:
            if self._chip is not None:
                # Nobody keeps the text true from here on.
                with contextlib.suppress(*_GONE):
                    self._chip.hide()
            self._let_go()

    def _let_go(self) -> None:
        bus, self._bus, self._chip = self._bus, None, None
        if bus is not None:
            with contextlib.suppress(OSError):
                bus.cleanup()

    def _gone(self) -> DeviceLost:
        options = self._options
        cause = f"the display at {options.bus}, address 0x{options.address:02X} does not answer"
        return DeviceLost(cause, remedy="reset")
