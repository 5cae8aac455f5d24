"""The layout of a foreigner's permanent residence card of 2017 (外国人永久居留身份证).

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text", type `I`.
"""

from datetime import date
from typing import Final

from hal.codecs.identity.text import SEXES, Fields, Places, expired, number_valid
from hal.events.facts import IdentityRead
from hal.identity_number import Kind

KINDS: Final = frozenset({Kind.FOREIGN_2017})
PLACES: Final[Places] = {
    "name_foreign": (0, 120),
    "sex": (120, 2),
    "number": (122, 30),
    "nationality": (152, 6),
    "name": (158, 30),
    "from": (188, 16),
    "until": (204, 16),
    "birth": (220, 16),
    "version": (236, 4),
    "issuer": (240, 8),
}


def read(text: bytes, today: date) -> IdentityRead:
    """The document in these 256 bytes. WireError where they are damaged.

    Not every foreigner has a Chinese name: `name` is then the foreign one.
    """
    fields = Fields(text, PLACES)
    number, birth, until = fields.text("number"), fields.day("birth"), fields.until("until")
    return IdentityRead(
        document="foreign_2017",
        name=fields.first("name", "name_foreign"),
        number=number,
        birth_date=birth.isoformat(),
        valid_from=fields.day("from").isoformat(),
        valid_until=until,
        number_valid=number_valid(number, birth, KINDS, today),
        expired=expired(until, today),
        sex=fields.code("sex", SEXES),
        issuer=fields.optional("issuer"),
        name_foreign=fields.optional("name_foreign"),
        nationality=fields.optional("nationality"),
        version=fields.optional("version"),
    )
