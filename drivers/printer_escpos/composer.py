"""The child process that turns a slip into a printer's bytes: JSON comes in, ESC/POS goes out.

python-escpos brings Pillow and two barcode libraries, 15 MB that the terminal need not carry all
day; so it is imported here alone, in a process that ends with the slip.
"""

import re
import sys

import msgspec
from escpos.printer import Dummy  # type: ignore[import-untyped]

from hal.interfaces import Slip

MODULE_DOTS = 2
"""The narrowest bar: 0.25 mm at 203 dpi, what a gun reads from thermal paper without care."""
_BAR_DOTS = 80
_CHINESE_MODE = b"\x1c\x26"
_CHINESE_DOUBLE, _CHINESE_NORMAL = b"\x1c\x21\x0c", b"\x1c\x21\x00"
"""FS !: the size of Chinese characters; ESC !, which the library sends, is of the others."""
_SYMBOL_MODULES, _STOP_MODULES = 11, 13
_PAIRS = re.compile(r"((?:[0-9]{2}){2,})(?![0-9])")
_REAL_TIME = ("\x10\x04", "\x10\x05", "\x10\x14")
"""Commands that a printer obeys wherever they stand, also within the data of a barcode."""
_QR_DOTS = 6


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What to compose, for which printer. `width_dots`: what it can print across."""

    slip: Slip
    width_dots: int
    encoding: str


def compose(work: Work) -> bytes:
    """The whole slip, from the reset to the cut."""
    slip, printer = work.slip, Dummy()
    printer.hw("INIT")
    printer._raw(_CHINESE_MODE)
    printer.set(align="center", double_width=True, double_height=True, normal_textsize=False)
    printer._raw(_CHINESE_DOUBLE + _text(slip.title, work.encoding) + _CHINESE_NORMAL)
    printer.set(align="left", normal_textsize=True)
    for line in slip.lines:
        printer._raw(_text(line, work.encoding))
    printer.set(align="center")
    codes = [slip.qr] if slip.qr else []
    if slip.barcode and not _bars(printer, slip.barcode, work.width_dots):
        codes.append(slip.barcode)
    for code in codes:
        printer.qr(_plain(code), size=_QR_DOTS, native=True)
        printer._raw(_text(code, work.encoding))
    printer.cut(mode="PART")
    output: bytes = printer.output
    return output


def code128(text: str) -> tuple[str, int]:
    """The data of `GS k` (code sets B and C), and how many modules wide the bars are."""
    data, symbols = "", 2  # the start, which the first code set stands for, and the check
    for index, part in enumerate(_PAIRS.split(text)):
        if not part:
            continue
        if index % 2:
            pairs = [int(part[at : at + 2]) for at in range(0, len(part), 2)]
            encoded, length = "{C" + "".join(map(chr, pairs)), len(pairs)
        else:
            encoded, length = "{B" + part.replace("{", "{{"), len(part)
        symbols += length + bool(data)
        data += encoded
    return data, symbols * _SYMBOL_MODULES + _STOP_MODULES


def _bars(printer: Dummy, text: str, width_dots: int) -> bool:
    """Print it as CODE128, its text below; False if it is too wide for the paper or no such text.

    The white beside the bars is the paper's own margin, 4 mm and more.
    """
    data, modules = code128(text)
    clash = any(each in data for each in _REAL_TIME)
    if not re.fullmatch(r"[ -~]{1,80}", text) or modules * MODULE_DOTS > width_dots or clash:
        return False
    printer.barcode(
        data, "CODE128", height=_BAR_DOTS, width=MODULE_DOTS, pos="BELOW",
        align_ct=False, function_type="B",
    )  # fmt: skip
    return True


def _text(text: str, encoding: str) -> bytes:
    """One line. A character that the printer's set lacks becomes a question mark."""
    return _plain(text).encode(encoding, "replace") + b"\n"


def _plain(text: str) -> str:
    """Without anything that could be a command."""
    return "".join(each for each in text if each.isprintable())


def main() -> None:
    # A library that prints must not print into the slip.
    bytes_out, sys.stdout = sys.stdout.buffer, sys.stderr
    bytes_out.write(compose(msgspec.json.decode(sys.stdin.buffer.read(), type=Work)))
    bytes_out.flush()


if __name__ == "__main__":
    main()
