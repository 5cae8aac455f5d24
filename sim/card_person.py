"""A social-security card (社会保障卡) as its chip stores it: fourteen records in two files.

Source: docs/protocols/social-security-card.md, "Records" and "Worked".
"""

from typing import Literal

import msgspec

from sim.card import Card
from sim.errors import CardFault

ATR = "3B6D0000008154443686605328A8888888"
VERSIONS = ("1.00", "2.00", "3.00")
NAME_SIZE, EXTENSION_SIZE = 30, 20
_EXTENSION = 0x4E  # 姓名扩展: since the second generation, between name and sex
_FILES = {
    0xEF05: (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07),
    0xEF06: (0x08, 0x09, _EXTENSION, 0x0A, 0x0B, 0x0C, 0x0D),
}


class SocialSecurityCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the chip holds. Days are `YYYYMMDD`; `withheld` are tags that need a key, as "08".

    `version` says the generation. `values` are values in hex, by their tags, for those made here.

    `transfer` is how the card hands over its answers: whole, or to be fetched after 61xx.
    Without `padded` names are as long as they are, and the card asks for another Le with 6Cxx.
    `application` is the status word that its selection ends with.
    """

    name: str
    number: str
    card_number: str
    sex: str
    nation: str
    birth: str
    area: str
    birthplace: str
    version: str = "2.00"
    issuer: str = "110199000000000000000001"
    issued_on: str = "20200101"
    valid_until: str = "20300101"
    kind: str = "1"
    name_extension: str = ""
    values: dict[str, str] = {}
    withheld: tuple[str, ...] = ()
    transfer: Literal["whole", "fetch"] = "whole"
    padded: bool = True
    short_identifiers: bool = True
    application: str = "9000"
    atr: str = ATR

    def files(self) -> dict[int, tuple[int, ...]]:
        """file → the tags of its records, in the order of their numbers."""
        first = self.version.startswith("1")
        return {
            file: tuple(tag for tag in tags if not (first and tag == _EXTENSION))
            for file, tags in _FILES.items()
        }

    def records(self) -> dict[int, bytes]:
        """tag → record: tag, length, value."""
        values = {
            0x01: bytes.fromhex(self.area).ljust(16, b"\0"),
            0x02: self.kind.encode("ascii"),
            0x03: self.version.encode("ascii"),
            0x04: bytes.fromhex(self.issuer),
            0x05: bytes.fromhex(self.issued_on),
            0x06: bytes.fromhex(self.valid_until),
            0x07: self.card_number.encode("ascii"),
            0x08: self.number.encode("ascii"),
            0x09: self._text(self.name, NAME_SIZE),
            _EXTENSION: self._text(self.name_extension, EXTENSION_SIZE),
            0x0A: self.sex.encode("ascii"),
            0x0B: bytes.fromhex(self.nation),
            0x0C: bytes.fromhex(self.birthplace),
            0x0D: bytes.fromhex(self.birth),
        }
        values |= {int(tag, 16): bytes.fromhex(value) for tag, value in self.values.items()}
        return {tag: bytes((tag, len(value))) + value for tag, value in values.items()}

    def _text(self, text: str, size: int) -> bytes:
        value = text.encode("gb18030")
        if len(value) > size:
            raise CardFault(f"a name is too long for the card: at most {size} bytes of GB 18030.")
        return value.ljust(size, b"\0") if self.padded else value


def card_of(person: Card, version: str = "2.00") -> SocialSecurityCard:
    """The social-security card of somebody who has this resident-ID card.

    A name of more than 30 bytes goes on in the extension, from one character to the next; a card
    of the first generation has its beginning only.
    """
    order = int(person.number[14:17])
    name = _beginning(person.name, NAME_SIZE)
    rest = "" if version.startswith("1") else person.name[len(name) :]
    return SocialSecurityCard(
        name=name,
        name_extension=_beginning(rest, EXTENSION_SIZE),
        number=person.number,
        card_number=f"A{order:08d}",
        sex=person.sex,
        nation=person.nation,
        birth=person.birth,
        area=person.number[:6],
        birthplace=person.number[:6],
        version=version,
    )


def _beginning(text: str, size: int) -> str:
    while len(text.encode("gb18030")) > size:
        text = text[:-1]
    return text
