"""The rating pad (评价器) on GPIO pins: five keys, each with a lamp.

The first pins of both lists are level 1 (非常不满意), the last are level 5 (非常满意).
"""

import queue
from collections.abc import Set
from functools import partial
from threading import Event, Lock
from typing import Annotated, Any

import msgspec
from gpiozero import Button, DigitalOutputDevice

from drivers.pins.choose import Pins, open_pins, pin_errors
from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import LevelPressed, Report, Role

DEBOUNCE_S = 0.01
_CHECK_S = 0.2
FOUND_S = _CHECK_S
"""No later than this after the pins are gone, or could not be set, `watch` ends with DeviceLost."""
_LEVELS = (1, 2, 3, 4, 5)

FivePins = Annotated[list[int], msgspec.Meta(min_length=5, max_length=5)]


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """BCM numbers, level 1 first. Keys connect their pin to ground (pulled up, active low)."""

    buttons: FivePins
    lamps: FivePins
    factory: str


class RatingGpio:
    """See hal.interfaces.RatingPad."""

    role: Role = "rating"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._lock = Lock()
        self._pins: Pins | None = None
        self._failed = Event()
        self._buttons: list[Any] = []
        self._lamps: dict[int, Any] = {}
        self._pressed: queue.SimpleQueue[int] = queue.SimpleQueue()

    def open(self) -> None:
        pins = open_pins(self._options.factory)
        with self._lock:
            self._pins = pins
        self._failed.clear()
        try:
            lamps = {
                level: DigitalOutputDevice(pin, pin_factory=pins.factory)
                for level, pin in zip(_LEVELS, self._options.lamps, strict=True)
            }
            with self._lock:
                self._lamps = lamps
            for level, pin in zip(_LEVELS, self._options.buttons, strict=True):
                button = Button(pin, bounce_time=DEBOUNCE_S, pin_factory=pins.factory)
                self._buttons.append(button)
                button.when_pressed = partial(self._pressed.put, level)
        except pin_errors() as error:
            self.close()
            raise DeviceLost(f"rating pad: {error}", remedy="configure") from error

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.is_set():
            pins = self._pins
            if pins is None or pins.gone() or self._failed.is_set():
                raise DeviceLost("the rating pad's pins are gone", remedy="reset")
            try:
                level = self._pressed.get(timeout=_CHECK_S)
            except queue.Empty:
                continue
            report(LevelPressed(level, f"gpio{self._options.buttons[level - 1]}"))

    def light(self, levels: Set[int]) -> None:
        with self._lock:
            if not self._lamps:
                raise DeviceLost("the rating pad is not open")
            try:
                # Out first: a lamp that is to stay alone must never be seen as one of several.
                for level in sorted(_LEVELS, key=lambda level: level in levels):
                    if self._lamps[level].value != int(level in levels):
                        self._lamps[level].value = int(level in levels)
            except pin_errors() as error:
                self._failed.set()
                raise DeviceLost(f"rating pad: {error}", remedy="reset") from error

    def close(self) -> None:
        with self._lock:
            pins, lamps, buttons = self._pins, self._lamps, self._buttons
            self._pins, self._lamps, self._buttons = None, {}, []
        for device in (*buttons, *lamps.values()):
            device.close()
        if pins is not None:
            pins.close()
