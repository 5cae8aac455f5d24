"""What the four layouts of an identity card's text have in common: fields, dates, codes.

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text"; GB/T 2261.1 (sex),
GB/T 3304 (nation). The check of a frame is one byte, so what passes it may still be damaged: what
is no text, no date or no code of its standard is a WireError, never guessed.
"""

import unicodedata
from collections.abc import Mapping, Set
from datetime import date

from hal.errors import WireError
from hal.identity_number import Kind, Number, read

SIZE = 256
LONG = "long"
_LONG_TERM = "长期"
_PADDING = " \0\u3000"
_DATE_SIZE = 8

SEXES = frozenset("0129")
NATIONS = frozenset({f"{number:02d}" for number in range(1, 57)} | {"97", "98"})

Places = Mapping[str, tuple[int, int]]
"""Field → (offset, length) in bytes of UTF-16LE."""


class Fields:
    """The text of one card, by the places of its layout. Every method may raise WireError."""

    def __init__(self, text: bytes, places: Places) -> None:
        self._text = text
        self._places = places

    def text(self, *names: str) -> str:
        """A field without its padding. Several names: one text that is stored in parts."""
        block = b"".join(self._bytes(name) for name in names)
        return plain(block)

    def optional(self, *names: str) -> str | None:
        """As `text`; None where the card has nothing there."""
        return self.text(*names) or None

    def first(self, *names: str) -> str:
        """The first of these fields that is not empty."""
        for name in names:
            if found := self.text(name):
                return found
        raise WireError("a field that every card has is empty")

    def day(self, name: str) -> date:
        """`YYYYMMDD` as the card has it."""
        text = self.text(name)
        if len(text) != _DATE_SIZE or not (text.isascii() and text.isdigit()):
            raise WireError("a date field is no date")
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError as error:
            raise WireError("a date field is no date") from error

    def until(self, name: str) -> str:
        """The last day of validity as `YYYY-MM-DD`, or "long" for 长期."""
        return LONG if self.text(name) == _LONG_TERM else self.day(name).isoformat()

    def code(self, name: str, known: Set[str]) -> str:
        """A code of a standard."""
        text = self.text(name)
        if text not in known:
            raise WireError("a code is not of its standard")
        return text

    def _bytes(self, name: str) -> bytes:
        at, size = self._places[name]
        return self._text[at : at + size]


def plain(block: bytes) -> str:
    """UTF-16LE without its padding. WireError where it is no text."""
    try:
        text = block.decode("utf-16-le").rstrip(_PADDING)
    except UnicodeDecodeError as error:
        raise WireError("a text field is not UTF-16") from error
    if any(unicodedata.category(each) == "Cc" for each in text):
        raise WireError("a text field holds control characters")
    return text


def number_valid(number: str, birth: date, kinds: Set[Kind], today: date) -> bool:
    """Whether a number is possible, of a kind that this document has, and of this birth date."""
    found = read(number, today)
    return isinstance(found, Number) and found.kind in kinds and found.fits(birth)


def expired(until: str, today: date) -> bool:
    """A document is good on its last day."""
    return until != LONG and date.fromisoformat(until) < today
