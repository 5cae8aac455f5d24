"""Do two documents speak of the same person? By number where both have one, else by name.

Source: the process of the hall, "Names": the dot of minority names is written in several ways that
compare equal; a card's name field of 30 bytes may hold only the beginning of a long name.
"""

from dataclasses import dataclass, field
from typing import Literal

_DOTS = str.maketrans(dict.fromkeys("•‧・･.．", "·"))
_CARD_NAME_BYTES = 30
_SLACK_BYTES = 3  # a character of GB 18030 has up to four bytes and is never cut

Difference = Literal["number", "name"]


@dataclass(frozen=True)
class Bearer:
    """Who a document is of. `short`: its name may be cut at 30 bytes. Never logged, never kept."""

    name: str | None = field(repr=False)
    number: str | None = field(repr=False)
    short: bool = False


def difference(one: Bearer, other: Bearer) -> Difference | None:
    """What shows that two documents are of different people; None if nothing does."""
    if one.number and other.number and one.number.upper() != other.number.upper():
        return "number"
    if one.name and other.name and not _same_name(one, other):
        return "name"
    return None


def _same_name(one: Bearer, other: Bearer) -> bool:
    first, second = _plain(one.name or ""), _plain(other.name or "")
    if first == second:
        return True
    return _begins(first, second, other.short) or _begins(second, first, one.short)


def _begins(whole: str, start: str, short: bool) -> bool:
    full = len(start.encode("gb18030")) > _CARD_NAME_BYTES - _SLACK_BYTES - 1
    return short and full and whole.startswith(start)


def _plain(name: str) -> str:
    return "".join(name.split()).translate(_DOTS)
