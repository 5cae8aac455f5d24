"""Text in GB 18030-2022, as chips and old systems hold it.

Python's codec knows the edition of 2000: it gives private-use characters for 25 codes that have
had characters of their own since, and duplicates for nine. The same happened to text that other
programs converted, so the table is one of characters and not of codes. A private-use character
that is not in it stays: it is somebody's own (造字), and is shown as a picture, never as `?`.

Source: docs/protocols/social-security-card.md, "Text".
"""

import codecs
import unicodedata
from typing import Final

_SINCE_2005 = {"\ue7c7": "\u1e3f"}  # A8BC ḿ
_SINCE_2022 = {
    # A6D9 to A6DF, A6EC, A6ED, A6F3: vertical punctuation
    "\ue78d": "\ufe10",
    "\ue78e": "\ufe12",
    "\ue78f": "\ufe11",
    "\ue790": "\ufe13",
    "\ue791": "\ufe14",
    "\ue792": "\ufe15",
    "\ue793": "\ufe16",
    "\ue794": "\ufe17",
    "\ue795": "\ufe18",
    "\ue796": "\ufe19",
    # FE59, FE61, FE66, FE67, FE6D, FE7E, FE90, FEA0: parts of characters
    "\ue81e": "\u9fb4",
    "\ue826": "\u9fb5",
    "\ue82b": "\u9fb6",
    "\ue82c": "\u9fb7",
    "\ue832": "\u9fb8",
    "\ue843": "\u9fb9",
    "\ue854": "\u9fba",
    "\ue864": "\u9fbb",
}
_REMOVED_2022 = {
    # FE51, FE52, FE53, FE6C, FE76, FE91: parts that have a four-byte code as well
    "\ue816": "\U00020087",
    "\ue817": "\U00020089",
    "\ue818": "\U000200cc",
    "\ue831": "\U000215d7",
    "\ue83b": "\U0002298f",
    "\ue855": "\U000241fe",
    # FD9C to FDA0, FE40, FE41, FE47, FE49: characters that have another code as well
    "\uf92c": "\u90ce",
    "\uf979": "\u51c9",
    "\uf995": "\u79ca",
    "\uf9e7": "\u88cf",
    "\uf9f1": "\u96a3",
    "\ufa0c": "\u5140",
    "\ufa0d": "\u55c0",
    "\ufa18": "\u793c",
    "\ufa20": "\u8612",
}
PRESENT: Final = str.maketrans(_SINCE_2005 | _SINCE_2022 | _REMOVED_2022)
_PAST = str.maketrans({new: old for old, new in (_SINCE_2005 | _SINCE_2022).items()})
_NO_TEXT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def present(text: str) -> str:
    """`text` with the characters of 2022 where an older table was used to make it."""
    return text.translate(PRESENT)


class Decoder:
    """Decodes text that comes in pieces, which may end within a character."""

    def __init__(self) -> None:
        self._codec = codecs.getincrementaldecoder("gb18030")()

    def decode(self, piece: bytes, *, final: bool) -> str:
        """UnicodeDecodeError if it is not GB 18030; that error carries the bytes: do not log it."""
        return present(self._codec.decode(piece, final))


def encode(text: str) -> bytes:
    """UnicodeEncodeError for surrogates alone: every character has a code."""
    return text.translate(_PAST).encode("gb18030")


def is_text(text: str) -> bool:
    """Whether `text` holds nothing that steers a display.

    Not `str.isprintable`, which takes private-use characters, and characters that are younger
    than this Python, for unprintable: there are people whose names are written with both.
    """
    return not any(unicodedata.category(character) in _NO_TEXT for character in text)
