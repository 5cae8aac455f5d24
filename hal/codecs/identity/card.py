"""The replies that carry a card: taken apart, and read by the layout that the card names.

Source: docs/protocols/resident-id-reader.md, "Frames", "The 256 bytes of text"; GA/T 467-2019.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import msgspec

from hal.codecs.identity import foreign_2017, foreign_2023, residence_permit, resident
from hal.codecs.identity.text import SIZE, plain
from hal.errors import DeviceRefused, WireError
from hal.events import photo
from hal.events.facts import IdentityRead

_TYPE_AT = slice(248, 250)
_LENGTH_SIZE = 2
_LAYOUTS: dict[str, Callable[[bytes, date], IdentityRead]] = {
    "": resident.read,
    "J": residence_permit.read,
    "I": foreign_2017.read,
    "Y": foreign_2023.read,
}


@dataclass(frozen=True)
class Base:
    """The parts of a read reply. `fingerprint`: empty when the card has none, None if not asked."""

    text: bytes = field(repr=False)
    photo: bytes = field(repr=False)
    fingerprint: bytes | None = field(repr=False)


def split_base(data: bytes) -> Base:
    """Take apart what follows the status of a read reply: lengths, then the parts.

    Two lengths stand first (read base), or three (base and fingerprint, of which the last may be
    0). WireError when they do not add up.
    """
    for count in (2, 3):
        head = _LENGTH_SIZE * count
        sizes = [int.from_bytes(data[at : at + _LENGTH_SIZE], "big") for at in range(0, head, 2)]
        if sizes[:2] == [SIZE, photo.SIZE] and sum(sizes) + head == len(data):
            text_end = head + SIZE
            photo_end = text_end + photo.SIZE
            prints = None if count == 2 else data[photo_end:]
            return Base(data[head:text_end], data[text_end:photo_end], prints)
    raise WireError(f"the lengths of a read reply of {len(data)} bytes do not add up")


def identity(base: Base, today: date) -> IdentityRead:
    """The document in `base`, with its photo as it came.

    WireError where it is damaged; DeviceRefused for a layout that is not of the page.
    """
    layout = _LAYOUTS.get(plain(base.text[_TYPE_AT]))
    if layout is None:
        raise DeviceRefused("the card is of a kind that this version cannot read", remedy="clear")
    prints = base.fingerprint
    return msgspec.structs.replace(
        layout(base.text, today),
        fingerprint_present=None if prints is None else bool(prints.strip(b"\0")),
        photo_hash=hashlib.sha256(base.photo).hexdigest(),
        photo=photo.pack(base.photo),
    )


def new_address(data: bytes) -> str | None:
    """The address that was written to the card later (追加住址); None if it is empty.

    Some modules send its length first, as in a read reply, and some only the text.
    """
    counted = int.from_bytes(data[:_LENGTH_SIZE], "big") == len(data) - _LENGTH_SIZE
    return plain(data[_LENGTH_SIZE:] if counted and data else data) or None
