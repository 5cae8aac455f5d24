"""The barcode gun's key strokes, from the kernel's own key numbers."""

import json
from pathlib import Path

import pytest

from hal.codecs.hid_keys import EV_KEY, EV_SYN, SYN_DROPPED, HidKeys, with_capitals

LEFT_SHIFT, RIGHT_SHIFT, CAPS = 42, 54, 58
A, ONE, SEMICOLON, ENTER, F1 = 30, 2, 39, 28, 59


def typed(keys: HidKeys, *strokes: tuple[int, int]) -> str:
    return "".join(keys.feed(EV_KEY, code, value) for code, value in strokes)


def tap(code: int) -> list[tuple[int, int]]:
    return [(code, 1), (code, 0)]


def shifted(code: int, shift: int = LEFT_SHIFT) -> list[tuple[int, int]]:
    return [(shift, 1), *tap(code), (shift, 0)]


@pytest.mark.parametrize(
    ("strokes", "text"),
    [
        (tap(A), "a"),
        (shifted(A), "A"),
        (shifted(A, RIGHT_SHIFT), "A"),
        (shifted(SEMICOLON), ":"),
        ([*tap(CAPS), *tap(A)], "A"),
        ([*tap(CAPS), *shifted(A)], "a"),
        ([*tap(CAPS), *tap(ONE)], "1"),
        ([*shifted(ONE), *tap(ONE)], "!1"),
        (tap(ENTER), "\r"),
        ([(A, 1), (A, 2), (A, 2), (A, 0)], "a"),
    ],
)
def test_strokes_become_the_characters_of_the_us_layout(
    strokes: list[tuple[int, int]], text: str
) -> None:
    """Shift and caps lock change letters as on a keyboard; auto-repeat types nothing more."""
    keys = HidKeys()
    assert typed(keys, *strokes) == text
    assert not keys.dropped


def test_lost_events_are_told_once_and_forget_a_held_shift() -> None:
    """SYN_DROPPED marks this code only, and a shift whose release was lost does not stick."""
    keys = HidKeys()
    keys.feed(EV_KEY, LEFT_SHIFT, 1)
    keys.feed(EV_SYN, SYN_DROPPED, 0)
    assert typed(keys, *tap(A)) == "a"
    assert keys.dropped
    keys.taken()
    assert typed(keys, *tap(A)) == "a"
    assert not keys.dropped


def test_a_key_that_no_code_contains_marks_the_code() -> None:
    """A function key means another layout or a hand on a keyboard: the code is not trusted."""
    keys = HidKeys()
    assert typed(keys, *tap(F1)) == ""
    assert keys.dropped


def test_a_lost_caps_lock_does_not_turn_the_next_code_over() -> None:
    """The stroke that ends it may be among the lost events."""
    keys = HidKeys()
    assert typed(keys, *tap(CAPS), *tap(A)) == "A"
    keys.feed(EV_SYN, SYN_DROPPED, 0)
    keys.taken()
    assert typed(keys, *tap(A)) == "a"


def test_our_codes_are_put_upright_and_no_others() -> None:
    """A gun that makes up for a caps lock types ours in small letters; others may be so."""
    assert with_capitals("ow:t:01j9zk") == "OW:T:01J9ZK"
    assert with_capitals("OW:T:01J9ZK") == "OW:T:01J9ZK"
    assert with_capitals("abcDEF") == "abcDEF"


def test_the_events_of_our_page() -> None:
    """The worked strokes are read as the page says."""
    path = Path(__file__).parents[2] / "vectors" / "barcode.json"
    vector = json.loads(path.read_text("utf-8"))["keys"]
    keys = HidKeys()
    events = [[int(word) for word in event.split()] for event in vector["A, Enter"]]
    assert "".join(keys.feed(*event) for event in events) == vector["typed"]
