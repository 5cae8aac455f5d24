"""Every phrase that a window can say has its clips; and no text makes a pack fail."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain import ticket
from drivers.voice.pack import Pack
from firmware import scene

ROOT = Path(__file__).resolve().parents[3]
MANDARIN = Pack(ROOT / "drivers" / "voice_pack" / "mandarin")
LANES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _spoken(tree: ast.AST) -> Iterator[str]:
    """Constants called …_ALOUD, and texts that are given to Speak or as `phrase`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            if any(isinstance(to, ast.Name) and to.id.endswith("_ALOUD") for to in node.targets):
                yield from _texts(node.value)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id == "Speak":
                for argument in node.args:
                    yield from _texts(argument)
            for keyword in node.keywords:
                if keyword.arg == "phrase":
                    yield from _texts(keyword.value)


def _texts(value: ast.AST) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_phrase_of_the_terminal_has_its_clips() -> None:
    """Whatever its source says aloud, found there and not listed here."""
    phrases = {
        text
        for path in (ROOT / "firmware").rglob("*.py")
        for text in _spoken(ast.parse(path.read_text("utf-8")))
    }
    assert scene.TAKE_CARD_ALOUD in phrases
    assert [text for text in sorted(phrases) if MANDARIN.sentence(text) is None] == []


@pytest.mark.parametrize("text", [*scene.LEVELS.values(), "请评价", "谢谢"])
def test_every_level_of_a_rating_has_its_clip(text: str) -> None:
    """What a rating pad echoes."""
    assert MANDARIN.sentence(text) is not None


@given(st.sampled_from(LANES), st.integers(1, 999_999), st.integers(1, 99))
def test_every_call_has_its_clips(lane: str, count: int, window: int) -> None:
    """Any number of any lane to any window, as the centre writes it."""
    call = ticket.announcement(ticket.number(lane, count), window)
    assert MANDARIN.sentence(call) is not None


@given(st.text(max_size=40) | st.text("请A12到号窗口办理业务,。 ", max_size=40))
def test_any_text_is_a_sentence_or_nothing(text: str) -> None:
    """Whatever stands in an order; and what is said plays no longer than half a minute."""
    sentence = MANDARIN.sentence(text)
    if sentence is not None:
        assert sentence.startswith(b"RIFF")
        assert 0 < MANDARIN.duration_s(sentence) < 30


def test_the_longest_clips_are_taken() -> None:
    """A phrase that was spoken as a whole sounds better than its pieces."""
    whole = MANDARIN.sentence("非常满意")
    pieces = MANDARIN.sentence("非常满意,满意")
    assert whole is not None
    assert pieces is not None
    assert pieces.startswith(whole[:4])
    assert whole[44:] in pieces
