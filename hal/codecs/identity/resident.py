"""The layout of a resident's card (居民身份证).

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text".
"""

from datetime import date
from typing import Final

from hal.codecs.identity.text import (
    NATIONS,
    SEXES,
    Fields,
    Places,
    expired,
    number_valid,
)
from hal.events.facts import IdentityRead
from hal.identity_number import Kind

KINDS: Final = frozenset({Kind.RESIDENT})
PLACES: Final[Places] = {
    "name": (0, 30),
    "sex": (30, 2),
    "nation": (32, 4),
    "birth": (36, 16),
    "address": (52, 70),
    "number": (122, 36),
    "issuer": (158, 30),
    "from": (188, 16),
    "until": (204, 16),
}


def read(text: bytes, today: date) -> IdentityRead:
    """The document in these 256 bytes. WireError where they are damaged."""
    fields = Fields(text, PLACES)
    number, birth, until = fields.text("number"), fields.day("birth"), fields.until("until")
    return IdentityRead(
        document="resident",
        name=fields.first("name"),
        number=number,
        birth_date=birth.isoformat(),
        valid_from=fields.day("from").isoformat(),
        valid_until=until,
        number_valid=number_valid(number, birth, KINDS, today),
        expired=expired(until, today),
        sex=fields.code("sex", SEXES),
        nation=fields.code("nation", NATIONS),
        address=fields.text("address"),
        issuer=fields.text("issuer"),
    )
