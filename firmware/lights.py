"""Lamps, rating pad, displays and voice as the session wants them: a steady scene, short answers.

A device that is away is not an error here: the supervisor knows it, and the scene is shown again
when it is back.
"""

from contextlib import suppress
from threading import Lock, Timer

from firmware.number_display import NumberDisplay
from firmware.panel import Panel
from firmware.scene import LEVELS, Scene
from firmware.session import Blink, ConfirmLevel, Explain, Sign, Speak, Wink
from firmware.speaker import Speaker
from hal.errors import DeviceLost
from hal.interfaces import Colour, FlashRate, Lamps, RatingPad, Screen

WINK_S = 0.2
BLINK_S = 0.5
"""Half of a blink: lamps on, lamps off (认窗)."""
_BEEP_S = 0.08
EXPLAIN_S = 3.0
_AGAIN = "请重试"
_DARK = Scene(green=False, pad=frozenset())
_LAMPS: tuple[Colour, ...] = ("red", "yellow", "green")
_ALL: tuple[Colour, ...] = (*_LAMPS, "buzzer")


class Lights:
    """Safe to use from several threads. Every call returns at once."""

    def __init__(
        self,
        lamps: Lamps | None,
        pad: RatingPad | None,
        panel: Panel,
        speaker: Speaker | None = None,
        number: NumberDisplay | None = None,
    ) -> None:
        """Panel, speaker and number display are started and stopped by their owner, after the
        last call here.
        """
        self._lamps = lamps
        self._pad = pad
        self._panel = panel
        self._speaker = speaker
        self._number = number
        self._lock = Lock()
        self._scene = _DARK
        self._winks: dict[Colour, Timer] = {}
        self._blink: Timer | None = None
        self._over: Screen | None = None
        self._over_timer: Timer | None = None

    def show(self, scene: Scene) -> None:
        """Make `scene` what is shown, and held in words, from now on."""
        with self._lock:
            if scene.screen != self._scene.screen:
                self._end_over()  # what was explained is of somebody before
            self._scene = scene
            self._rest()
            self._hold(scene.phrase)

    def refresh(self) -> None:
        """Show the scene again: a device has come back, with its lamps as they may be."""
        with self._lock:
            self._rest()

    def give(self, sign: Sign) -> None:
        """Answer a person. The fact it answers must be on disk."""
        with self._lock:
            match sign:
                case ConfirmLevel(level=level):
                    self._light_pad(frozenset())
                    self._light_pad(frozenset({level}))
                    self._beep()
                    # Who does not see the lamp hears which level it was.
                    self._speak(LEVELS[level])
                case Wink(colour=colour):
                    self._wink(colour)
                    self._beep()
                case Blink(duration_s=duration_s):
                    self._begin_blink(duration_s)
                case Speak(text=text):
                    self._speak(text)
                case Explain(text=text):
                    self._show_over(Screen(_AGAIN, (text,)), EXPLAIN_S)

    def _speak(self, text: str) -> None:
        if self._speaker is not None:
            self._speaker.say(text)

    def stop(self) -> None:
        """End all winks; every lamp goes dark."""
        with self._lock:
            for timer in self._winks.values():
                timer.cancel()
            self._winks.clear()
            self._end_over()
            self._end_blink()
            self._scene = _DARK
            self._rest()
            self._hold(None)

    def _rest(self) -> None:
        for colour in _ALL:
            if colour not in self._winks:
                self._stand(colour)
        self._light_pad(self._scene.pad)
        self._panel.show(self._over or self._scene.screen)
        if self._number is not None:
            self._number.show(self._scene.number)

    def _ordered(self, colour: Colour) -> FlashRate | None:
        """How the centre wishes the lamp, if it does."""
        light = self._scene.light
        return light[1] if light is not None and light[0] == colour else None

    def _steady(self, colour: Colour) -> bool:
        """Whether the lamp is on, or flashes, while nothing happens."""
        ordered = self._ordered(colour)
        return bool(getattr(self._scene, colour)) if ordered is None else ordered != "off"

    def _stand(self, colour: Colour) -> None:
        """Show it as it is while nothing happens."""
        ordered = self._ordered(colour)
        if ordered is None:
            self._set(colour, self._steady(colour))
        elif self._lamps is not None:
            with suppress(DeviceLost):
                self._lamps.flash(colour, ordered)

    def _wink(self, colour: Colour) -> None:
        if (running := self._winks.pop(colour, None)) is not None:
            # An answer to somebody else is still on: it ends, so that this one is seen to begin.
            running.cancel()
            self._stand(colour)
        self._set(colour, not self._steady(colour))
        self._later(colour, WINK_S)

    def _beep(self) -> None:
        if "buzzer" not in self._winks:
            self._set("buzzer", not self._steady("buzzer"))
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
                self._stand(colour)

    def _show_over(self, screen: Screen, duration_s: float) -> None:
        """On the display before the scene, for so long; a later one takes its place."""
        self._end_over()
        self._over = screen
        self._panel.show(screen)
        timer = Timer(duration_s, lambda: self._over_is_over(timer))
        timer.daemon = True
        self._over_timer = timer
        timer.start()

    def _over_is_over(self, timer: Timer) -> None:
        with self._lock:
            if self._over_timer is timer:
                self._end_over()
                self._panel.show(self._scene.screen)

    def _end_over(self) -> None:
        if self._over_timer is not None:
            self._over_timer.cancel()
        self._over = self._over_timer = None

    def _begin_blink(self, duration_s: float) -> None:
        """All lamps together, on first. Asked for again, it begins anew."""
        self._end_blink()
        self._half_blink(2 * max(1, round(duration_s / (2 * BLINK_S))))

    def _half_blink(self, halves: int) -> None:
        """One half of a blink; `halves` are left with it, an even number when the lamps go on."""
        for colour in _LAMPS:
            self._set(colour, halves % 2 == 0)
        timer = Timer(BLINK_S, lambda: self._next_half(timer, halves - 1))
        timer.daemon = True
        self._blink = timer
        timer.start()

    def _next_half(self, timer: Timer, halves: int) -> None:
        with self._lock:
            if self._blink is not timer:
                return
            if halves > 0:
                self._half_blink(halves)
            else:
                self._blink = None
                self._rest()

    def _end_blink(self) -> None:
        if self._blink is not None:
            self._blink.cancel()
            self._blink = None
            self._rest()

    def _hold(self, phrase: str | None) -> None:
        if self._speaker is not None:
            self._speaker.hold(phrase)

    def _set(self, colour: Colour, on: bool) -> None:
        if self._lamps is not None:
            with suppress(DeviceLost):
                self._lamps.set(colour, on)

    def _light_pad(self, levels: frozenset[int]) -> None:
        if self._pad is not None:
            with suppress(DeviceLost):
                self._pad.light(levels)
