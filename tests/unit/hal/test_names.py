"""Names as they are kept, and as they are compared."""

import json
from pathlib import Path

import pytest

from hal.names import DOT, VARIANTS, comparable, stored

DOTS = json.loads(
    Path(__file__).parents[2].joinpath("vectors", "social-security-card.json").read_text("utf-8")
)["dots"]


def test_the_dots_are_those_of_the_page() -> None:
    """One that is kept, six that are not."""
    assert ord(DOT) == int(DOTS["stored"], 16)
    assert [ord(dot) for dot in VARIANTS] == [int(dot, 16) for dot in DOTS["variants"]]


@pytest.mark.parametrize("dot", [DOT, *VARIANTS])
def test_dots_are_kept_and_compared_as_one(dot: str) -> None:
    """Between characters, and at the end of a name that goes on elsewhere."""
    assert stored(f"贾{dot}示例{dot}") == "贾\u00b7示例\u00b7"
    assert comparable(f"贾{dot}示例") == comparable("贾\u00b7示例")


def test_a_full_stop_of_a_foreign_name_is_kept() -> None:
    """It ends an abbreviation and parts nothing; compared, it is a dot like the others."""
    assert stored("J. EXAMPLE") == "J. EXAMPLE"
    assert comparable("J. EXAMPLE") == comparable("J.EXAMPLE")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\ue81e例", "\u9fb4例"),
        ("\uf92c", "\u90ce"),
        ("\U0002f804", "\u4f60"),
        ("贾 示例", "贾示例"),
    ],
)
def test_spellings_of_one_name_compare_equal(one: str, other: str) -> None:
    """Private-use characters of older tables, duplicates, and spaces."""
    assert comparable(one) == comparable(other)


def test_somebodys_own_character_stays() -> None:
    """It is somebody's name, and no question mark."""
    assert stored("贾\ue001") == "贾\ue001"
    assert comparable("贾\ue001") != comparable("贾\ue002")
