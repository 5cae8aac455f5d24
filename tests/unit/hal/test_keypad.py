"""Frames of the calling keypad, against published bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.codecs.keypad import Frame, Frames, encode, number
from hal.errors import WireError

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "keypad.json").read_text("utf-8")
)
CALL, RATED = Frame(1, 1, b"\x0c"), Frame(1, 0x11, b"\x03")
GOOD = encode(CALL)


def fed(*chunks: bytes) -> list[Frame | WireError]:
    frames = Frames()
    return [each for chunk in chunks for each in frames.feed(chunk)]


def good(*chunks: bytes) -> list[Frame]:
    return [each for each in fed(*chunks) if isinstance(each, Frame)]


@pytest.mark.parametrize(("wire", "address", "function", "data"), VECTORS["frames"].values())
def test_frames_are_the_published_bytes(wire: str, address: int, function: int, data: str) -> None:
    """Read and written byte for byte, the sum included."""
    frame = Frame(address, function, bytes.fromhex(data))
    assert fed(bytes.fromhex(wire)) == [frame]
    assert encode(frame) == bytes.fromhex(wire)


@pytest.mark.parametrize(("text", "wire"), VECTORS["orders"].items())
def test_numbers_are_shown_to_the_right(text: str, wire: str) -> None:
    """Digits only, the last six of them; blanks before them."""
    assert encode(number(1, text)) == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("frame", "raw_key", "score"),
    [
        (CALL, "0C", None),
        (Frame(1, 1, b"\x06\x0f"), "06 0F", None),
        (RATED, "11 03", 3),
        (Frame(1, 0x11, b"\x00"), "11 00", 0),
        (Frame(1, 0x11, b"\x04"), "11 04", None),
        (Frame(1, 0x11), "11", None),
    ],
)
def test_keys_have_the_keypads_own_names(frame: Frame, raw_key: str, score: int | None) -> None:
    """As they come over the wire, so that a mapping can be corrected afterwards."""
    assert (frame.raw_key, frame.score) == (raw_key, score)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=30))
def test_chunks_of_any_size_give_the_same_frames(sizes: list[int]) -> None:
    """A serial line cuts where it likes."""
    stream = GOOD + encode(RATED) + GOOD
    chunks, position = [], 0
    for size in sizes:
        chunks.append(stream[position : position + size])
        position += size
    assert fed(*chunks, stream[position:]) == [CALL, RATED, CALL]


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_wrong_byte_costs_one_frame(at: int, mask: int) -> None:
    """The frame behind it is read, at the latest when the line falls silent."""
    spoilt = GOOD[:at] + bytes([GOOD[at] ^ mask]) + GOOD[at + 1 :]
    frames = Frames()
    seen = [*frames.feed(spoilt), *frames.feed(encode(RATED)), *frames.gap()]
    assert [each for each in seen if isinstance(each, Frame)] == [RATED]
    assert not frames.waiting


@given(st.binary(max_size=64))
def test_noise_before_a_frame_hides_it_not(noise: bytes) -> None:
    """Whatever came before, a whole frame is found once the line is silent."""
    frames = Frames()
    seen = [*frames.feed(noise + GOOD), *frames.gap()]
    assert CALL in seen
    assert not frames.waiting


def test_half_a_frame_is_damage_once_the_line_is_silent() -> None:
    """Somebody pressed a key, and must be told; nothing stays for the next frame."""
    frames = Frames()
    assert list(frames.feed(GOOD[:6])) == []
    assert frames.waiting
    assert [type(each) for each in frames.gap()] == [WireError]
    assert not frames.waiting
    assert list(frames.gap()) == []


def test_bytes_outside_of_any_frame_are_no_damage() -> None:
    """A line that hums says nothing to anybody."""
    assert fed(b"\x00\x16\x68" * 100) == []
    assert good(b"\xff" * 50 + GOOD) == [CALL]
