"""Lamps that answer, on fakes that remember what they were told."""

from collections.abc import Iterator, Set
from threading import Condition, Event

import pytest

from firmware import lights as module
from firmware.lights import Lights
from firmware.panel import Panel
from firmware.scene import Scene
from firmware.session import Blink, ConfirmLevel, Explain, Speak, Wink
from firmware.speaker import Speaker
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import Colour, FlashRate, Lamps, RatingPad, Report, Role, Screen

WAIT_S = 5.0


class FakeLamps:
    """Remembers every change; `gone` makes it fail as an unplugged one does."""

    role: Role = "lamp"

    def __init__(self) -> None:
        self.changes: list[tuple[Colour, bool]] = []
        self.rates: list[tuple[Colour, FlashRate]] = []
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

    def flash(self, colour: Colour, rate: FlashRate) -> None:
        self.set(colour, rate != "off")
        self.rates.append((colour, rate))

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


class Told(Speaker):
    """A speaker without a voice that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(None, SystemClock())
        self.once: list[str] = []
        self.held: list[str | None] = []

    def say(self, text: str) -> None:
        self.once.append(text)

    def hold(self, phrase: str | None) -> None:
        self.held.append(phrase)


def test_lamps_that_stand(lights: Lights, lamps: FakeLamps) -> None:
    """Red, yellow and the buzzer stand as the scene says, and go out with it."""
    lights.show(Scene(green=False, pad=frozenset(), red=True, yellow=True, buzzer=True))
    assert lamps.changes == [("red", True), ("yellow", True), ("buzzer", True)]
    lights.show(Scene(green=False, pad=frozenset()))
    assert lamps.changes[3:] == [("red", False), ("yellow", False), ("buzzer", False)]


def test_an_answer_is_seen_and_heard_over_what_stands(lights: Lights, lamps: FakeLamps) -> None:
    """A lamp or buzzer that stands goes off for the moment."""
    lights.show(Scene(green=False, pad=frozenset(), red=True, buzzer=True))
    lights.give(Wink("red"))
    assert lamps.await_changes(6)[2:4] == [("red", False), ("buzzer", False)]


def test_a_window_is_found_by_its_blinking(
    lights: Lights, lamps: FakeLamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lamps together, on and off, and then as the scene says."""
    monkeypatch.setattr("firmware.lights.BLINK_S", 0.02)
    lights.show(Scene(green=True, pad=frozenset()))
    lights.give(Blink(0.08))
    on = {("red", True), ("yellow", True), ("green", True)}
    off = {("red", False), ("yellow", False), ("green", False)}
    changes = lamps.await_changes(13)
    assert changes[0] == ("green", True)
    assert set(changes[1:3]) == on - {("green", True)}
    assert (set(changes[3:6]), set(changes[6:9]), set(changes[9:12])) == (off, on, off)
    assert changes[12] == ("green", True)


def test_words_are_for_the_speaker() -> None:
    """Said once, or held with the scene, and held no more at the end."""
    told = Told()
    lights = Lights(None, None, Panel(None), told)
    lights.give(Speak("请A001号"))
    lights.show(Scene(green=False, pad=frozenset(), phrase="请取回您的社会保障卡"))
    lights.stop()
    assert told.once == ["请A001号"]
    assert told.held == ["请取回您的社会保障卡", None]


def test_an_ordered_light_flashes_until_the_scene_is_another(
    lights: Lights, lamps: FakeLamps
) -> None:
    """The lamp flashes at the ordered rate, the others stand; then all is as the scene says."""
    lights.show(Scene(green=True, pad=frozenset(), light=("yellow", "quick")))
    assert lamps.rates == [("yellow", "quick")]
    assert lamps.changes == [("yellow", True), ("green", True)]
    lights.show(Scene(green=True, pad=frozenset()))
    assert lamps.changes[2:] == [("yellow", False)]


def test_a_wink_of_a_lamp_that_flashes_is_a_gap(lights: Lights, lamps: FakeLamps) -> None:
    """It goes dark for the moment, and flashes again at the same rate."""
    lights.show(Scene(green=True, pad=frozenset(), light=("green", "slow")))
    lights.give(Wink("green"))
    while len(lamps.rates) < 2:
        lamps.await_changes(len(lamps.changes) + 1)
    assert [on for colour, on in lamps.changes if colour == "green"] == [True, False, True]
    assert lamps.rates == [("green", "slow")] * 2


def test_a_lamp_ordered_off_stays_off(lights: Lights, lamps: FakeLamps) -> None:
    """Also where the scene would have it on."""
    lights.show(Scene(green=True, pad=frozenset(), light=("green", "off")))
    assert lamps.changes == []
    assert lamps.rates == [("green", "off")]


class FakeDisplay:
    """Remembers every screen."""

    role: Role = "display"

    def __init__(self) -> None:
        self.screens: list[Screen] = []
        self._told = Condition()

    def open(self) -> None: ...

    def watch(self, report: Report, stop: Event) -> None: ...

    def close(self) -> None: ...

    def show(self, screen: Screen) -> None:
        with self._told:
            self.screens.append(screen)
            self._told.notify_all()

    def await_shown(self, screen: Screen) -> None:
        with self._told:
            assert self._told.wait_for(lambda: self.screens[-1:] == [screen], WAIT_S)


WAITING, SERVED = Screen("欢迎"), Screen("A001")
EXPLAINED = Screen("请重试", ("请重新放置",))


@pytest.fixture
def display() -> FakeDisplay:
    return FakeDisplay()


@pytest.fixture
def explaining(display: FakeDisplay) -> Iterator[Lights]:
    panel = Panel(display)
    panel.start()
    made = Lights(None, None, panel)
    yield made
    made.stop()
    panel.stop()


def test_a_person_reads_what_to_do_for_a_moment(
    explaining: Lights, display: FakeDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words stand before the scene, also when a device returns meanwhile, and then go."""
    monkeypatch.setattr(module, "EXPLAIN_S", 0.3)
    explaining.show(Scene(green=False, pad=frozenset(), screen=WAITING))
    explaining.give(Explain("请重新放置"))
    explaining.refresh()
    display.await_shown(EXPLAINED)
    display.await_shown(WAITING)


def test_what_was_explained_ends_with_the_scene(explaining: Lights, display: FakeDisplay) -> None:
    """The next citizen reads his number, and not what the last one did wrong."""
    explaining.show(Scene(green=False, pad=frozenset(), screen=WAITING))
    explaining.give(Explain("请重新放置"))
    display.await_shown(EXPLAINED)
    explaining.show(Scene(green=True, pad=frozenset(), screen=SERVED))
    display.await_shown(SERVED)
