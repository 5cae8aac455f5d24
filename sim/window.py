"""One window as people find it: the reader, the gun, the pad, and the lights that answer.

What the lights mean is the terminal's promise (README.md, "At the window"): green stands while a
visit is open and winks when a card was read; yellow winks for a code; the pad's five lamps ask,
and the pressed one alone stays on as the answer.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.twins.gpio import GpioTwin, Mark, winked
from sim.twins.gun import GunTwin
from sim.twins.identity import IdentityTwin

LEVELS = (1, 2, 3, 4, 5)
STAYING_S = 0.05
"""Longer than a driver needs to set five lamps."""
_ON, _OFF = 1, 0


@dataclass(frozen=True)
class Wires:
    """Where the twins of one window are found. `buttons` and `lamps`: level 1 first."""

    folder: Path
    buttons: Sequence[int] = (5, 6, 13, 19, 26)
    lamps: Sequence[int] = (12, 16, 20, 21, 25)
    red: int = 17
    yellow: int = 27
    green: int = 22

    @property
    def identity(self) -> Path:
        return self.folder / "identity"

    @property
    def gun(self) -> Path:
        return self.folder / "gun"

    @property
    def gpio(self) -> Path:
        return self.folder / "gpio.sock"


class Window:
    """The twins of one terminal and what a person can see of its answers."""

    def __init__(self) -> None:
        # A socket's path has room for 107 bytes, which a run's folder may exceed.
        self.wires = Wires(Path(tempfile.mkdtemp(prefix="ow-wires-")))
        self.identity = IdentityTwin(self.wires.identity)
        self.gun = GunTwin(self.wires.gun)
        self.gpio = GpioTwin(self.wires.gpio, self.wires.buttons)

    def plug(self) -> None:
        """Connect all devices."""
        self.identity.plug()
        self.gun.plug()
        self.gpio.open()

    def unplug(self) -> None:
        """Take all devices away, with the folder of their wires."""
        self.identity.unplug()
        self.gun.unplug()
        self.gpio.close()
        shutil.rmtree(self.wires.folder, ignore_errors=True)

    def mark(self) -> Mark:
        """The moment to which the waiting below looks back."""
        return self.gpio.mark()

    def wait_open(self, timeout_s: float) -> bool:
        """Whether the green lamp stands within the time: a visit is open."""
        return self.gpio.wait(lambda: self.gpio.lit(self.wires.green), timeout_s)

    def wait_closed(self, timeout_s: float) -> bool:
        """Whether the green lamp is off within the time: the visit is closed."""
        return self.gpio.wait(lambda: self.gpio.off(self.wires.green), timeout_s)

    def wait_card_taken(self, since: Mark, timeout_s: float) -> bool:
        """Whether green winks: the card was read and kept."""
        return self._wait_wink(self.wires.green, _ON, since, timeout_s)

    def wait_code_taken(self, since: Mark, timeout_s: float) -> bool:
        """Whether yellow winks: the code was read and kept."""
        return self._wait_wink(self.wires.yellow, _OFF, since, timeout_s)

    def _wait_wink(self, pin: int, steady: int, since: Mark, timeout_s: float) -> bool:
        return self.gpio.wait(lambda: winked(self.gpio.course(pin, since), steady), timeout_s)

    def wait_asked(self, timeout_s: float) -> bool:
        """Whether all five lamps of the pad are on: a rating is asked for."""
        return self.gpio.wait(lambda: all(map(self.gpio.lit, self.wires.lamps)), timeout_s)

    def wait_rating_taken(self, level: int, since: Mark, timeout_s: float) -> bool:
        """Whether, by a change since then, the lamp of `level` alone is on, and stays so."""
        return self.gpio.wait_staying(lambda: self._only(level, since), STAYING_S, timeout_s)

    def _only(self, level: int, since: Mark) -> bool:
        pressed = self.wires.lamps[level - 1]
        others = [pin for pin in self.wires.lamps if pin != pressed]
        changed = any(len(self.gpio.course(pin, since)) > 1 for pin in self.wires.lamps)
        return changed and self.gpio.lit(pressed) and not any(map(self.gpio.lit, others))

    def press(self, level: int, settled: Callable[[], None]) -> None:
        """Press the key of `level`; see `GpioTwin.press`."""
        self.gpio.press(self.wires.buttons[level - 1], settled)
