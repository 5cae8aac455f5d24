"""GB 18030-2022 where Python's codec knows an older edition."""

import json
import unicodedata
from pathlib import Path

import pytest

from hal.codecs.gb18030 import Decoder, encode, is_text, present

VECTORS = json.loads(
    Path(__file__).parents[2].joinpath("vectors", "social-security-card.json").read_text("utf-8")
)
MOVED = VECTORS["gb18030_2005"] + VECTORS["gb18030_moved"]
REMOVED = VECTORS["gb18030_removed"]


def decode(data: bytes) -> str:
    return Decoder().decode(data, final=True)


@pytest.mark.parametrize(("code", "past", "character", "other"), MOVED + REMOVED)
def test_old_codes_give_the_characters_of_2022(
    code: str, past: str, character: str, other: str
) -> None:
    """By either of their codes, and from text that an older table has already converted."""
    wanted = chr(int(character, 16))
    assert decode(bytes.fromhex(code)) == wanted
    assert decode(bytes.fromhex(other)) == wanted
    assert present(chr(int(past, 16))) == wanted


@pytest.mark.parametrize(("code", "past", "character", "other"), MOVED)
def test_moved_characters_have_two_bytes(code: str, past: str, character: str, other: str) -> None:
    """So that the length of a name is what it is on a card."""
    assert encode(chr(int(character, 16))) == bytes.fromhex(code)


@pytest.mark.parametrize(("code", "past", "character", "other"), REMOVED)
def test_removed_characters_have_the_code_that_stays(
    code: str, past: str, character: str, other: str
) -> None:
    """Duplicates are read and never written."""
    assert encode(chr(int(character, 16))) == bytes.fromhex(other)


def test_the_table_is_whole() -> None:
    """33 characters changed in 2022 and one in 2005; no compatibility ideograph is left out."""
    codes = [bytes((0xFD + row, cell)) for row in (0, 1) for cell in range(0x40, 0xFF)]
    texts = [decode(code) for code in codes if code[1] != 0x7F and code[1] < 0xA1]
    assert len(MOVED + REMOVED) == 34
    assert not any("\ue815" <= text <= "\ue864" for text in texts)
    assert all(unicodedata.normalize("NFC", text) == text for text in texts)


def test_everything_else_is_as_it_was() -> None:
    """Ideographs, the dot, and characters of four bytes go there and back."""
    for text in ("贾\u00b7示例", "\U00020000\U0002a6d6\U00031350", "㐀䶵", "€"):
        assert decode(encode(text)) == text


def test_pieces_may_end_within_a_character() -> None:
    """What is begun in one piece is told with the next."""
    decoder = Decoder()
    whole = encode("例\U00020000")
    assert decoder.decode(whole[:4], final=False) == "例"
    assert decoder.decode(whole[4:], final=True) == "\U00020000"


@pytest.mark.parametrize("broken", ["BC", "81", "FFFF", "953282", "8130FF30"])
def test_what_is_no_text_is_refused(broken: str) -> None:
    """By the codec's own error, which the caller must not chain."""
    with pytest.raises(UnicodeDecodeError):
        decode(bytes.fromhex(broken))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("贾\u00b7示例", True),
        ("\ue000", True),
        ("\U000323af", True),
        ("", True),
        ("贾\x00", False),
        ("贾\x1b[2J", False),
        ("贾\u202e", False),
        ("贾\u2028", False),
        ("\ud800", False),
    ],
)
def test_text_steers_no_display(text: str, good: bool) -> None:
    """Controls are none, also those of direction; somebody's own and very new characters are."""
    assert is_text(text) is good
