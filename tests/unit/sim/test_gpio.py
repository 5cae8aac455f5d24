"""Buttons and lamps over the socket, met from the other side as a terminal would."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.twins.gpio import GpioTwin, winked

DEADLINE_S = 5.0
BUTTONS = (5, 6)
GREEN = 22


class Terminal:
    """A terminal's connection, in lines."""

    def __init__(self, path: Path) -> None:
        self.wire = socket.socket(socket.AF_UNIX)
        self.wire.settimeout(DEADLINE_S)
        self.wire.connect(str(path))
        self.lines = self.wire.makefile("rb")

    def read(self, count: int) -> list[str]:
        return [self.lines.readline().decode().strip() for _ in range(count)]

    def write(self, *lines: str) -> None:
        self.wire.sendall("".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        self.lines.close()
        self.wire.close()


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[GpioTwin]:
    gpio = GpioTwin(tmp_path / "gpio.sock", BUTTONS)
    gpio.open()
    yield gpio
    gpio.close()


@pytest.fixture
def terminal(twin: GpioTwin) -> Iterator[Terminal]:
    connected = Terminal(twin.path)
    connected.read(len(BUTTONS))
    yield connected
    connected.close()


def test_a_connection_learns_every_button(twin: GpioTwin) -> None:
    """Each connection is told the level of every button first: idle is 1."""
    for _ in range(2):
        connected = Terminal(twin.path)
        assert connected.read(2) == ["in 5 1", "in 6 1"]
        connected.close()


def test_a_press_bounces_and_settles(twin: GpioTwin, terminal: Terminal) -> None:
    """A press is five edges ending low, a release five ending high; `settled` lies between."""
    settled = threading.Event()
    twin.press(6, settled.set)
    edges = [line.split()[2] for line in terminal.read(10)]
    assert edges == list("0101010101"[:5]) + list("1010101010"[:5])
    assert settled.is_set()


def test_a_wink_is_seen(twin: GpioTwin, terminal: Terminal) -> None:
    """A lamp that goes off and on again has winked since the mark."""
    terminal.write("out 22 1")
    assert twin.wait(lambda: twin.lit(GREEN), DEADLINE_S)
    mark = twin.mark()
    terminal.write("out 22 0", "out 22 1")
    assert twin.wait(lambda: winked(twin.course(GREEN, mark), 1), DEADLINE_S)
    assert not winked(twin.course(GREEN, twin.mark()), 1)


def test_coming_back_after_a_crash_is_no_wink(twin: GpioTwin, terminal: Terminal) -> None:
    """A lamp goes dark with its connection, and being lit by the next one is no answer."""
    terminal.write("out 22 1")
    assert twin.wait(lambda: twin.lit(GREEN), DEADLINE_S)
    mark = twin.mark()
    terminal.close()
    assert twin.wait(lambda: not twin.lit(GREEN), DEADLINE_S)
    again = Terminal(twin.path)
    again.write("out 22 0", "out 22 1")
    assert twin.wait(lambda: twin.lit(GREEN), DEADLINE_S)
    assert twin.course(GREEN, mark) == [1, None, 0, 1]
    assert not winked(twin.course(GREEN, mark), 1)
    again.close()


def test_noise_on_the_wire_is_ignored(twin: GpioTwin, terminal: Terminal) -> None:
    """Lines that are not of the protocol change nothing, and the next good one counts."""
    mark = twin.mark()
    terminal.write("out 22", "out x 1", "in 5 0", "", "out 22 7", "out 22 1")
    assert twin.wait(lambda: twin.lit(GREEN), DEADLINE_S)
    assert twin.course(GREEN, mark) == [None, 1]


def test_what_does_not_stay_is_no_answer(twin: GpioTwin, terminal: Terminal) -> None:
    """A lamp that is on alone only while five are being switched off has not answered."""

    def only_six() -> bool:
        return twin.lit(16) and not twin.lit(12)

    terminal.write("out 12 1", "out 16 1", "out 12 0", "out 16 0", "out 22 1")
    assert twin.wait(lambda: twin.lit(GREEN), DEADLINE_S)
    assert not twin.wait_staying(only_six, 0.01, 0.02)
    terminal.write("out 16 1")
    assert twin.wait_staying(only_six, 0.01, DEADLINE_S)


def test_waiting_for_what_does_not_come_ends(twin: GpioTwin) -> None:
    """A condition that never holds gives False after its time, and quiet lamps are quiet."""
    assert not twin.wait(lambda: twin.lit(GREEN), 0.01)
    assert twin.wait_quiet(0.001, DEADLINE_S)


def test_a_dark_lamp_is_not_off(twin: GpioTwin, terminal: Terminal) -> None:
    """A lamp that nobody holds is neither on nor off: its window is not closed, but gone."""
    terminal.write("out 22 1", "out 22 0")
    assert twin.wait(lambda: twin.off(GREEN), DEADLINE_S)
    terminal.close()
    assert twin.wait(lambda: not twin.off(GREEN), DEADLINE_S)
    assert not twin.lit(GREEN)
