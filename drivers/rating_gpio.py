"""The rating pad (评价器) on GPIO pins: five keys, each with a lamp.

The first pins of both lists are level 1 (非常不满意), the last are level 5 (非常满意).
Source: docs/protocols/gpio-lamps-and-rating.md.
"""

import contextlib
import queue
from collections.abc import Set
from functools import partial
from threading import Event, Lock
from typing import Annotated, Any

import msgspec
from gpiozero import Button, DigitalOutputDevice

from drivers.pins.choose import Pins, open_pins, pin_errors
from hal.clock import Clock
from hal.errors import DeviceError, DeviceLost
from hal.interfaces import LevelPressed, Report, Role

DEBOUNCE_S = 0.008
"""A key's level counts when it has been stable for so long; good switches bounce up to 5 ms."""
_CHECK_S = 0.2
FOUND_S = _CHECK_S
"""No later than this after the pins are gone, or could not be set, `watch` ends with DeviceLost."""
_START_S = 3 * DEBOUNCE_S
"""In this time the levels of all keys are known: a key that is down then was not pressed for us."""
_WHOLE_S = 1.0
"""A stuck key counts as whole again when it was up for so long."""
_NS_PER_S = 1e9
_LEVELS = (1, 2, 3, 4, 5)

FivePins = Annotated[list[int], msgspec.Meta(min_length=5, max_length=5)]


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """BCM numbers, level 1 first. Keys connect their pin to ground (pulled up, active low).

    A key that is down for `stuck_s` is stuck.
    """

    buttons: FivePins
    lamps: FivePins
    factory: str
    stuck_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0


class _Stuck:
    """Which keys hang: down for long, until they have been up for a while. Knows no clock."""

    def __init__(self, stuck_s: float) -> None:
        self._stuck_s = stuck_s
        self._down_s: dict[int, float] = {}
        self._up_s: dict[int, float] = {}
        self.levels: frozenset[int] = frozenset()

    def look(self, down: Set[int], now_s: float) -> None:
        """These keys are down now."""
        for level in _LEVELS:
            if level in down:
                self._down_s.setdefault(level, now_s)
                self._up_s.pop(level, None)
            else:
                self._up_s.setdefault(level, now_s)
                self._down_s.pop(level, None)
        hanging = {each for each, at_s in self._down_s.items() if now_s - at_s >= self._stuck_s}
        whole = {each for each, at_s in self._up_s.items() if now_s - at_s >= _WHOLE_S}
        self.levels = frozenset(self.levels | hanging) - whole


class RatingGpio:
    """See hal.interfaces.RatingPad. A key that hangs is no loss: the other four go on."""

    role: Role = "rating"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._lock = Lock()
        self._stuck = _Stuck(options.stuck_s)
        self._pins: Pins | None = None
        self._failed = Event()
        self._buttons: list[Any] = []
        self._lamps: dict[int, Any] = {}
        self._pressed: queue.SimpleQueue[int] = queue.SimpleQueue()

    @property
    def degraded(self) -> DeviceError | None:
        """What of the pad does not work, None if all of it does. For any thread; never blocks."""
        levels = sorted(self._stuck.levels)
        if not levels:
            return None
        keys = ", ".join(f"{each} ({self._raw_key(each)})" for each in levels)
        return DeviceError(f"stuck: the key of level {keys}", remedy="maintain")

    def open(self) -> None:
        pins = open_pins(self._options.factory)
        with self._lock:
            self._pins = pins
        self._failed.clear()
        self._stuck = _Stuck(self._options.stuck_s)
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
        self._failed.wait(_START_S)
        with contextlib.suppress(queue.Empty):
            while True:
                self._pressed.get_nowait()

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.is_set():
            pins = self._pins
            if pins is None or pins.gone() or self._failed.is_set():
                raise DeviceLost("the rating pad's pins are gone", remedy="reset")
            self._stuck.look(self._down(), self._clock.monotonic_ns() / _NS_PER_S)
            try:
                level = self._pressed.get(timeout=_CHECK_S)
            except queue.Empty:
                continue
            if level not in self._stuck.levels:
                report(LevelPressed(level, self._raw_key(level)))

    def _down(self) -> set[int]:
        """The keys that are down now."""
        with self._lock:
            buttons = list(self._buttons)
        try:
            return {level for level, each in zip(_LEVELS, buttons, strict=False) if each.is_pressed}
        except pin_errors() as error:
            raise DeviceLost(f"rating pad: {error}", remedy="reset") from error

    def _raw_key(self, level: int) -> str:
        return f"gpio{self._options.buttons[level - 1]}"

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
