"""A barcode gun in serial mode: text and a suffix, paced at its baud rate."""

from collections.abc import Callable
from pathlib import Path

from sim.twins.line import SerialLine

BAUD = 9600
SUFFIXES = {"cr": b"\r", "tab": b"\t", "none": b""}


def _ignore(chunk: bytes) -> None:
    return None


class GunTwin:
    """The gun. It listens to nothing that the host says."""

    def __init__(self, link: Path, *, baud: int = BAUD, suffix: str = "cr") -> None:
        self._suffix = SUFFIXES[suffix]
        self._line = SerialLine(link, baud, _ignore)

    def plug(self) -> None:
        """Connect the gun (also again, after `unplug`)."""
        self._line.plug()

    def unplug(self) -> None:
        """Pull its cable."""
        self._line.unplug()

    def scan(self, text: str, sent: Callable[[], None] | None = None) -> bool:
        """Read a code: its text as UTF-8, then the suffix. Blocks until the last byte is out.

        False if the cable was pulled meanwhile; otherwise `sent` has been called.
        """
        whole = self._line.send(text.encode() + self._suffix)
        if whole and sent is not None:
            sent()
        return whole
