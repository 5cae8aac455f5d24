"""A resident-ID card (居民身份证) as its reader sends it: 256 bytes of text, 1024 of photo.

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text". The photo is noise made
from the number: no picture of anybody, and no WLT that a decoder would take.
"""

import hashlib
import re
from typing import Literal

import msgspec

from sim.errors import CardFault

TEXT_SIZE = 256
PHOTO_SIZE = 1024
PRINT_SIZE = 1024
_TYPE_AT = 248
_COMMON = (
    ("name", 0, 30),
    ("sex", 30, 2),
    ("birth", 36, 16),
    ("number", 122, 36),
    ("valid_from", 188, 16),
    ("valid_until", 204, 16),
)
_HOME = (("address", 52, 70), ("issuer", 158, 30))
_LAYOUTS = {
    "resident": (" ", (*_COMMON, *_HOME, ("nation", 32, 4))),
    "hmt": ("J", (*_COMMON, *_HOME, ("pass_number", 220, 18), ("issue_count", 238, 4))),
    "foreign_2017": (
        "I",
        (
            ("name_foreign", 0, 120),
            ("sex", 120, 2),
            ("number", 122, 30),
            ("nationality", 152, 6),
            ("name", 158, 30),
            ("valid_from", 188, 16),
            ("valid_until", 204, 16),
            ("birth", 220, 16),
            ("version", 236, 4),
            ("issuer", 240, 8),
        ),
    ),
    "foreign_2023": (
        "Y",
        (
            *_COMMON,
            ("issue_count", 32, 4),
            ("name_foreign", 52, 70),
            ("name_foreign_rest", 220, 22),
            ("nationality", 242, 6),
            ("linked_number", 250, 6),
        ),
    ),
}
_NAME_PART = 35
"""Characters of a foreign name of 2023 that stand in the first of its two places."""
_ADDRESS_SIZE = 70
_DAY = re.compile(r"[0-9]{8}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def check_character(first_17: str) -> str:
    """The 18th character of a citizen's number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return "10X98765432"[total % 11]


class Card(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is printed on the card and stored in it. Days are `YYYYMMDD`; `valid_until` may be 长期.

    `sex` is the code of GB/T 2261.1 (1 男, 2 女), `nation` that of GB 3304 (01 汉). Which of the
    fields a card has depends on its `document`; the others are left out of its text.
    """

    document: Literal["resident", "hmt", "foreign_2017", "foreign_2023"] = "resident"
    name: str = ""
    sex: str
    nation: str = ""
    birth: str
    address: str = ""
    number: str
    issuer: str = ""
    valid_from: str
    valid_until: str
    fingerprint: bool = False
    new_address: str = ""
    name_foreign: str = ""
    nationality: str = ""
    pass_number: str = ""
    issue_count: str = ""
    version: str = ""
    linked_number: str = ""

    def text(self) -> bytes:
        """The 256 bytes: UTF-16LE, every field filled up with spaces, the type at offset 248."""
        block = bytearray(" ".encode("utf-16-le") * (TEXT_SIZE // 2))
        kind, layout = _LAYOUTS[self.document]
        for name, offset, size in layout:
            value = self._value(name).encode("utf-16-le")
            block[offset : offset + len(value)] = value
            if len(value) > size:
                raise CardFault(f"{name} is too long for the card: at most {size // 2} characters.")
        block[_TYPE_AT : _TYPE_AT + 2] = kind.encode("utf-16-le")
        return bytes(block)

    def _value(self, name: str) -> str:
        if self.document == "foreign_2023":
            if name == "name_foreign":
                return self.name_foreign[:_NAME_PART]
            if name == "name_foreign_rest":
                return self.name_foreign[_NAME_PART:]
        return str(getattr(self, name))

    def address_text(self) -> bytes:
        """The address written to the card later: 70 bytes, filled up with spaces."""
        text = self.new_address.encode("utf-16-le")
        if len(text) > _ADDRESS_SIZE:
            raise CardFault("new_address is too long for the card: at most 35 characters.")
        return text + " ".encode("utf-16-le") * ((_ADDRESS_SIZE - len(text)) // 2)

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
EXAMPLES = {
    "resident": EXAMPLE,
    "hmt": Card(
        document="hmt",
        name="虞拟山",
        sex="1",
        birth="19900101",
        address="示例市样本区虚构路2号",
        number="810000199001010019",
        issuer="示例市公安局样本分局",
        valid_from="20230101",
        valid_until="20280101",
        pass_number="H00000000",
        issue_count="01",
    ),
    "foreign_2017": Card(
        document="foreign_2017",
        name="尚例真",
        name_foreign="SPECIMEN, EXAMPLE ANNA MARIA",
        sex="2",
        birth="19850203",
        number="UTO110085020323",
        nationality="UTO",
        issuer="1500",
        valid_from="20180101",
        valid_until="20280101",
        version="01",
    ),
    "foreign_2023": Card(
        document="foreign_2023",
        name_foreign="SPECIMEN, EXAMPLE MARIA FICTION THE SECOND",
        sex="2",
        birth="19810803",
        number="911124198108030024",
        nationality="CAN",
        issue_count="02",
        linked_number="001",
        valid_from="20231201",
        valid_until="20331201",
    ),
}
"""Invented people with each of the four documents. Utopia (UTO) is the example of ICAO Doc 9303;
the number of 2023 is an official sample, the others belong to nobody.
"""


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
    card.address_text()
    return card


def write_card(card: Card) -> str:
    """The CARD file of `card`, to be read by people too."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2).decode()
