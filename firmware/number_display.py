"""The number on the teller's keypad (叫号键盘): the newest one, told in a thread of its own."""

from collections.abc import Mapping

from firmware.newest import Newest
from hal.interfaces import Device, Keypad


class NumberDisplay(Newest[str]):
    """The keypad beeps when a number appears on it; `""` is blank.

    `raters`: the keypads that have rating keys too.
    """

    def __init__(self, devices: Mapping[str, Device]) -> None:
        """`devices`: those of the window; the first keypad among them shows the number."""
        super().__init__("number display", self._tell)
        keypads = {name: each for name, each in devices.items() if isinstance(each, Keypad)}
        self.raters = [name for name, keypad in keypads.items() if keypad.rates]
        self._keypad = next(iter(keypads.values()), None)
        self._shown = ""

    def _tell(self, number: str) -> None:
        if self._keypad is None:
            return
        self._keypad.show_number(number)
        appeared = bool(number) and number != self._shown
        self._shown = number
        if appeared:
            self._keypad.beep()
