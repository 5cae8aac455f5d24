"""The number on the teller's keypad (叫号键盘): the newest one, told in a thread of its own."""

from collections.abc import Mapping
from contextlib import suppress
from threading import Condition

from firmware.task import Task
from hal.errors import DeviceLost
from hal.interfaces import Device, Keypad


class NumberDisplay:
    """Safe to use from several threads. The keypad beeps when a number appears on it.

    `raters`: the keypads that have rating keys too.
    """

    def __init__(self, devices: Mapping[str, Device]) -> None:
        """`devices`: those of the window; the first keypad among them shows the number."""
        keypads = {name: each for name, each in devices.items() if isinstance(each, Keypad)}
        self.raters = [name for name, keypad in keypads.items() if keypad.rates]
        self._keypad = next(iter(keypads.values()), None)
        self._changed = Condition()
        self._wanted: str | None = None
        self._stopping = False
        self._shown = ""
        self._task = Task("number display", self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Show what is wanted, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._task.join(timeout_s)

    def show(self, number: str) -> None:
        """Make `number` what is shown, `""` blank; returns at once. Also when it is what was
        shown: the keypad may be new.
        """
        with self._changed:
            self._wanted = number
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted is not None or self._stopping)
                number, self._wanted = self._wanted, None
            if number is None:
                return
            if self._keypad is not None:
                # A keypad that is away is the supervisor's business; it has the number shown again.
                with suppress(DeviceLost):
                    self._tell(self._keypad, number)

    def _tell(self, keypad: Keypad, number: str) -> None:
        keypad.show_number(number)
        appeared = bool(number) and number != self._shown
        self._shown = number
        if appeared:
            keypad.beep()
