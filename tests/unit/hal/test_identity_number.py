"""公民身份号码, against the standard's and official sample numbers."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.identity_number import Kind, Number, NumberFault, check_character, read

TODAY = date(2026, 11, 23)
VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "identity-numbers.json").read_text("utf-8")
)
GOOD = "11010519491231002X"


@pytest.mark.parametrize(("number", "kind", "birth", "sex"), VECTORS["possible"])
def test_published_numbers_are_possible(number: str, kind: str, birth: str, sex: str) -> None:
    """The standard's example and the official samples of foreigners' cards."""
    assert read(number, TODAY) == Number(Kind(kind), date.fromisoformat(birth), sex)


@pytest.mark.parametrize(
    ("area", "kind"), [("81", Kind.HONG_KONG), ("82", Kind.MACAO), ("83", Kind.TAIWAN)]
)
def test_residence_permits_are_possible(area: str, kind: Kind) -> None:
    """People from Hong Kong, Macao and Taiwan have numbers of the same form."""
    digits = area + "000019900101001"
    found = read(digits + check_character(digits), TODAY)
    assert isinstance(found, Number)
    assert found.kind is kind


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("", NumberFault.LENGTH),
        (GOOD[:-1], NumberFault.LENGTH),
        (GOOD + "0", NumberFault.LENGTH),
        (GOOD[:-1] + "x", NumberFault.CHARACTERS),
        ("1101051949123100２X", NumberFault.CHARACTERS),
        ("1101051949123100XX", NumberFault.CHARACTERS),
        ("00" + GOOD[2:], NumberFault.AREA),
        ("16" + GOOD[2:], NumberFault.AREA),
        ("110105194902300021", NumberFault.BIRTH_DATE),
        ("110105194913010021", NumberFault.BIRTH_DATE),
        ("110105299901010021", NumberFault.BIRTH_DATE),
        ("110105187912310021", NumberFault.BIRTH_DATE),
        (GOOD[:-1] + "1", NumberFault.CHECK),
    ],
)
def test_impossible_numbers_say_why(number: str, fault: NumberFault) -> None:
    """Each with its own reason, so that a typed number can be put right."""
    assert read(number, TODAY) is fault


def test_nobody_is_born_tomorrow() -> None:
    """The date of reading is the limit."""
    digits = "11010520261124002"
    number = digits + check_character(digits)
    assert read(number, TODAY) is NumberFault.BIRTH_DATE
    assert isinstance(read(number, date(2026, 11, 24)), Number)


@given(st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_noticed(place: int, shift: int) -> None:
    """ISO 7064 MOD 11-2 finds every substitution of one character."""
    wrong = str((int(GOOD[place]) + shift) % 10)
    assert isinstance(read(GOOD[:place] + wrong + GOOD[place + 1 :], TODAY), NumberFault)
