"""What is stored of a line, and what is missing, against a plain set of numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.ingest.line import MOST_RANGES, Line


def plain(stored: set[int]) -> tuple[int, int, list[tuple[int, int]]]:
    """Committed, highest and the gaps of a set of sequences, as the contract words them."""
    committed = 0
    while committed + 1 in stored:
        committed += 1
    above = [committed, *sorted(each for each in stored if each > committed)]
    gaps = [(low + 1, high - 1) for low, high in pairwise(above) if high - low > 1]
    return committed, above[-1], gaps


@pytest.mark.parametrize(
    ("arrived", "committed", "missing"),
    [
        ([], 0, []),
        ([1, 2, 3], 3, []),
        ([1, 3], 1, [(2, 2)]),
        ([3], 0, [(1, 2)]),
        ([1, 2, 5, 6, 9], 2, [(3, 4), (7, 8)]),
        ([9, 6, 5, 2, 1], 2, [(3, 4), (7, 8)]),
        ([1, 3, 2], 3, []),
        ([1, 1, 1], 1, []),
    ],
)
def test_a_gap_is_missing_until_it_is_filled(
    arrived: list[int], committed: int, missing: list[tuple[int, int]]
) -> None:
    """Whatever the order of arrival; a repeat changes nothing."""
    line = Line()
    for sequence in arrived:
        line.add(sequence)
    assert (line.committed, line.missing) == (committed, missing)


@given(st.lists(st.integers(1, 30)))
def test_it_is_always_what_a_set_would_say(arrived: list[int]) -> None:
    """After each arrival: committed, highest and missing."""
    line = Line()
    for n, sequence in enumerate(arrived, 1):
        line.add(sequence)
        assert (line.committed, line.highest, line.missing) == plain(set(arrived[:n]))


@given(st.integers(0, 10), st.sets(st.integers(1, 40)))
def test_it_goes_on_from_what_was_stored(committed: int, stored: set[int]) -> None:
    """A line read from the database is the one that was written."""
    whole = set(range(1, committed + 1)) | stored
    line = Line(committed, [each for each in stored if each > committed])
    assert (line.committed, line.highest, line.missing) == plain(whole)


def test_a_receipt_has_room_for_the_first_gaps_only() -> None:
    """Of very many gaps the first are asked for."""
    line = Line(0, range(2, 4 * MOST_RANGES, 2))
    assert line.missing == [(n, n) for n in range(1, 2 * MOST_RANGES, 2)]
