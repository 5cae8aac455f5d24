"""Lamps, rating pad and display as the session wants them: a steady scene, and short answers.

A device that is away is not an error here: the supervisor knows it, and the scene is shown again
when it is back.
"""

from contextlib import suppress
from threading import Lock, Timer

from firmware.panel import Panel
from firmware.session import ConfirmLevel, Scene, Sign
from hal.errors import DeviceLost
from hal.interfaces import Colour, Lamps, RatingPad

WINK_S = 0.2
_BEEP_S = 0.08
_DARK = Scene(green=False, pad=frozenset())


class Lights:
    """Safe to use from several threads. Every call returns at once."""

    def __init__(self, lamps: Lamps | None, pad: RatingPad | None, panel: Panel) -> None:
        self._lamps = lamps
        self._pad = pad
        self._panel = panel
        self._lock = Lock()
        self._scene = _DARK
        self._winks: dict[Colour, Timer] = {}

    def show(self, scene: Scene) -> None:
        """Make `scene` what the lamps show from now on."""
        with self._lock:
            self._scene = scene
            self._rest()

    def refresh(self) -> None:
        """Show the scene again: a device has come back, with its lamps as they may be."""
        with self._lock:
            self._rest()

    def give(self, sign: Sign) -> None:
        """Answer a person. The fact it answers must be on disk."""
        with self._lock:
            if isinstance(sign, ConfirmLevel):
                self._light_pad(frozenset())
                self._light_pad(frozenset({sign.level}))
            else:
                self._wink(sign.colour)
            self._beep()

    def stop(self) -> None:
        """End all winks; every lamp goes dark."""
        with self._lock:
            for timer in self._winks.values():
                timer.cancel()
            self._winks.clear()
            self._scene = _DARK
            self._rest()

    def _rest(self) -> None:
        for colour in ("red", "yellow", "green"):
            if colour not in self._winks:
                self._set(colour, self._steady(colour))
        self._light_pad(self._scene.pad)
        self._panel.show(self._scene.screen)

    def _steady(self, colour: Colour) -> bool:
        return colour == "green" and self._scene.green

    def _wink(self, colour: Colour) -> None:
        if (running := self._winks.pop(colour, None)) is not None:
            # An answer to somebody else is still on: it ends, so that this one is seen to begin.
            running.cancel()
            self._set(colour, self._steady(colour))
        self._set(colour, not self._steady(colour))
        self._later(colour, WINK_S)

    def _beep(self) -> None:
        if "buzzer" not in self._winks:
            self._set("buzzer", True)
            self._later("buzzer", _BEEP_S)

    def _later(self, colour: Colour, delay_s: float) -> None:
        timer = Timer(delay_s, lambda: self._end(colour, timer))
        timer.daemon = True
        self._winks[colour] = timer
        timer.start()

    def _end(self, colour: Colour, timer: Timer) -> None:
        with self._lock:
            if self._winks.get(colour) is timer:
                del self._winks[colour]
                self._set(colour, self._steady(colour))

    def _set(self, colour: Colour, on: bool) -> None:
        if self._lamps is not None:
            with suppress(DeviceLost):
                self._lamps.set(colour, on)

    def _light_pad(self, levels: frozenset[int]) -> None:
        if self._pad is not None:
            with suppress(DeviceLost):
                self._pad.light(levels)
