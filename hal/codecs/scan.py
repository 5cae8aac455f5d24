"""Codes from a barcode gun in serial mode: bytes in, whole codes out; and what a code is.

Source: docs/protocols/barcode-gun-serial.md; ISO/IEC 15424 (AIM symbology identifiers); AIM ECI
assignments 3, 26, 29 and 32. Also used for what a gun in keyboard mode typed.
"""

import re
from collections.abc import Iterator
from typing import Literal

from hal.errors import DeviceError
from hal.events.facts import CodeScanned

Suffix = Literal["cr", "tab", "none"]
Kind = Literal["ticket", "case", "material", "e_card", "unknown"]
Integrity = Literal["ok", "dropped", "layout", "timeout"]

LONGEST_BYTES = 4096  # more than the largest QR code holds (2,953 bytes)
CONTROL = "OW:L:0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The control barcode: read back as it is printed, the gun types the US layout."""

_ENDS: dict[Suffix, bytes] = {"cr": b"\r\n", "tab": b"\t", "none": b""}
_ECI = re.compile(rb"\\([0-9]{6})")
_ENCODINGS = {b"000003": "latin-1", b"000026": "utf-8", b"000029": "gb18030", b"000032": "gb18030"}
_AIM = {
    "A": "code39",
    "C": "code128",
    "E": "ean",
    "F": "codabar",
    "G": "code93",
    "I": "itf",
    "L": "pdf417",
    "Q": "qr",
    "d": "datamatrix",
    "e": "databar",
}
_KINDS: dict[str, Kind] = {"OW:T:": "ticket", "OW:C:": "case", "OW:M:": "material"}
_OURS = "OW:"
_ULID = "[0-9A-HJKMNP-TV-Z]{26}"  # Crockford's base 32
_TICKET = re.compile(f"OW:T:{_ULID}")
_TORN = re.compile(f"(?:W:T:|O:T:|OWT:|OW::|OW:T){_ULID}")
"""A ticket of whose prefix a character was lost."""
_TOKEN = re.compile(r"[!-~]{20,}")
"""Bearer codes are longer than what is on goods (14 digits), ID cards (18) or bank cards (19)."""
_GARBLED = re.compile(r"O[WZ]([>.'])[TCML:]\1")
"""`OW:T:` and the like as QWERTZ and most European layouts, AZERTY and JIS type them."""


class ScanLines:
    """Cuts a gun's bytes into codes. Feed it chunks of any size.

    A code longer than any symbol holds is given out cut, and as dropped: its end was lost.
    """

    def __init__(self, suffix: Suffix) -> None:
        self._ends = _ENDS[suffix]
        self._buffer = bytearray()
        self._overflowed = False

    @property
    def waiting(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[CodeScanned]:
        """The codes that `chunk` completes."""
        for byte in chunk:
            if byte in self._ends:
                yield from self._finish("ok")
            elif len(self._buffer) < LONGEST_BYTES:
                self._buffer.append(byte)
            else:
                self._overflowed = True

    def gap(self) -> Iterator[CodeScanned]:
        """The gun has been silent for a while: without a suffix the code is whole.

        With one, its end did not come: it is given out as timed out.
        """
        yield from self._finish("timeout" if self._ends else "ok")

    def _finish(self, integrity: Integrity) -> Iterator[CodeScanned]:
        body, overflowed = bytes(self._buffer), self._overflowed
        self._buffer.clear()
        self._overflowed = False
        if body:
            yield code_of(body, "dropped" if overflowed else integrity)


def code_of(body: bytes, integrity: Integrity = "ok") -> CodeScanned:
    """What one code says: AIM id and ECI prefix taken off, text if it is any, its kind.

    The text of an `e_card` is left out: whoever has it can pass for the citizen.
    """
    aim_id, symbology, body = _aim(body)
    text = _text(body)
    if text is None:
        return CodeScanned(
            bytes_hex=body.hex(), aim_id=aim_id, symbology=symbology, integrity=integrity
        )
    kind = kind_of(text)
    if integrity == "ok":
        integrity = _integrity(text)
    return CodeScanned(
        text=None if kind == "e_card" else text,
        kind=kind,
        aim_id=aim_id,
        symbology=symbology,
        integrity=integrity,
    )


def kind_of(text: str) -> Kind:
    """What a code is: ours by its prefix, `e_card` by its shape, `unknown` anybody else's.

    The token of an electronic card (电子社保卡) is opaque and its form is not published. So every
    long code without a space that is not ours counts as one: better one too many than one kept.
    """
    for prefix, kind in _KINDS.items():
        if text.startswith(prefix):
            return kind
    ours = text.upper().startswith(_OURS) or _GARBLED.match(text) or _TORN.fullmatch(text)
    return "e_card" if _TOKEN.fullmatch(text) and not ours else "unknown"


def refusal(code: CodeScanned) -> DeviceError | None:
    """Why a code is not taken, None for a good one. Says nothing of what stands in it."""
    if code.integrity == "ok":
        return None
    if code.integrity == "layout":
        cause = "the gun types another keyboard's layout; scan its handbook's code for US keyboard"
        return DeviceError(cause, remedy="configure")
    return DeviceError(f"a code came incomplete ({code.integrity})", remedy="clear")


def _integrity(text: str) -> Integrity:
    """What the text itself tells of its way here."""
    if _GARBLED.match(text):
        return "layout"
    torn = text.startswith("OW:T:") and not _TICKET.fullmatch(text)
    return "dropped" if torn or _TORN.fullmatch(text) else "ok"


def _aim(body: bytes) -> tuple[str | None, str | None, bytes]:
    """(AIM id, symbology, rest) of `]Q1…`; (None, None, body) where there is none."""
    head = body[:3].decode("latin-1")
    if len(head) < 3 or head[0] != "]" or head[1] not in _AIM or not head[2].isalnum():
        return None, None, body
    return head, _AIM[head[1]], body[3:]


def _text(body: bytes) -> str | None:
    r"""UTF-8, or else GB18030 as older Chinese codes have it; None if it is neither.

    An ECI in front (`\000026`) says which; with one, each backslash of the code comes as two.
    """
    encodings = ["utf-8", "gb18030"]
    if (eci := _ECI.match(body)) and eci[1] in _ENCODINGS:
        encodings.insert(0, _ENCODINGS[eci[1]])
        body = body[eci.end() :].replace(b"\\\\", b"\\")
    for encoding in encodings:
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text if text.isprintable() else None
    return None
