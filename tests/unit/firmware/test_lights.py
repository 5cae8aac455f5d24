"""Lamps that answer, on fakes that remember what they were told."""

from collections.abc import Iterator, Set
from threading import Condition, Event

import pytest

from firmware.lights import Lights
from firmware.panel import Panel
from firmware.session import ConfirmLevel, Scene, Wink
from hal.errors import DeviceLost
from hal.interfaces import Colour, Lamps, RatingPad, Report, Role

WAIT_S = 5.0


class FakeLamps:
    """Remembers every change; `gone` makes it fail as an unplugged one does."""

    role: Role = "lamp"

    def __init__(self) -> None:
        self.changes: list[tuple[Colour, bool]] = []
        self.gone = False
        self._on: dict[Colour, bool] = {}
        self._told = Condition()

    def open(self) -> None: ...

    def watch(self, report: Report, stop: Event) -> None: ...

    def close(self) -> None: ...

    def set(self, colour: Colour, on: bool) -> None:
        if self.gone:
            raise DeviceLost("gone")
        with self._told:
            if self._on.get(colour, False) != on:
                self.changes.append((colour, on))
            self._on[colour] = on
            self._told.notify_all()

    def await_changes(self, count: int) -> list[tuple[Colour, bool]]:
        with self._told:
            assert self._told.wait_for(lambda: len(self.changes) >= count, WAIT_S)
            return list(self.changes)


class FakePad(FakeLamps):
    """Remembers which lamps of the pad were lit, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.lit: list[frozenset[int]] = []

    def light(self, levels: Set[int]) -> None:
        self.lit.append(frozenset(levels))


@pytest.fixture
def lamps() -> FakeLamps:
    return FakeLamps()


@pytest.fixture
def pad() -> FakePad:
    return FakePad()


@pytest.fixture
def lights(lamps: FakeLamps, pad: FakePad) -> Iterator[Lights]:
    as_lamps: Lamps = lamps
    as_pad: RatingPad = pad
    made = Lights(as_lamps, as_pad, Panel(None))
    yield made
    made.stop()


def test_a_wink_goes_away_from_the_scene_and_back(lights: Lights, lamps: FakeLamps) -> None:
    """Two changes can be seen, whichever way the lamp stands."""
    lights.show(Scene(green=True, pad=frozenset()))
    lights.give(Wink("green"))
    green = [change for change in lamps.await_changes(4) if change[0] == "green"]
    assert green[:2] == [("green", True), ("green", False)]
    while len(green) < 3:
        green = [change for change in lamps.await_changes(5) if change[0] == "green"]
    assert green == [("green", True), ("green", False), ("green", True)]


def test_a_second_wink_is_seen_to_begin(lights: Lights, lamps: FakeLamps) -> None:
    """Two answers in quick succession are two edges away from the scene, not one long one."""
    lights.give(Wink("yellow"))
    lights.give(Wink("yellow"))
    begun = [change for change in lamps.changes if change == ("yellow", True)]
    assert len(begun) == 2


def test_a_press_is_confirmed_by_its_lamp_alone(lights: Lights, pad: FakePad) -> None:
    """All go out before the pressed one goes on, even if it was on before."""
    lights.show(Scene(green=True, pad=frozenset({4})))
    lights.give(ConfirmLevel(4))
    assert pad.lit[-2:] == [frozenset(), frozenset({4})]


def test_a_device_that_returns_shows_the_scene(lights: Lights, lamps: FakeLamps) -> None:
    """What was to be seen while it was away is shown when it is back; its absence is no error."""
    lamps.gone = True
    lights.show(Scene(green=True, pad=frozenset()))
    assert lamps.changes == []
    lamps.gone = False
    lights.refresh()
    assert lamps.changes == [("green", True)]


def test_the_end_is_dark(lights: Lights, lamps: FakeLamps, pad: FakePad) -> None:
    """A window that stops shows nothing that is not true any more."""
    lights.show(Scene(green=True, pad=frozenset({1, 2, 3, 4, 5})))
    lights.stop()
    assert lamps.changes == [("green", True), ("green", False)]
    assert pad.lit[-1] == frozenset()
