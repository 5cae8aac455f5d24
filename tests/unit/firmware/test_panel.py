"""The display's thread, on a display that remembers and may be slow or away."""

from collections.abc import Iterator
from threading import Condition, Event

import pytest

from firmware.panel import Panel
from hal.errors import DeviceLost
from hal.interfaces import Display, Report, Role, Screen

WAIT_S = 5.0


class FakeDisplay:
    """Remembers screens. While `slow` is clear, a screen stays under way."""

    role: Role = "display"

    def __init__(self) -> None:
        self.shown: list[Screen] = []
        self.gone = False
        self.free = Event()
        self.free.set()
        self._changed = Condition()

    def open(self) -> None:
        self.gone = False

    def watch(self, report: Report, stop: Event) -> None:
        stop.wait()

    def close(self) -> None:
        self.gone = True

    def show(self, screen: Screen) -> None:
        if self.gone:
            raise DeviceLost("gone")
        with self._changed:
            self.shown.append(screen)
            self._changed.notify_all()
        assert self.free.wait(WAIT_S)

    def await_screens(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.shown) >= count, WAIT_S), self.shown


@pytest.fixture
def display() -> FakeDisplay:
    return FakeDisplay()


@pytest.fixture
def panel(display: FakeDisplay) -> Iterator[Panel]:
    as_display: Display = display
    made = Panel(as_display)
    made.start()
    yield made
    display.free.set()
    made.stop()


def test_what_is_wanted_is_shown(panel: Panel, display: FakeDisplay) -> None:
    """Each screen in turn, also the same one again: the display may be a new one."""
    panel.show(Screen("A001"))
    display.await_screens(1)
    panel.show(Screen("A001"))
    display.await_screens(2)
    assert display.shown == [Screen("A001"), Screen("A001")]


def test_a_slow_display_shows_the_newest(panel: Panel, display: FakeDisplay) -> None:
    """Whoever shows never waits, and what was overtaken meanwhile is not drawn."""
    display.free.clear()
    panel.show(Screen("A001"))
    display.await_screens(1)
    for ticket in ("A002", "A003"):
        panel.show(Screen(ticket))
    display.free.set()
    display.await_screens(2)
    assert display.shown == [Screen("A001"), Screen("A003")]


def test_a_display_that_is_away_stops_nothing(panel: Panel, display: FakeDisplay) -> None:
    """A lost display costs a screen, not the thread: the next one is shown when it is back."""
    display.close()
    panel.show(Screen("A001"))
    panel.stop()
    again: Display = display
    display.open()
    second = Panel(again)
    second.start()
    second.show(Screen("A002"))
    second.stop()
    assert display.shown == [Screen("A002")]


def test_a_window_without_a_display(display: FakeDisplay) -> None:
    """Nothing is shown and nothing hangs."""
    panel = Panel(None)
    panel.start()
    panel.show(Screen("A001"))
    panel.stop()
    assert display.shown == []
