"""Looks for texts that are nowhere to be seen, in all the forms in which they might stand there."""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import quote_from_bytes

SHORTEST_NEEDLE = 6
CODES = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
_GZIP = b"\x1f\x8b\x08"
_WITH_HEADER = 16 + zlib.MAX_WBITS


def disguises(text: str) -> set[bytes]:
    """The ways in which a text might stand in a file without looking like itself."""
    plain = {text.encode(code) for code in CODES}
    return disguises_of(*plain, json.dumps(text)[1:-1].encode())


def disguises_of(*plain: bytes) -> set[bytes]:
    """The same for bytes: as they are, in base64 at any offset, in hex, as Python and URLs do."""
    written = {form for block in plain for form in base64_forms(block)}
    digits = {block.hex().encode() for block in {*plain} | written}
    quoted = {repr(block)[2:-1].encode() for block in plain}
    quoted |= {quote_from_bytes(block).encode() for block in plain}
    return {
        form
        for form in {*plain} | written | digits | {block.upper() for block in digits} | quoted
        if len(form) >= SHORTEST_NEEDLE
    }


def base64_forms(plain: bytes) -> Iterator[bytes]:
    """What every base64 text that contains `plain`, at any of the three offsets, has in it."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + plain)
        first = (0, 2, 3)[offset]
        last = len(plain) + offset
        inner = text[first : last * 8 // 6]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def unpacked(block: bytes) -> Iterator[bytes]:
    """The block, and what each gzip member in it holds, as far as it can be read."""
    yield block
    at = block.find(_GZIP)
    while at >= 0:
        # Three bytes may only look like the head of a member.
        with suppress(zlib.error):
            yield zlib.decompressobj(_WITH_HEADER).decompress(block[at:])
        at = block.find(_GZIP, at + 1)


def found(needles: Iterable[bytes], hay: Mapping[str, bytes]) -> list[str]:
    """`where: form` for each form that stands somewhere; `hay`: where → what is there."""
    forms = sorted(needles)
    return [
        f"{where}: {form!r}"
        for where, block in hay.items()
        for each in unpacked(block)
        for form in forms
        if form in each
    ]
