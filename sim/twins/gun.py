"""A barcode gun in serial mode: text and a suffix, paced at its baud rate."""

import time
from collections.abc import Callable
from pathlib import Path

from sim.twins.line import SerialLine

BAUD = 9600
SUFFIXES = {"cr": b"\r", "tab": b"\t", "none": b""}
FAULTS = ("no_suffix", "pause", "lost_byte", "too_long", "noise", "gb18030", "unplug")
"""What can go wrong with a scan: the end of the code does not come; the gun pauses in the middle; a
byte is lost; the gun goes on and on; bytes that are no text; an older code's Chinese; the cable
comes out in the middle."""
PAUSE_S = 0.25
"""Longer than any gap that ends a code."""
_ENDLESS = b"9" * 5000


def _ignore(chunk: bytes) -> None:
    return None


class GunTwin:
    """The gun. It listens to nothing that the host says."""

    def __init__(self, link: Path, *, baud: int = BAUD, suffix: str = "cr") -> None:
        self._suffix = SUFFIXES[suffix]
        self._line = SerialLine(link, baud, _ignore)
        self._fault: str | None = None

    def plug(self) -> None:
        """Connect the gun (also again, after `unplug`)."""
        self._line.plug()

    def unplug(self) -> None:
        """Pull its cable."""
        self._line.unplug()

    def fault(self, name: str) -> None:
        """The next scan goes wrong so; `name` is one of FAULTS."""
        if name not in FAULTS:
            raise ValueError(f"the gun has no fault {name!r}")
        self._fault = name

    def mend(self) -> None:
        """The next scan is a good one."""
        self._fault = None

    def scan(self, text: str, sent: Callable[[], None] | None = None) -> bool:
        """Read a code: its text as UTF-8, then the suffix. Blocks until the last byte is out.

        False if the cable was pulled meanwhile; otherwise `sent` has been called.
        """
        fault, self._fault = self._fault, None
        first, rest = self._parts(text, fault)
        whole = self._line.send(first)
        if fault == "pause":
            time.sleep(PAUSE_S)
        if fault == "unplug":
            self.unplug()
            return False
        whole = whole and self._line.send(rest)
        if whole and sent is not None:
            sent()
        return whole

    def _parts(self, text: str, fault: str | None) -> tuple[bytes, bytes]:
        """What is sent, in the two pieces between which a pause or the end may come."""
        body = text.encode("gb18030" if fault == "gb18030" else "utf-8")
        middle = len(body) // 2
        first, rest = body[:middle], body[middle:]
        if fault == "lost_byte":
            rest = rest[1:]
        elif fault == "too_long":
            first += _ENDLESS
        elif fault == "noise":
            first += b"\xff\x00\xfe"
        return first, rest + (b"" if fault == "no_suffix" else self._suffix)
