"""A slip printer (小票打印机) that speaks ESC/POS: buffer, paper, cover, cutter, and its answers.

Source: docs/protocols/slip-printer-escpos.md. Real-time commands are obeyed as they come; all else
waits in the buffer, and stays there while there is no paper or the cover is open.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sim.twins.line import SerialLine

BAUD = 9600
FAULTS = (
    "paper_out",
    "cover_open",
    "cutter",
    "paper_out_midway",
    "power",
    "silent",
    "garble",
    "unplug",
)
"""At once: no paper, an open cover, a stuck cutter (until `mend`). In the next slip: the paper ends
in its middle; the power fails in its middle and comes back with an empty buffer; it prints but says
nothing more (until `mend`); its answers are garbled (until `mend`); the cable comes out."""
_LINES_TO_MIDDLE = 2
_WIDTH_DOTS = 576
_CODE_START, _CODE_STOP = 11, 13


@dataclass
class Slip:
    """What lies in the tray: text, and what a gun reads from it. `cut`: somebody can take it."""

    lines: list[str] = field(default_factory=list)
    barcodes: list[str] = field(default_factory=list)
    qr: list[str] = field(default_factory=list)
    cut: bool = False


class PrinterTwin:
    """The printer. `slips`: all that came out, oldest first; the last may not be cut yet."""

    def __init__(self, link: Path, baud: int = BAUD) -> None:
        self.slips: list[Slip] = []
        self.unknown: list[bytes] = []
        """Commands that it does not know."""
        self.chinese = False
        self._changed = threading.Condition()
        self._buffer = b""
        self._real_time = b""
        self._paper = self._closed = self._cutter = self._talks = self._clear = True
        self._pending: str | None = None
        self._qr = b""
        self._text = b""
        self.line = SerialLine(link, baud, self._receive)

    def plug(self) -> None:
        """Connect it (also again, after `unplug`), with an empty buffer."""
        self._forget()
        self.line.plug()

    def unplug(self) -> None:
        """Pull its cable."""
        self.line.unplug()

    def fault(self, name: str) -> None:
        """Have it go wrong so; `name` is one of FAULTS."""
        if name not in FAULTS:
            raise ValueError(f"the slip printer has no fault {name!r}")
        self._paper = self._paper and name != "paper_out"
        self._closed = self._closed and name != "cover_open"
        self._cutter = self._cutter and name != "cutter"
        self._clear = self._clear and name != "garble"
        if name in ("paper_out_midway", "power", "silent", "unplug"):
            self._pending = name

    def mend(self) -> None:
        """Put paper in, close the cover, free the cutter: what waits in the buffer is printed."""
        self._paper = self._closed = self._cutter = self._talks = self._clear = True
        self._pending = None
        self._work()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after all that comes. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def whole(self) -> list[Slip]:
        """The slips that were cut."""
        return [slip for slip in self.slips if slip.cut]

    def _receive(self, chunk: bytes) -> None:
        data, self._real_time = self._real_time + chunk, b""
        at = 0
        while at < len(data):
            if data[at] == 0x10 and at + 1 == len(data):
                break
            if data[at : at + 2] == b"\x10\x04":
                if at + 2 == len(data):
                    break
                self._tell(self._status(data[at + 2]))
                at += 3
                continue
            self._buffer += data[at : at + 1]
            at += 1
        self._real_time = data[at:]
        self._work()

    def _status(self, question: int) -> int:
        """Bits 1 and 4 are always set."""
        online = self._paper and self._closed and self._cutter
        bits = {
            1: 0x08 * (not online),
            2: 0x04 * (not self._closed) | 0x20 * (not self._paper) | 0x40 * (not self._cutter),
            3: 0x08 * (not self._cutter),
            4: 0x6C * (not self._paper),
        }
        return 0x12 | bits.get(question, 0)

    def _tell(self, byte: int) -> None:
        if self._talks:
            self.line.send(bytes([byte if self._clear else byte ^ 0x83]))

    def _work(self) -> None:
        """Obey what waits, as far as it has come."""
        while self._paper and self._closed and self._cutter and self._buffer:
            size = self._command()
            if size == 0:
                break
            self._buffer = self._buffer[size:]
        with self._changed:
            self._changed.notify_all()

    def _forget(self) -> None:
        self._buffer = self._real_time = self._text = b""
        self.chinese = False

    def _command(self) -> int:
        """Obey the first command of the buffer; its length, 0 if it has not all come."""
        data = self._buffer
        first = data[0]
        if first == 0x0A:
            self._line()
            return 1
        if first not in (0x1B, 0x1C, 0x1D):
            self._text += data[:1]
            return 1
        if len(data) < 2:
            return 0
        if first == 0x1D and data[1:2] in (b"k", b"("):
            return self._bars(data) if data[1:2] == b"k" else self._symbol(data)
        return self._short(data)

    def _short(self, data: bytes) -> int:
        """A command whose length its name tells."""
        name = data[:2]
        sizes = {
            b"\x1b@": 2, b"\x1c&": 2, b"\x1c.": 2, b"\x1b!": 3, b"\x1c!": 3, b"\x1ba": 3,
            b"\x1bd": 3, b"\x1bE": 3, b"\x1b-": 3, b"\x1bM": 3, b"\x1dh": 3, b"\x1dw": 3,
            b"\x1df": 3, b"\x1dH": 3, b"\x1dB": 3, b"\x1d!": 3, b"\x1bt": 3, b"\x1dV": 3,
            b"\x1dr": 3,
        }  # fmt: skip
        size = sizes.get(name, 2)
        if len(data) < size:
            return 0
        if name not in sizes:
            self.unknown.append(name)
        elif name in (b"\x1b@", b"\x1c&", b"\x1c."):
            self.chinese = name == b"\x1c&"
        elif name == b"\x1dV":
            self._cut()
        elif name == b"\x1dr":
            self._tell(0x00)
        return size

    def _bars(self, data: bytes) -> int:
        """GS k 73 n d1…dn: CODE128. Bars too wide for the paper are not printed."""
        if len(data) < 4 or len(data) < 4 + data[3]:
            return 0
        text, modules = decoded(data[4 : 4 + data[3]])
        if data[2] != 73 or 2 * modules > _WIDTH_DOTS:
            self.unknown.append(data[:4])
        else:
            self._slip().barcodes.append(text)
        return 4 + data[3]

    def _symbol(self, data: bytes) -> int:
        """GS ( k: a QR code, stored and then printed."""
        if len(data) < 5:
            return 0
        size = 5 + data[3] + 256 * data[4]
        if len(data) < size:
            return 0
        function = data[6:7]
        if function == b"P":
            self._qr = data[8:size]
        elif function == b"Q":
            self._slip().qr.append(self._qr.decode())
        return size

    def _line(self) -> None:
        text, self._text = self._text, b""
        slip = self._slip()
        slip.lines.append(text.decode("gb18030" if self.chinese else "cp437"))
        if len(slip.lines) == _LINES_TO_MIDDLE:
            self._middle()

    def _middle(self) -> None:
        """Where what was said by `fault` happens."""
        fault, self._pending = self._pending, None
        if fault == "paper_out_midway":
            self._paper = False
        elif fault == "power":
            self._forget()
            self._buffer = b"\n"  # the line that is being printed ends with it
        elif fault == "silent":
            self._talks = False
        elif fault == "unplug":
            self.unplug()

    def _cut(self) -> None:
        self._slip().cut = True

    def _slip(self) -> Slip:
        if not self.slips or self.slips[-1].cut:
            self.slips.append(Slip())
        return self.slips[-1]


def decoded(data: bytes) -> tuple[str, int]:
    """The text of CODE128 data with its `{B` and `{C`, and how many modules its bars take."""
    text, symbols, pairs, at = "", 1, False, 0
    while at < len(data):
        if data[at : at + 1] == b"{" and data[at + 1 : at + 2] in (b"B", b"C"):
            pairs = data[at + 1 : at + 2] == b"C"
            at += 2
            symbols += 1
            continue
        if pairs:
            text += f"{data[at]:02d}"
        else:
            at += data[at : at + 2] == b"{{"
            text += chr(data[at])
        at += 1
        symbols += 1
    return text, symbols * _CODE_START + _CODE_STOP
