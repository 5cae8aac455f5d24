"""A USB port's folder as sysfs has it, with its switch: `disable`, 1 without power and 0 with it.

The switch is a FIFO and no file, so that each value written is seen, in its order.
Source: docs/protocols/usb-port-power.md.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from sim.errors import PortFault

_LONGEST_WRITE = 64


class UsbPort:
    """`off` pulls what is plugged in here, `on` plugs it again; both are called in our thread.

    `cycles` counts how often the power came back.
    """

    def __init__(self, folder: Path, off: Callable[[], None], on: Callable[[], None]) -> None:
        self.folder = folder
        self.cycles = 0
        self._off, self._on = off, on
        self._changed = threading.Condition()
        self._powered = True
        self._there = True
        self._file = -1
        self._closing = False
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """PortFault if the folder cannot be made."""
        switch = self.folder / "disable"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            switch.unlink(missing_ok=True)
            os.mkfifo(switch)
            # For writing too: it does not end when a writer does.
            self._file = os.open(switch, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise PortFault(f"{switch} cannot be made: {error.strerror}.") from error
        self._thread = threading.Thread(target=self._follow, daemon=True, name="usb port")
        self._thread.start()

    def close(self) -> None:
        """Take the switch away. A second call does nothing."""
        if self._thread is None:
            return
        self._closing = True
        with contextlib.suppress(OSError):
            os.write(self._file, b"\n")
        self._thread.join()
        self._thread = None
        os.close(self._file)
        (self.folder / "disable").unlink(missing_ok=True)

    def wedge(self) -> None:
        """Fault: the device is gone, though plugged in, until its power is switched off and on."""
        with self._changed:
            self._move(False)

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each switching. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def _follow(self) -> None:
        rest = b""
        while not self._closing:
            *values, rest = (rest + os.read(self._file, _LONGEST_WRITE)).split(b"\n")
            for value in values:
                if value in (b"0", b"1"):
                    self._switch(value == b"0")

    def _switch(self, powered: bool) -> None:
        with self._changed:
            if powered == self._powered:
                return
            self._powered = powered
            self._move(powered)
            self.cycles += powered
            self._changed.notify_all()

    def _move(self, there: bool) -> None:
        if there != self._there:
            self._there = there
            (self._on if there else self._off)()
