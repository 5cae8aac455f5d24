"""Codes from a barcode gun in serial mode: bytes in, whole codes out; and what a code is.

Source: docs/protocols/barcode-gun-serial.md; ISO/IEC 15424 (AIM symbology identifiers);
AIM ECI 26 for UTF-8. Also used for what a gun in keyboard mode typed.
"""

from collections.abc import Iterator
from typing import Literal

from hal.events.facts import CodeScanned

Suffix = Literal["cr", "tab", "none"]
Kind = Literal["ticket", "case", "material", "e_card", "unknown"]
Integrity = Literal["ok", "dropped", "layout", "timeout"]

LONGEST_BYTES = 4096  # more than the largest QR code holds (2,953 bytes)
_ENDS: dict[Suffix, bytes] = {"cr": b"\r\n", "tab": b"\t", "none": b""}
_ECI_UTF8 = "\\000026"
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
    """What one code says: AIM id and ECI prefix taken off, text if it is any, its kind."""
    aim_id, symbology, body = _aim(body)
    text = _text(body)
    if text is None:
        return CodeScanned(
            bytes_hex=body.hex(), aim_id=aim_id, symbology=symbology, integrity=integrity
        )
    return CodeScanned(
        text=text, kind=kind_of(text), aim_id=aim_id, symbology=symbology, integrity=integrity
    )


def kind_of(text: str) -> Kind:
    """What a code of ours is; `unknown` for anybody else's."""
    return next((kind for prefix, kind in _KINDS.items() if text.startswith(prefix)), "unknown")


def _aim(body: bytes) -> tuple[str | None, str | None, bytes]:
    """(AIM id, symbology, rest) of `]Q1…`; (None, None, body) where there is none."""
    head = body[:3].decode("latin-1")
    if len(head) < 3 or head[0] != "]" or head[1] not in _AIM or not head[2].isalnum():
        return None, None, body
    return head, _AIM[head[1]], body[3:]


def _text(body: bytes) -> str | None:
    """UTF-8, or else GB18030 as older Chinese codes have it; None if it is neither."""
    for encoding in ("utf-8", "gb18030"):
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = text.removeprefix(_ECI_UTF8)
        return text if text.isprintable() else None
    return None
