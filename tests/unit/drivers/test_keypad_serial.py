"""What the keypad's driver makes of the same frame, by the clock: echoes, repeats, presses."""

from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from drivers.keypad_serial import KeypadSerial, Options
from hal.errors import WireError
from hal.events.envelope import Clock as Quality
from hal.interfaces import KeyDown, Observation, Unreadable

CALL = bytes.fromhex("FF6803036801010C0E16")
FINISH = bytes.fromhex("FF6803036801010B0D16")
CALLED, FINISHED = KeyDown("call_next", "0C"), KeyDown("finish", "0B")


class LineClock:
    """A clock and a line in one: what comes, after how many seconds, and what was written."""

    def __init__(self, *course: tuple[float, bytes]) -> None:
        self._course = list(course)
        self._now_s = 1000.0
        self.stop = Event()
        self.written: list[bytes] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now_s, UTC)

    def monotonic_ns(self) -> int:
        return int(self._now_s * 1e9)

    def quality(self) -> Quality:
        return "synced"

    def read(self, timeout_s: float) -> bytes:
        if not self._course:
            self.stop.set()
            return b""
        after_s, chunk = self._course.pop(0)
        self._now_s += after_s
        return chunk

    def write(self, body: bytes) -> None:
        self.written.append(body)

    def close(self) -> None: ...


def watched(*course: tuple[float, bytes]) -> tuple[list[Observation], list[bytes]]:
    """What is reported of a line, and what is answered."""
    line: Any = LineClock(*course)
    device = KeypadSerial(Options(port="/dev/null"), line)
    device._port = line
    reports: list[Observation] = []
    device.watch(reports.append, line.stop)
    return reports, line.written


def test_our_own_echo_is_no_press_and_is_not_echoed() -> None:
    """On a line that gives back what is said, one press would go round for ever."""
    assert watched((0, CALL), (0.01, CALL), (0.02, CALL)) == ([CALLED], [CALL])


def test_a_repeat_is_echoed_again_and_told_once() -> None:
    """The keypad did not hear the echo: it wants another, and nobody is called twice."""
    assert watched((0, CALL), (0.15, CALL), (0.2, CALL)) == ([CALLED], [CALL] * 3)


def test_the_same_key_later_is_another_press() -> None:
    """A teller calls the next but one."""
    assert watched((0, CALL), (1.0, CALL)) == ([CALLED, CALLED], [CALL] * 2)


def test_another_key_in_between_is_told_at_once() -> None:
    """However quick the fingers are."""
    reports, _ = watched((0, CALL), (0.01, FINISH), (0.01, CALL))
    assert reports == [CALLED, FINISHED, CALLED]


@pytest.mark.parametrize("size", [1, 3, 10])
def test_a_disturbed_line_is_told_once(size: int) -> None:
    """One answer to the teller, however much comes damaged; silence makes the next a new one."""
    spoilt = (CALL[:-2] + b"\x00\x16") * 5
    pieces = [(0.001, spoilt[at : at + size]) for at in range(0, len(spoilt), size)]
    reports, written = watched(*pieces, (0.1, b""), *pieces)
    assert [type(each) for each in reports] == [Unreadable, Unreadable]
    assert all(isinstance(each.error, WireError) for each in reports if type(each) is Unreadable)
    assert written == []
