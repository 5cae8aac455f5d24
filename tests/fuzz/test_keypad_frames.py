"""Damaged streams of a calling keypad, half of them with the sum put right.

ONEWINDOW_FUZZ_KEYPAD says how many; `make nightly` asks for 100,000.
"""

import os
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.keypad_serial import KeypadSerial, Options
from hal.clock import SystemClock
from hal.codecs.keypad import Frame, Frames, encode
from hal.errors import WireError
from hal.interfaces import KeyDown, LevelPressed, Observation, Unreadable

STREAMS = int(os.environ.get("ONEWINDOW_FUZZ_KEYPAD", "5000"))
LARGEST_BUFFER = 32
GOOD = Frame(1, 1, b"\x0c")
FRAMES = st.builds(
    Frame, st.integers(0, 255), st.sampled_from([1, 2, 3, 0x11, 0xFF]), st.binary(max_size=16)
)
EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["set", "cut", "add", "swap"]),
              st.integers(0, 255)),
    max_size=6,
)  # fmt: skip


def edited(stream: bytes, edits: list[tuple[int, str, int]]) -> bytes:
    body = bytearray(stream)
    for place, what, value in edits:
        at = place % (len(body) + 1)
        if what == "add":
            body.insert(at, value)
        elif at < len(body):
            if what == "set":
                body[at] = value
            elif what == "cut":
                del body[at]
            else:
                body[at], body[-1] = body[-1], body[at]
    return bytes(body)


def repaired(frame: bytes) -> bytes:
    """With lengths and sum that fit what is inside, as a broken keypad would send it."""
    inside = frame[5:-2][:18]
    if len(inside) < 2:
        return frame
    head = bytes([0xFF, 0x68, len(inside), len(inside), 0x68])
    return head + inside + bytes([sum(inside) & 0xFF, 0x16])


STREAMS_MADE = st.tuples(st.lists(FRAMES, max_size=5), EDITS, st.booleans()).map(
    lambda made: b"".join(
        repaired(edited(encode(frame), made[1])) if made[2] else edited(encode(frame), made[1])
        for frame in made[0]
    )
)


@settings(max_examples=STREAMS, deadline=None, suppress_health_check=list(HealthCheck))
@given(STREAMS_MADE, st.integers(1, 40))
def test_no_stream_breaks_the_codec(stream: bytes, size: int) -> None:
    """Frames and errors come out, nothing stays behind, and a good frame is found after it."""
    frames = Frames()
    seen: list[Frame | WireError] = []
    for position in range(0, len(stream), size):
        seen += frames.feed(stream[position : position + size])
        assert len(frames._buffer) <= LARGEST_BUFFER
    seen += [*frames.feed(encode(GOOD)), *frames.gap()]
    assert GOOD in seen
    assert not frames.waiting
    assert len(seen) <= len(stream) + 1


class Line:
    """A port that plays a stream and then ends the watch."""

    def __init__(self, stream: bytes, size: int, stop: Event) -> None:
        self._chunks = [stream[at : at + size] for at in range(0, len(stream), size)] + [b""]
        self._stop = stop
        self.written = 0

    def read(self, timeout_s: float) -> bytes:
        if len(self._chunks) == 1:
            self._stop.set()
        return self._chunks.pop(0)

    def write(self, body: bytes) -> None:
        self.written += len(body)

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def watched() -> Callable[[bytes, int], tuple[list[Observation], int]]:
    """What the driver reports of a stream, and how many bytes it answers."""

    def watch(stream: bytes, size: int) -> tuple[list[Observation], int]:
        stop, reports = Event(), []
        line: Any = Line(stream, size, stop)
        device = KeypadSerial(Options(port="/dev/null"), SystemClock())
        device._port = line
        device.watch(reports.append, stop)
        return reports, line.written

    return watch


@settings(max_examples=STREAMS // 5, deadline=None, suppress_health_check=list(HealthCheck))
@given(stream=STREAMS_MADE, size=st.integers(1, 40))
def test_no_stream_breaks_the_driver(
    watched: Callable[[bytes, int], tuple[list[Observation], int]], stream: bytes, size: int
) -> None:
    """Only keys, levels and refusals are told, and no more is answered than came."""
    reports, written = watched(stream, size)
    assert all(isinstance(each, KeyDown | LevelPressed | Unreadable) for each in reports)
    assert written <= len(stream)
