"""The indicator lights of the window on GPIO pins: red, yellow, green, and a buzzer if fitted.

Source: docs/protocols/gpio-lamps-and-rating.md.
"""

from threading import Event, Lock
from typing import Any

import msgspec
from gpiozero import DigitalOutputDevice

from drivers.pins.choose import Pins, open_pins, pin_errors
from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Colour, FlashRate, Report, Role

_CHECK_S = 0.2
FOUND_S = _CHECK_S
"""No later than this after the pins are gone, or could not be set, `watch` ends with DeviceLost."""
HALF_S: dict[FlashRate, float] = {"slow": 1.0, "medium": 0.5, "quick": 0.25}
"""How long a flashing lamp is on, and then off. XFS4IoT has the words and no numbers.

`medium` is how a window shows itself (认窗); `quick` is below three flashes a second, above which
flashing can harm (WCAG 2.3.1). Each is longer than the watch looks away.
"""
_NS_PER_S = 1e9


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """BCM numbers of the pins; `factory` is `lgpio` or `socket:PATH`."""

    red: int
    yellow: int
    green: int
    factory: str
    buzzer: int | None = None


class LampsGpio:
    """See hal.interfaces.Lamps."""

    role: Role = "lamp"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._lock = Lock()
        self._pins: Pins | None = None
        self._failed = Event()
        self._lamps: dict[Colour, Any] = {}
        self._clock = clock
        self._flashing: dict[Colour, tuple[float, float]] = {}
        """Colour → half of its flash, and when it changes next."""

    def open(self) -> None:
        options = self._options
        fitted: dict[Colour, int | None] = {
            "red": options.red,
            "yellow": options.yellow,
            "green": options.green,
            "buzzer": options.buzzer,
        }
        pins = open_pins(options.factory)
        with self._lock:
            self._pins = pins
        self._failed.clear()
        try:
            lamps = {
                colour: DigitalOutputDevice(pin, pin_factory=pins.factory)
                for colour, pin in fitted.items()
                if pin is not None
            }
        except pin_errors() as error:
            self.close()
            raise DeviceLost(f"lamps: {error}", remedy="configure") from error
        with self._lock:
            self._lamps = lamps

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.wait(self._flash()):
            pins = self._pins
            if pins is None or pins.gone() or self._failed.is_set():
                raise DeviceLost("the lamps' pins are gone", remedy="reset")

    def set(self, colour: Colour, on: bool) -> None:
        with self._lock:
            self._flashing.pop(colour, None)
            self._light(colour, on)

    def flash(self, colour: Colour, rate: FlashRate) -> None:
        half_s = HALF_S.get(rate)
        if half_s is None:
            self.set(colour, rate == "continuous")
            return
        with self._lock:
            self._light(colour, True)
            if colour in self._lamps:
                self._flashing[colour] = (half_s, self._now_s() + half_s)

    def _light(self, colour: Colour, on: bool) -> None:
        lamp = self._lamps.get(colour)
        if lamp is None:
            if self._pins is None:
                raise DeviceLost("the lamps are not open")
            return
        try:
            lamp.value = int(on)
        except pin_errors() as error:
            self._failed.set()
            raise DeviceLost(f"lamps: {error}", remedy="reset") from error

    def _flash(self) -> float:
        """Turn over the lamps that are due; the seconds until something must be looked at."""
        wait_s = _CHECK_S
        with self._lock:
            for colour, (half_s, next_s) in list(self._flashing.items()):
                now_s = self._now_s()
                if next_s <= now_s:
                    self._light(colour, not self._lamps[colour].value)
                    # From now on, not from when it was due: a late machine must not catch up.
                    next_s = now_s + half_s
                    self._flashing[colour] = (half_s, next_s)
                wait_s = min(wait_s, max(0.0, next_s - now_s))
        return wait_s

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S

    def close(self) -> None:
        with self._lock:
            pins, lamps = self._pins, self._lamps
            self._pins, self._lamps, self._flashing = None, {}, {}
        _close_all(list(lamps.values()), pins)


def _close_all(devices: list[Any], pins: Pins | None) -> None:
    for device in devices:
        device.close()
    if pins is not None:
        pins.close()
