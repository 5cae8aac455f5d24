"""The layout of a residence permit of Hong Kong, Macao and Taiwan residents (港澳台居民居住证).

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text", type `J`.
"""

from datetime import date
from typing import Final

from hal.codecs.identity.text import SEXES, Fields, Places, expired, number_valid
from hal.events.facts import IdentityRead
from hal.identity_number import Kind

KINDS: Final = frozenset({Kind.HONG_KONG, Kind.MACAO, Kind.TAIWAN})
PLACES: Final[Places] = {
    "name": (0, 30),
    "sex": (30, 2),
    "birth": (36, 16),
    "address": (52, 70),
    "number": (122, 36),
    "issuer": (158, 30),
    "from": (188, 16),
    "until": (204, 16),
    "pass_number": (220, 18),
    "issue_count": (238, 4),
}


def read(text: bytes, today: date) -> IdentityRead:
    """The document in these 256 bytes. WireError where they are damaged."""
    fields = Fields(text, PLACES)
    number, birth, until = fields.text("number"), fields.day("birth"), fields.until("until")
    return IdentityRead(
        document="hmt",
        name=fields.first("name"),
        number=number,
        birth_date=birth.isoformat(),
        valid_from=fields.day("from").isoformat(),
        valid_until=until,
        number_valid=number_valid(number, birth, KINDS, today),
        expired=expired(until, today),
        sex=fields.code("sex", SEXES),
        address=fields.text("address"),
        issuer=fields.text("issuer"),
        pass_number=fields.optional("pass_number"),
        issue_count=fields.optional("issue_count"),
    )
