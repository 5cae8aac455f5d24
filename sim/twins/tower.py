"""A USB tower lamp (三色灯): one byte an order, three lights and a buzzer.

Source: docs/protocols/tower-lamp-usb.md.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from sim.twins.line import SerialLine

BAUD = 9600
LIGHTS = {1: "red", 2: "yellow", 4: "green", 8: "buzzer"}
STATES = {1: "on", 2: "off", 4: "blink"}
FAULTS = ("unplug",)
"""What can go wrong with an order: the lamp is pulled out instead of taking it."""


def _silent(text: str) -> None:
    return None


class TowerTwin:
    """The lamp. `states` is what a person sees: `on`, `off` or `blink` of each light.

    Pulled out it forgets: plugged in again, all is off. `say` hears of each order that it takes.
    """

    def __init__(self, link: Path, say: Callable[[str], None] = _silent) -> None:
        self._say = say
        self.states = dict.fromkeys(LIGHTS.values(), "off")
        self.course: list[tuple[str, str]] = []
        """Every order that it took, oldest first."""
        self.unknown: list[int] = []
        """Bytes that are no order."""
        self._changed = threading.Condition()
        self._fault: str | None = None
        self._line = SerialLine(link, BAUD, self._receive)

    def plug(self) -> None:
        """Connect it (also again, after `unplug`)."""
        self.states = dict.fromkeys(LIGHTS.values(), "off")
        self._line.plug()

    def unplug(self) -> None:
        """Pull its cable."""
        self._line.unplug()

    def fault(self, name: str) -> None:
        """The next order goes wrong so; `name` is one of FAULTS."""
        if name not in FAULTS:
            raise ValueError(f"the tower lamp has no fault {name!r}")
        self._fault = name

    def mend(self) -> None:
        """The next order is taken."""
        self._fault = None

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each order. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def _receive(self, chunk: bytes) -> None:
        if self._fault == "unplug":
            self._fault = None
            self.unplug()
            return
        with self._changed:
            for byte in chunk:
                light, state = LIGHTS.get(byte & 0x0F), STATES.get(byte >> 4)
                if light is None or state is None:
                    self.unknown.append(byte)
                else:
                    self.states[light] = state
                    self.course.append((light, state))
                    self._say(f"{light} {state}")
            self._changed.notify_all()
