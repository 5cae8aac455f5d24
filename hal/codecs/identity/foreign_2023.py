"""The layout of a foreigner's permanent residence card since 2023 (外国人永久居留身份证).

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text", type `Y`.
"""

from datetime import date
from typing import Final

from hal.codecs.identity.text import SEXES, Fields, Places, expired, number_valid
from hal.errors import WireError
from hal.events.facts import IdentityRead
from hal.identity_number import Kind

KINDS: Final = frozenset({Kind.FOREIGN_2023})
PLACES: Final[Places] = {
    "name": (0, 30),
    "sex": (30, 2),
    "issue_count": (32, 4),
    "birth": (36, 16),
    "name_foreign_1": (52, 70),
    "number": (122, 36),
    "from": (188, 16),
    "until": (204, 16),
    "name_foreign_2": (220, 22),
    "nationality": (242, 6),
    "linked_number": (250, 6),
}


def read(text: bytes, today: date) -> IdentityRead:
    """The document in these 256 bytes. WireError where they are damaged.

    Not every foreigner has a Chinese name: `name` is then the foreign one. That is stored in two
    parts, of which the first may end in a space that belongs to the name.
    """
    fields = Fields(text, PLACES)
    number, birth, until = fields.text("number"), fields.day("birth"), fields.until("until")
    foreign = fields.optional("name_foreign_1", "name_foreign_2")
    name = fields.text("name") or foreign
    if name is None:
        raise WireError("a field that every card has is empty")
    return IdentityRead(
        document="foreign_2023",
        name=name,
        number=number,
        birth_date=birth.isoformat(),
        valid_from=fields.day("from").isoformat(),
        valid_until=until,
        number_valid=number_valid(number, birth, KINDS, today),
        expired=expired(until, today),
        sex=fields.code("sex", SEXES),
        name_foreign=foreign,
        nationality=fields.optional("nationality"),
        issue_count=fields.optional("issue_count"),
        linked_number=fields.optional("linked_number"),
    )
