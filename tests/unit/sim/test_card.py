"""The card's 256 bytes, its file, and the invented people."""

from itertools import islice

import msgspec
import pytest

from sim.card import EXAMPLE, Card, check_character, read_card, write_card
from sim.errors import CardFault
from sim.people import AREA_CODE, citizens


def test_check_character_of_the_standard_s_example() -> None:
    """GB 11643's own example number ends with X."""
    assert check_character("11010519491231002") == "X"


def test_fields_stand_at_the_page_s_offsets(card: Card) -> None:
    """Each field begins at its offset, filled with spaces up to its length."""
    text = card.text()
    assert len(text) == 256
    assert text[0:30].decode("utf-16-le") == "贾示例".ljust(15)
    assert text[30:36].decode("utf-16-le") == "201"
    assert text[36:52].decode("utf-16-le") == "19491231"
    assert text[52:122].decode("utf-16-le") == "示例市样本区虚构路1号".ljust(35)
    assert text[122:158].decode("utf-16-le") == "11010519491231002X"
    assert text[188:220].decode("utf-16-le") == "20200101长期      "
    assert text[248:250].decode("utf-16-le") == " "


def test_a_field_too_long_is_refused(card: Card) -> None:
    """A name of 16 characters does not spill over into the next field."""
    with pytest.raises(CardFault, match="name is too long"):
        msgspec.structs.replace(card, name="样" * 16).text()


def test_card_file_comes_back() -> None:
    """What --example prints is a card."""
    assert read_card(write_card(EXAMPLE).encode(), "card.json") == EXAMPLE


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\xff", write_card(EXAMPLE).replace("长期", "soon").encode()]
)
def test_what_is_no_card_is_refused(body: bytes) -> None:
    """A wrong file gives one sentence naming it."""
    with pytest.raises(CardFault, match=r"card\.json"):
        read_card(body, "card.json")


def test_citizens_are_the_same_for_the_same_seed() -> None:
    """A seed names its people; another seed names others."""
    first, again, other = (list(islice(citizens(seed), 50)) for seed in (7, 7, 8))
    assert first == again
    assert {card.number for card in first}.isdisjoint(card.number for card in other)


def test_citizens_are_different_and_their_numbers_valid() -> None:
    """Two hundred citizens: all names and numbers differ, and every number checks."""
    people = list(islice(citizens(1), 200))
    assert len({card.name for card in people}) == 200
    assert len({card.number for card in people}) == 200
    for card in people:
        assert card.number.startswith(AREA_CODE + card.birth)
        assert check_character(card.number[:17]) == card.number[17]
        assert int(card.number[16]) % 2 == int(card.sex) % 2
