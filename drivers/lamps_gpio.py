"""The indicator lights of the window on GPIO pins: red, yellow, green, and a buzzer if fitted."""

from threading import Event, Lock
from typing import Any

import msgspec
from gpiozero import DigitalOutputDevice

from drivers.pins.choose import Pins, open_pins, pin_errors
from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Colour, Report, Role

_CHECK_S = 0.2
FOUND_S = _CHECK_S
"""No later than this after the pins are gone, or could not be set, `watch` ends with DeviceLost."""


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
        while not stop.wait(_CHECK_S):
            pins = self._pins
            if pins is None or pins.gone() or self._failed.is_set():
                raise DeviceLost("the lamps' pins are gone", remedy="reset")

    def set(self, colour: Colour, on: bool) -> None:
        with self._lock:
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

    def close(self) -> None:
        with self._lock:
            pins, lamps = self._pins, self._lamps
            self._pins, self._lamps = None, {}
        _close_all(list(lamps.values()), pins)


def _close_all(devices: list[Any], pins: Pins | None) -> None:
    for device in devices:
        device.close()
    if pins is not None:
        pins.close()
