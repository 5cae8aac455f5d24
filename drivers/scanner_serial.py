"""A barcode gun in serial mode (扫码枪): codes end with CR, with Tab, or with silence."""

from threading import Event
from typing import Annotated

import msgspec

from drivers.serial_port import SerialPort
from hal.clock import Clock
from hal.codecs.scan import ScanLines, Suffix, refusal
from hal.errors import DeviceLost
from hal.interfaces import CodeRead, Report, Role, Unreadable

IDLE_S = 0.5
FOUND_S = IDLE_S
"""No later than this after the port is gone, `watch` ends with DeviceLost."""
_START_GAP_S = 0.1  # at 9600 baud a byte takes 1 ms; a gun sends a code without pauses
_MOST_DISCARDED = 10_000  # reads; more than the longest code has bytes


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`port` is a device path, best one below /dev/serial/by-path.

    A silence of `gap_s` ends a code without suffix, and makes one with a suffix incomplete.
    """

    port: str
    baud: Annotated[int, msgspec.Meta(gt=0)] = 9600
    suffix: Suffix = "cr"
    gap_s: Annotated[float, msgspec.Meta(ge=0.03, le=1)] = 0.1


class ScannerSerial:
    """See hal.interfaces.Device. A code that came damaged is told as unreadable."""

    role: Role = "code"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._port: SerialPort | None = None

    def open(self) -> None:
        port = SerialPort(self._options.port, self._options.baud)
        self._port = port
        # A gun may be in the middle of a code, whose end must not be taken for a whole one.
        _await_silence(port, _START_GAP_S)

    def watch(self, report: Report, stop: Event) -> None:
        port = self._port
        if port is None:
            raise DeviceLost("the gun is not open")
        lines = ScanLines(self._options.suffix)
        while not stop.is_set():
            chunk = port.read(self._options.gap_s if lines.waiting else IDLE_S)
            for code in lines.feed(chunk) if chunk else lines.gap():
                error = refusal(code)
                report(CodeRead(code) if error is None else Unreadable(error))
                if code.integrity == "timeout":
                    # What comes after all is the rest of the code that was refused.
                    _await_silence(port, IDLE_S)

    def close(self) -> None:
        if self._port is not None:
            self._port.close()


def _await_silence(port: SerialPort, quiet_s: float) -> None:
    """Discard what comes until nothing does for so long, or the gun seems to have gone mad."""
    for _ in range(_MOST_DISCARDED):
        if not port.read(quiet_s):
            return
