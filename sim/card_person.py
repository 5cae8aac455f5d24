"""A social-security card (社会保障卡) as its chip stores it: thirteen records in two files.

Source: docs/protocols/social-security-card.md, "Records" and "Worked".
"""

from typing import Literal

import msgspec

from sim.card import Card
from sim.errors import CardFault

ATR = "3B6D0000008154443686605328A8888888"
FILES = {0xEF05: (0x01, 0x03, 0x04, 0x05, 0x06, 0x07),
         0xEF06: (0x08, 0x09, 0x4E, 0x0A, 0x0B, 0x0C, 0x0D)}  # fmt: skip


class SocialSecurityCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the chip holds. Days are `YYYYMMDD`; `withheld` are tags that need a key, as "08".

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
    name_extension: str = ""
    withheld: tuple[str, ...] = ()
    transfer: Literal["whole", "fetch"] = "whole"
    padded: bool = True
    short_identifiers: bool = True
    application: str = "9000"
    atr: str = ATR

    def records(self) -> dict[int, bytes]:
        """tag → record: tag, length, value."""
        values = {
            0x01: bytes.fromhex(self.area).ljust(16, b"\0"),
            0x03: self.version.encode("ascii"),
            0x04: bytes.fromhex(self.issuer),
            0x05: bytes.fromhex(self.issued_on),
            0x06: bytes.fromhex(self.valid_until),
            0x07: self.card_number.encode("ascii"),
            0x08: self.number.encode("ascii"),
            0x09: self._text(self.name, 30),
            0x4E: self._text(self.name_extension, 20),
            0x0A: self.sex.encode("ascii"),
            0x0B: bytes.fromhex(self.nation),
            0x0C: bytes.fromhex(self.birthplace),
            0x0D: bytes.fromhex(self.birth),
        }
        return {tag: bytes((tag, len(value))) + value for tag, value in values.items()}

    def _text(self, text: str, size: int) -> bytes:
        value = text.encode("gb18030")
        if len(value) > size:
            raise CardFault(f"a name is too long for the card: at most {size} bytes of GB 18030.")
        return value.ljust(size, b"\0") if self.padded else value


def card_of(person: Card) -> SocialSecurityCard:
    """The social-security card of somebody who has this resident-ID card."""
    order = int(person.number[14:17])
    return SocialSecurityCard(
        name=person.name,
        number=person.number,
        card_number=f"A{order:08d}",
        sex=person.sex,
        nation=person.nation,
        birth=person.birth,
        area=person.number[:6],
        birthplace=person.number[:6],
    )
