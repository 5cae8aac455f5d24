"""公民身份号码, against the standard's and official sample numbers."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.identity_number import (
    Kind,
    Number,
    NumberFault,
    check_character,
    check_digit_2017,
    read,
)

TODAY = date(2026, 11, 23)
VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "identity-numbers.json").read_text("utf-8")
)
GOOD = "11010519491231002X"
FOREIGN = "UTO110085020323"


@pytest.mark.parametrize(("number", "kind", "birth", "sex"), VECTORS["possible"])
def test_published_numbers_are_possible(number: str, kind: str, birth: str, sex: str) -> None:
    """The standard's example and the official samples of foreigners' cards."""
    assert read(number, TODAY) == Number(Kind(kind), date.fromisoformat(birth), sex)


@pytest.mark.parametrize("area", [*range(11, 16), *range(21, 24), *range(31, 38), 50, 54, 65, 71])
def test_residents_of_every_region_are_possible(area: int) -> None:
    """Provinces, regions and municipalities of GB/T 2260."""
    digits = f"{area}019919900101001"
    found = read(digits + check_character(digits), TODAY)
    assert isinstance(found, Number)
    assert found.kind is Kind.RESIDENT


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
        ("810101199001010019", NumberFault.AREA),
        ("84" + GOOD[2:], NumberFault.AREA),
        ("916682198501010017", NumberFault.AREA),
        ("110105190002290021", NumberFault.BIRTH_DATE),
        ("110105202302290021", NumberFault.BIRTH_DATE),
        ("110105194900310021", NumberFault.BIRTH_DATE),
        ("110105194912000021", NumberFault.BIRTH_DATE),
        ("110105000012310021", NumberFault.BIRTH_DATE),
        ("110105194902300021", NumberFault.BIRTH_DATE),
        ("110105194913010021", NumberFault.BIRTH_DATE),
        ("110105299901010021", NumberFault.BIRTH_DATE),
        ("110105187912310021", NumberFault.BIRTH_DATE),
        (GOOD[:-1] + "1", NumberFault.CHECK),
        ("932682198501010018", NumberFault.CHECK),
        ("810000199001010018", NumberFault.CHECK),
        ("110105491231002", NumberFault.CHARACTERS),
        ("uto110085020323", NumberFault.CHARACTERS),
        ("UT0110085020323", NumberFault.CHARACTERS),
        ("UTO11008502032X", NumberFault.CHARACTERS),
        ("UTO160085020323", NumberFault.AREA),
        ("UTO110085023023", NumberFault.BIRTH_DATE),
        ("UTO110085130123", NumberFault.BIRTH_DATE),
        (FOREIGN[:-1] + "4", NumberFault.CHECK),
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


@pytest.mark.parametrize(
    ("birth", "possible"),
    [("18791231", False), ("18800101", True), ("20261123", True), ("20261124", False)],
)
def test_the_bounds_of_birth(birth: str, possible: bool) -> None:
    """From 1880, when the oldest person on record may have been born, to today."""
    digits = f"110105{birth}002"
    assert isinstance(read(digits + check_character(digits), TODAY), Number) is possible


def test_a_leap_day_is_a_birth_date() -> None:
    """In leap years only; 1900 was none."""
    digits = "11010520000229002"
    assert isinstance(read(digits + check_character(digits), TODAY), Number)


@pytest.mark.parametrize(
    ("birth", "fits"),
    [("1985-02-03", True), ("1885-02-03", True), ("1985-02-04", False), ("2085-02-03", False)],
)
def test_two_digits_of_a_year_fit_more_than_one(birth: str, fits: bool) -> None:
    """A foreigner's number of 2017 leaves the century open; the card says it."""
    found = read(FOREIGN, TODAY)
    assert isinstance(found, Number)
    assert found.fits(date.fromisoformat(birth)) is fits


@given(st.text(alphabet="0123456789XxUTO ２", max_size=20))
def test_any_text_is_judged(text: str) -> None:
    """What a hand types or a scanner sends never ends in an exception."""
    assert isinstance(read(text, TODAY), Number | NumberFault)


@given(st.integers(7, 13), st.integers(1, 9))
def test_single_wrong_digits_of_a_foreigner_s_number_are_noticed(place: int, shift: int) -> None:
    """Weights 7 3 1 have no factor in common with 10."""
    wrong = str((int(FOREIGN[place]) + shift) % 10)
    changed = FOREIGN[:place] + wrong + FOREIGN[place + 1 :]
    assert isinstance(read(changed, TODAY), NumberFault)
    assert check_digit_2017(changed[:14]) != FOREIGN[14]


@given(st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_noticed(place: int, shift: int) -> None:
    """ISO 7064 MOD 11-2 finds every substitution of one character."""
    wrong = str((int(GOOD[place]) + shift) % 10)
    assert isinstance(read(GOOD[:place] + wrong + GOOD[place + 1 :], TODAY), NumberFault)
