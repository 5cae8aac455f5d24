"""A slip printer (小票打印机) that speaks ESC/POS, at a serial port or as a USB printer.

Source: docs/protocols/slip-printer-escpos.md. A slip counts as printed when the printer answers a
question that stands behind the cut in its buffer, and then has no complaint.
"""

import subprocess
import sys
from collections.abc import Iterator
from threading import Event, Lock
from time import monotonic
from typing import Annotated, Literal

import msgspec

from drivers.printer_escpos.port import Port
from hal.clock import Clock
from hal.errors import DeviceLost, DeviceRefused
from hal.interfaces import PrintVerdict, Report, Role, Slip

PRINT_S = 30.0
"""So long a slip may take, a change of paper in its middle included."""
_CHECK_S, _SILENCE_S = 1.0, 3.0
FOUND_S = _CHECK_S + _SILENCE_S
"""No later than this after the printer died, `watch` ends with DeviceLost."""
_ASK_S = 0.5
_COMPOSE_S = 20.0  # Python and Pillow from a slow card
_QUIET_S = 0.3

_PRINTER, _OFFLINE, _ERROR, _PAPER = 1, 2, 3, 4
_AFTER_CUT = b"\x1d\x72\x01"
"""GS r 1: answered when its turn comes, behind all that was sent before it."""
_NO_PAPER = "the printer is out of paper; put in a new roll. 缺纸,请更换纸卷。"
_FAULT = "the printer reports a fault; switch it off and on. 打印机故障,请重启。"
_COMPLAINTS: tuple[tuple[int, int, Literal["clear", "replace", "maintain"], str], ...] = (
    (_OFFLINE, 0x04, "clear", "the printer's cover is open; close it. 打印机上盖未关,请合上。"),
    (_PAPER, 0x60, "replace", _NO_PAPER),
    (_OFFLINE, 0x20, "replace", _NO_PAPER),
    (_ERROR, 0x08, "clear", "the cutter is jammed; free it. 切刀卡住,请打开上盖清理。"),
    (_ERROR, 0x60, "maintain", _FAULT),
)  # fmt: skip
"""Question, bits of its answer, remedy, sentence; what stands first is told first."""


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`port`: a serial port, best below /dev/serial/by-path, or a USB printer (/dev/usb/lp0).

    `paper_mm`: the roll's width. `encoding`: of the printer's Chinese font.
    """

    port: str
    baud: Annotated[int, msgspec.Meta(gt=0)] = 9600
    paper_mm: Literal[58, 80] = 80
    encoding: Literal["gb18030", "gbk"] = "gb18030"


class PrinterEscpos:
    """See hal.interfaces.SlipPrinter."""

    role: Role = "slip"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._using = Lock()
        self._port: Port | None = None
        self._lost: DeviceLost | None = None
        self._owes = False

    def open(self) -> None:
        """DeviceLost if nothing is there, or it does not answer."""
        port = Port(self._options.port, self._options.baud)
        self._port, self._lost = port, None
        with self._using:
            _ask(port, _PRINTER)

    def watch(self, report: Report, stop: Event) -> None:
        port = self._port
        if port is None:
            raise DeviceLost("the slip printer is not open")
        while not stop.wait(_CHECK_S):
            with self._using:
                if self._lost is not None:
                    raise self._lost
                _ask(port, _PRINTER)

    def print_slip(self, slip: Slip) -> PrintVerdict:
        body = self._compose(slip)
        with self._using:
            port = self._port
            if port is None:
                raise DeviceLost("the slip printer is not open")
            self._refuse(port)
            if self._owes:
                self._settle(port)
            try:
                return self._send(port, body)
            except DeviceLost as lost:
                self._lost = lost
                return "unknown"

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _compose(self, slip: Slip) -> bytes:
        work = {
            "slip": slip,
            "width_dots": 576 if self._options.paper_mm == 80 else 384,
            "encoding": self._options.encoding,
        }
        command = [sys.executable, "-P", "-m", "drivers.printer_escpos.composer"]
        try:
            done = subprocess.run(
                command, input=msgspec.json.encode(work), stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, timeout=_COMPOSE_S, check=True, process_group=0,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            cause = "the slip cannot be composed; call a technician. 无法排版,请联系技术员。"
            raise DeviceRefused(cause, remedy="maintain") from error
        return done.stdout

    def _refuse(self, port: Port) -> None:
        """DeviceRefused if something hinders a print."""
        answers = {n: _ask(port, n) for n in (_OFFLINE, _ERROR, _PAPER)}
        for question, bits, remedy, sentence in _COMPLAINTS:
            if answers[question] & bits:
                raise DeviceRefused(sentence, remedy=remedy, code=answers[question])

    def _settle(self, port: Port) -> None:
        """An earlier slip was never confirmed: wait until the printer has nothing of it left.

        Otherwise its late answer would be taken for that of the next one.
        """
        port.drop_input()
        port.write(_AFTER_CUT, _ASK_S)
        if not any(_confirms(byte) for byte in _heard(port, _SILENCE_S)):
            cause = (
                "the printer still holds an earlier slip; switch it off and on. 打印机忙,请重启。"
            )
            raise DeviceRefused(cause, remedy="clear")
        while port.read(_QUIET_S):
            continue
        self._owes = False

    def _send(self, port: Port, body: bytes) -> PrintVerdict:
        port.drop_input()
        self._owes = True
        port.write(body + _AFTER_CUT, PRINT_S)
        if not _confirmed(port):
            return "unknown"
        self._owes = False
        try:
            self._refuse(port)
        except DeviceRefused:
            return "unknown"
        return "printed"


def _confirmed(port: Port) -> bool:
    """Whether the printer says that it has done everything; DeviceLost once it is silent."""
    end_s = monotonic() + PRINT_S
    heard_s = monotonic()
    while (now_s := monotonic()) < end_s:
        if now_s - heard_s > _SILENCE_S:
            raise DeviceLost("the slip printer fell silent", remedy="reset")
        port.write(bytes((0x10, 0x04, _PRINTER)), _SILENCE_S)
        for byte in _heard(port, _ASK_S):
            if _confirms(byte):
                return True
            if _is_status(byte):
                heard_s = monotonic()
    return False


def _ask(port: Port, question: int) -> int:
    """Its status now, whatever it is doing. DeviceLost if it does not answer."""
    end_s = monotonic() + _SILENCE_S
    while monotonic() < end_s:
        port.drop_input()
        port.write(bytes((0x10, 0x04, question)), _SILENCE_S)
        for byte in _heard(port, _ASK_S):
            if _is_status(byte):
                return byte
    raise DeviceLost("the slip printer does not answer", remedy="reset")


def _heard(port: Port, timeout_s: float) -> Iterator[int]:
    """What it says, byte by byte, until the time is over."""
    end_s = monotonic() + timeout_s
    while (left_s := end_s - monotonic()) > 0:
        yield from port.read(left_s)


def _is_status(byte: int) -> bool:
    """An answer to DLE EOT: bits 1 and 4 are set, 0 and 7 are not."""
    return byte & 0x93 == 0x12


def _confirms(byte: int) -> bool:
    """An answer to GS r: bits 4 and 7 are not set. With paper: what ended could not answer."""
    return byte & 0x9C == 0x00
