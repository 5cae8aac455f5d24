"""Do two documents speak of the same person? By number where both have one, and by name.

Source: the process of the hall, "Names": a card's name field of 30 bytes may hold only the
beginning of a long name.
"""

from dataclasses import dataclass, field
from typing import Literal

from hal.codecs import gb18030
from hal.events.facts import CardRead, IdentityRead
from hal.names import comparable

_CARD_NAME_BYTES = 30
_EXTENSION_BYTES = 20
_LARGEST_CHARACTER_BYTES = 4

Difference = Literal["number", "name"]
Comparison = Literal["agree", "prefix", "number", "name"]
"""`prefix`: nothing differs, but of one name only the beginning is known. That is a match with a
warning: the person at the window looks at both cards."""


@dataclass(frozen=True)
class Bearer:
    """Who a document is of. `short`: its name may be cut at 30 bytes. Never logged, never kept."""

    name: str | None = field(repr=False)
    number: str | None = field(repr=False)
    short: bool = False


def bearer(document: CardRead | IdentityRead) -> Bearer:
    """Whom a document names. The name on a social-security card goes on in its extension."""
    if isinstance(document, IdentityRead):
        return Bearer(document.name, document.number)
    extension = document.name_extension or ""
    name = (document.name or "") + extension
    short = not extension or _fills(extension, _EXTENSION_BYTES)
    return Bearer(name or None, document.social_security_number, short)


def compare(one: Bearer, other: Bearer) -> Comparison:
    """What two documents say of each other; `agree` where nothing shows a difference."""
    if one.number and other.number and one.number.upper() != other.number.upper():
        return "number"
    first, second = comparable(one.name or ""), comparable(other.name or "")
    if not first or not second or first == second:
        return "agree"
    if _begins(first, second, other.short) or _begins(second, first, one.short):
        return "prefix"
    return "name"


def difference(one: Bearer, other: Bearer) -> Difference | None:
    """What shows that two documents are of different people; None if nothing does."""
    found = compare(one, other)
    return found if found == "number" or found == "name" else None


def _begins(whole: str, start: str, short: bool) -> bool:
    return short and _fills(start, _CARD_NAME_BYTES) and whole.startswith(start)


def _fills(text: str, size_bytes: int) -> bool:
    """Whether a field of this size may have no room for one character more."""
    return len(gb18030.encode(text)) > size_bytes - _LARGEST_CHARACTER_BYTES
