"""A barcode gun in serial mode (扫码枪): codes end with CR, with Tab, or with silence."""

from threading import Event
from typing import Annotated

import msgspec

from drivers.serial_port import SerialPort
from hal.clock import Clock
from hal.codecs.scan import ScanLines, Suffix
from hal.errors import DeviceError, DeviceLost
from hal.interfaces import CodeRead, Report, Role, Unreadable

IDLE_S = 0.5
FOUND_S = IDLE_S
"""No later than this after the port is gone, `watch` ends with DeviceLost."""
GAP_S = 0.1  # at 9600 baud a byte takes 1 ms; a gun sends a code without pauses


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`port` is a device path, best one below /dev/serial/by-path."""

    port: str
    baud: Annotated[int, msgspec.Meta(gt=0)] = 9600
    suffix: Suffix = "cr"


class ScannerSerial:
    """See hal.interfaces.Device. A code that came damaged is told as unreadable."""

    role: Role = "code"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._port: SerialPort | None = None

    def open(self) -> None:
        self._port = SerialPort(self._options.port, self._options.baud)

    def watch(self, report: Report, stop: Event) -> None:
        port = self._port
        if port is None:
            raise DeviceLost("the gun is not open")
        lines = ScanLines(self._options.suffix)
        while not stop.is_set():
            chunk = port.read(GAP_S if lines.waiting else IDLE_S)
            for code in lines.feed(chunk) if chunk else lines.gap():
                if code.integrity == "ok":
                    report(CodeRead(code))
                else:
                    cause = f"a code came incomplete ({code.integrity})"
                    report(Unreadable(DeviceError(cause, remedy="clear")))

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
