"""One window as people find it: readers, gun, pad, and the lights and display that answer.

What the lights mean is the terminal's promise (docs/protocols/gpio-lamps-and-rating.md): green
stands while a visit is open and winks when a card was read; yellow winks for a code or a page; the
pad's five lamps ask, and the pressed one alone stays on as the answer.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.card import Card
from sim.card_person import card_of
from sim.paper import photograph
from sim.pcscd import Pcscd
from sim.twins.camera import CameraTwin
from sim.twins.card import Fault
from sim.twins.gpio import GpioTwin, Mark, winked
from sim.twins.gun import GunTwin
from sim.twins.identity import IdentityTwin
from sim.twins.printer import PrinterTwin
from sim.twins.testbed import GUN, I2C_BUS, KernelTwin

LEVELS = (1, 2, 3, 4, 5)
FRAME_PX = (1600, 1200)
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
    gun: str = GUN
    bus: str = I2C_BUS

    @property
    def identity(self) -> Path:
        return self.folder / "identity"

    @property
    def serial_gun(self) -> Path:
        return self.folder / "gun"

    @property
    def printer(self) -> Path:
        return self.folder / "printer"

    @property
    def frames(self) -> Path:
        return self.folder / "frames"

    @property
    def gpio(self) -> Path:
        return self.folder / "gpio.sock"


class Window:
    """The twins of one terminal and what a person can see of its answers."""

    def __init__(self, readers: Pcscd, number: int) -> None:
        """`readers`: where the card reader is, the one of `number` (from 1)."""
        # A socket's path has room for 107 bytes, which a run's folder may exceed.
        self.wires = Wires(Path(tempfile.mkdtemp(prefix="ow-wires-")))
        self.identity = IdentityTwin(self.wires.identity)
        self.kernel = KernelTwin()
        self.gpio = GpioTwin(self.wires.gpio, self.wires.buttons)
        self.printer = PrinterTwin(self.wires.printer)
        self.camera = CameraTwin(self.wires.frames)
        self.serial_gun: GunTwin | None = None
        """A gun at a serial port; while there is one, people scan with it."""
        self._readers = readers
        self._reader = number - 1
        self._spoilt: tuple[Fault, int] | None = None

    def plug(self) -> None:
        """Connect all devices."""
        self.identity.plug()
        self.printer.plug()
        self.kernel.start()
        self.gpio.open()

    def unplug(self) -> None:
        """Take all devices away, with the folder of their wires. The terminal must have ended."""
        self.identity.unplug()
        self.printer.unplug()
        self.kernel.stop()
        self.gpio.close()
        shutil.rmtree(self.wires.folder, ignore_errors=True)

    def mark(self) -> Mark:
        """The moment to which the waiting below looks back."""
        return self.gpio.mark()

    @property
    def card_reader(self) -> str:
        """The exact PC/SC name of this window's reader."""
        return self._readers.reader(self._reader)

    @property
    def card_socket(self) -> Path:
        """Where the terminal reaches its pcscd."""
        return self._readers.socket

    def insert(self, person: Card) -> None:
        """Put the social-security card of `person` into the reader."""
        spoilt, self._spoilt = self._spoilt, None
        fault, after = spoilt or (None, 0)
        self._readers.lay(self._reader, card_of(person), fault, after)

    def tear_out(self, after_commands: int) -> None:
        """Fault: the card put in next is pulled out after so many commands to it."""
        self._spoilt = "withdraw", after_commands

    def spoil_card(self, fault: Fault | None) -> None:
        """Fault: the card put in next is so from the start; None: it is a good one after all."""
        self._spoilt = None if fault is None else (fault, 0)

    def unplug_card_reader(self) -> None:
        """Pull its cable; pcscd begins anew, for the readers of all windows."""
        self._readers.unplug(self._reader)

    def plug_card_reader(self) -> None:
        """Connect it again, with the card that lies in it; as `unplug_card_reader` otherwise."""
        self._readers.plug(self._reader)

    def withdraw(self) -> None:
        """Take the card out of the reader."""
        self._readers.withdraw(self._reader)

    def scan(self, code: str, sent: Callable[[], None]) -> None:
        """Read a code with the gun; `sent` is called when its last key is up, if it was heard."""
        if self.serial_gun is not None:
            self.serial_gun.scan(code, sent)
        else:
            self.kernel.scan(code, sent)

    def lay_page(self, seed: int, code: str) -> None:
        """Lay a page with `code` in its QR code below the camera; how it lies is by `seed`."""
        self.camera.show(photograph(seed, code, size_px=FRAME_PX).jpeg)

    def wait_page_taken(self, since: Mark, timeout_s: float) -> bool:
        """Whether yellow winks: the page was taken and kept."""
        return self._wait_wink(self.wires.yellow, _OFF, since, timeout_s)

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
        # Nobody goes on waiting for an answer of lamps that have gone dark.
        self.gpio.wait(
            lambda: (
                winked(course := self.gpio.course(pin, since), steady)
                or (len(course) > 1 and course[-1] is None)
            ),
            timeout_s,
        )
        return winked(self.gpio.course(pin, since), steady)

    def wait_attended(self, timeout_s: float) -> bool:
        """Whether, within the time, a program holds the lamps: the window is not dark."""
        green = self.wires.green
        return self.gpio.wait(lambda: self.gpio.lit(green) or self.gpio.off(green), timeout_s)

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
