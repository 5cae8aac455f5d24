"""ULIDs, held against a published timestamp."""

import pytest

from hal.events.ids import is_ulid, new_ulid

# ulid/javascript, README, "Seed Time": ulid(1469918176385) is 01ARYZ6S41TSV4RRFFQ69G5FAV.
EXAMPLE_MS, EXAMPLE_TIME = 1469918176385, "01ARYZ6S41"


def test_the_first_ten_characters_are_the_time() -> None:
    """A published pair of moment and text."""
    assert new_ulid(EXAMPLE_MS)[:10] == EXAMPLE_TIME


@pytest.mark.parametrize(
    ("unix_ms", "start"), [(0, "0000000000"), ((1 << 48) - 1, "7ZZZZZZZZZ"), (1 << 48, "0" * 10)]
)
def test_the_time_has_48_bits(unix_ms: int, start: str) -> None:
    """The earliest and the latest moment, and one that does not fit."""
    assert new_ulid(unix_ms)[:10] == start


def test_text_order_is_order_in_time() -> None:
    """Identifiers of later milliseconds sort behind earlier ones."""
    made = [new_ulid(EXAMPLE_MS + n) for n in range(200)]
    assert made == sorted(made)


def test_no_two_are_alike() -> None:
    """Within one millisecond they differ, and each has the form."""
    made = {new_ulid(EXAMPLE_MS) for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_ulid(text) for text in made)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", True),
        ("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FA", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAVX", False),
        ("01arz3ndektsv4rrffq69g5fav", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAI", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAL", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAO", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAU", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV\n", False),
        ("", False),
    ],
)
def test_the_form_is_checked(text: str, valid: bool) -> None:
    """26 characters of Crockford's alphabet that fit 128 bits, in upper case."""
    assert is_ulid(text) is valid
