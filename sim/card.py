"""A resident-ID card (居民身份证) as its reader sends it: 256 bytes of text, 1024 of photo.

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text". The photo is noise made
from the number: no picture of anybody, and no WLT that a decoder would take.
"""

import hashlib
import re

import msgspec

from sim.errors import CardFault

TEXT_SIZE = 256
PHOTO_SIZE = 1024
PRINT_SIZE = 1024
_LAYOUT = (
    ("name", 0, 30),
    ("sex", 30, 2),
    ("nation", 32, 4),
    ("birth", 36, 16),
    ("address", 52, 70),
    ("number", 122, 36),
    ("issuer", 158, 30),
    ("valid_from", 188, 16),
    ("valid_until", 204, 16),
)
_DAY = re.compile(r"[0-9]{8}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def check_character(first_17: str) -> str:
    """The 18th character of a citizen's number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return "10X98765432"[total % 11]


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is printed on the card and stored in it. Days are `YYYYMMDD`; `valid_until` may be 长期.

    `sex` is the code of GB/T 2261.1 (1 男, 2 女), `nation` that of GB 3304 (01 汉).
    """

    name: str
    sex: str
    nation: str
    birth: str
    address: str
    number: str
    issuer: str
    valid_from: str
    valid_until: str
    fingerprint: bool = False

    def text(self) -> bytes:
        """The 256 bytes: UTF-16LE, every field filled up with spaces, type (offset 248) a space."""
        block = bytearray(" ".encode("utf-16-le") * (TEXT_SIZE // 2))
        for name, offset, size in _LAYOUT:
            value = getattr(self, name).encode("utf-16-le")
            block[offset : offset + len(value)] = value
            if len(value) > size:
                raise CardFault(f"{name} is too long for the card: at most {size // 2} characters.")
        return bytes(block)

    def photo(self) -> bytes:
        """1024 bytes, always the same for the same number."""
        return hashlib.shake_256(self.number.encode()).digest(PHOTO_SIZE)

    def prints(self) -> bytes:
        """1024 bytes in the place of the fingerprints, or nothing."""
        if not self.fingerprint:
            return b""
        return hashlib.shake_256(b"print" + self.number.encode()).digest(PRINT_SIZE)


EXAMPLE = Card(
    name="贾示例",
    sex="2",
    nation="01",
    birth="19491231",
    address="示例市样本区虚构路1号",
    number="11010519491231002X",
    issuer="示例市公安局样本分局",
    valid_from="20200101",
    valid_until="长期",
)
"""An invented person with the number that GB 11643 itself prints as its example."""


def read_card(body: bytes, source: str) -> Card:
    """The card in a CARD file; CardFault says in one sentence what is wrong with it."""
    try:
        card = msgspec.json.decode(body, type=Card)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CardFault(
            f"{source}: {error}; `ow-sim twin identity --example` prints a card to start from."
        ) from error
    for name in ("birth", "valid_from", "valid_until"):
        value = getattr(card, name)
        if not _DAY.fullmatch(value) and not (name == "valid_until" and value == "长期"):
            raise CardFault(f"{source}: {name} must be YYYYMMDD, not {value!r}.")
    card.text()
    return card


def write_card(card: Card) -> str:
    """The CARD file of `card`, to be read by people too."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2).decode()
