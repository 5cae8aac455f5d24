"""The ticket's number on the teller's keypad."""

from collections.abc import Iterator
from queue import Queue
from threading import Event

import pytest

from drivers import registry
from firmware.lights import Lights
from firmware.number_display import NumberDisplay
from firmware.panel import Panel
from firmware.scene import Scene
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import Keypad, Report, Role

WAIT_S = 5.0


class FakeKeypad:
    """Tells what it shows, and `beep`. While `free` is not set it takes no order; `gone`: away."""

    role: Role = "key"
    rates = True

    def __init__(self) -> None:
        self.told: Queue[str] = Queue()
        self.free = Event()
        self.free.set()
        self.gone = False

    def open(self) -> None: ...

    def watch(self, report: Report, stop: Event) -> None: ...

    def close(self) -> None: ...

    def show_number(self, number: str) -> None:
        assert self.free.wait(WAIT_S)
        self.told.put("gone" if self.gone else f"[{number}]")
        if self.gone:
            raise DeviceLost("gone")

    def beep(self) -> None:
        self.told.put("beep")

    def next(self, count: int) -> list[str]:
        return [self.told.get(timeout=WAIT_S) for _ in range(count)]


class Other:
    """A device that shows no number."""

    role: Role = "identity"

    def open(self) -> None: ...

    def watch(self, report: Report, stop: Event) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def keypad() -> FakeKeypad:
    return FakeKeypad()


@pytest.fixture
def display(keypad: FakeKeypad) -> Iterator[NumberDisplay]:
    as_keypad: Keypad = keypad
    made = NumberDisplay({"reader": Other(), "keypad": as_keypad})
    made.start()
    yield made
    keypad.free.set()
    made.stop()


@pytest.fixture
def lights(display: NumberDisplay) -> Lights:
    return Lights(None, None, Panel(None), number=display)


def test_the_number_of_the_visit_appears_with_a_beep(lights: Lights, keypad: FakeKeypad) -> None:
    """It beeps once for a visit, whatever else changes in it, and is blank after it."""
    lights.show(Scene(green=True, pad=frozenset(), number="A012"))
    assert keypad.next(2) == ["[A012]", "beep"]
    lights.show(Scene(green=True, pad=frozenset({1}), number="A012"))
    assert keypad.next(1) == ["[A012]"]
    lights.show(Scene(green=False, pad=frozenset()))
    assert keypad.next(1) == ["[]"]
    assert keypad.told.empty()


def test_nobody_waits_for_a_keypad(lights: Lights, keypad: FakeKeypad) -> None:
    """What is shown while it takes no order is overtaken by the newest."""
    keypad.free.clear()
    for ticket in ("A001", "A002", "A003"):
        lights.show(Scene(green=True, pad=frozenset(), number=ticket))
    keypad.free.set()
    told = keypad.next(2)
    while told[-2:] != ["[A003]", "beep"]:
        told += keypad.next(1)
    assert "[A002]" not in told


def test_a_keypad_that_returns_shows_the_number(lights: Lights, keypad: FakeKeypad) -> None:
    """Its absence is no error; when it is back it beeps, since the number is new to it."""
    keypad.gone = True
    lights.show(Scene(green=True, pad=frozenset(), number="A012"))
    assert keypad.next(1) == ["gone"]
    keypad.gone = False
    lights.refresh()
    assert keypad.next(2) == ["[A012]", "beep"]


def test_the_end_is_blank(keypad: FakeKeypad) -> None:
    """What was wanted last is shown before it ends."""
    display = NumberDisplay({"keypad": keypad})
    display.start()
    display.show("A012")
    display.show("")
    display.stop()
    assert keypad.told.queue[-1] == "[]"


def test_a_window_without_a_keypad_shows_no_number(keypad: FakeKeypad) -> None:
    """Nothing happens, and nobody rates; a keypad without rating keys shows and does not rate."""
    display = NumberDisplay({"reader": Other()})
    display.start()
    display.show("A012")
    display.stop()
    assert display.raters == []
    assert NumberDisplay({"keypad": keypad}).raters == ["keypad"]
    keypad.rates = False
    assert NumberDisplay({"keypad": keypad}).raters == []


def test_the_keypad_driver_is_one() -> None:
    """The driver offers what is looked for; one whose rating keys mean nothing does not rate."""
    spec = registry.load("keypad_serial")
    for levels, raters in (([2, 3, 4, 5], ["keypad"]), ([0, 0, 0, 0], [])):
        options = spec.configure({"port": "/dev/null", "levels": levels})
        display = NumberDisplay({"keypad": spec.build(options, SystemClock())})
        assert display.raters == raters
