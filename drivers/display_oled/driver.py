"""A small display at the window: an SSD1306 OLED of 128 × 64 pixels on I2C.

Source: docs/protocols/oled-ssd1306.md.
"""

from threading import Event, Lock
from typing import Annotated

import msgspec

from drivers.display_oled.chip import GONE, Chip
from drivers.display_oled.picture import STEP_S, Fonts, Picture
from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Report, Role, Screen

_CHECK_S = 1.0
FOUND_S = _CHECK_S
"""No later than this after the chip stopped answering, `watch` ends with DeviceLost."""
_NS_PER_S = 1_000_000_000


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`bus` is a path as /dev/i2c-1. `font` is a file that has Chinese and Latin characters.

    `repaint_s`: how often everything is sent again, for a display that lost its memory in a dip
    of its power and says nothing about it.
    """

    bus: str
    address: Annotated[int, msgspec.Meta(ge=0x08, le=0x77)] = 0x3C
    font: str = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
    repaint_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 30.0


class DisplayOled:
    """See hal.interfaces.Display."""

    role: Role = "display"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._lock = Lock()
        self._chip: Chip | None = None
        self._fonts: Fonts | None = None
        self._shown: Screen | None = None
        self._picture: Picture | None = None
        self._step = 0
        self._painted_ns = 0

    def open(self) -> None:
        options = self._options
        fonts = Fonts(options.font)
        with self._lock:
            self._fonts, self._shown, self._step = fonts, Screen(), 0
            self._picture = Picture(Screen(), fonts)
            try:
                self._chip = Chip(options.bus, options.address)
                self._paint(self._chip)
            except GONE as error:
                self._let_go()
                cause = f"no display at {options.bus}, address 0x{options.address:02X}: {error}"
                raise DeviceLost(cause, remedy="configure") from error

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.wait(self._pause_s()):
            with self._lock:
                chip = self._open_chip()
                try:
                    self._next_step(chip)
                except GONE as error:
                    raise self._gone() from error

    def show(self, screen: Screen) -> None:
        with self._lock:
            chip = self._open_chip()
            if self._shown is not None and _same(screen, self._shown):
                # A row that goes past does not begin anew.
                return
            assert self._fonts is not None
            self._shown, self._picture, self._step = screen, Picture(screen, self._fonts), 0
            try:
                chip.show(self._picture.at(0))
            except GONE as error:
                # Who shows it again hears the same, and not that it is shown.
                self._shown = None
                raise self._gone() from error

    def close(self) -> None:
        with self._lock:
            self._let_go()

    def _next_step(self, chip: Chip) -> None:
        assert self._picture is not None
        self._step += 1
        if self._clock.monotonic_ns() - self._painted_ns >= self._options.repaint_s * _NS_PER_S:
            self._paint(chip)
        elif not (self._picture.moves and chip.show(self._picture.at(self._step))):
            chip.ask()

    def _paint(self, chip: Chip) -> None:
        assert self._picture is not None
        chip.begin(self._picture.at(self._step))
        self._painted_ns = self._clock.monotonic_ns()

    def _pause_s(self) -> float:
        picture = self._picture
        return STEP_S if picture is not None and picture.moves else _CHECK_S

    def _open_chip(self) -> Chip:
        if self._chip is None:
            raise DeviceLost("the display is not open")
        return self._chip

    def _let_go(self) -> None:
        chip, self._chip = self._chip, None
        if chip is not None:
            chip.close()

    def _gone(self) -> DeviceLost:
        options = self._options
        cause = f"the display at {options.bus}, address 0x{options.address:02X} does not answer"
        return DeviceLost(cause, remedy="reset")


def _same(one: Screen, other: Screen) -> bool:
    return (one.large, tuple(one.lines), one.corner, one.qr) == (
        other.large,
        tuple(other.lines),
        other.corner,
        other.qr,
    )
