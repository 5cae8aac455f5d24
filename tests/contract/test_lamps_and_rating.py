"""Lamps and rating pads on GPIO, against a header played here, and against the twin.

On a real header: ONEWINDOW_HARDWARE_LAMPS='{"driver": "lamps_gpio", "red": 17, "yellow": 27,
"green": 22, "factory": "lgpio"}' (or a tower lamp's table), and ONEWINDOW_HARDWARE_RATING alike.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from hal.errors import DeviceLost
from hal.interfaces import LevelPressed
from sim.twins.gpio import FAULTS, GpioTwin

Run = Callable[[str, dict[str, object]], Any]
BUTTONS, LAMPS = [5, 6, 13, 19, 26], [12, 16, 20, 21, 25]
STUCK_S, LOOK_S = 0.5, 0.05
WAIT_S = 10.0
PERSON_S = 60.0


@pytest.fixture
def lamps(run: Run, gpio: Any) -> Any:
    table = {"red": 17, "yellow": 27, "green": 22, "factory": f"socket:{gpio.path}"}
    return run("lamps_gpio", table).started()


@pytest.fixture
def pad(run: Run, gpio: Any) -> Any:
    table = {"buttons": BUTTONS, "lamps": LAMPS, "factory": f"socket:{gpio.path}"}
    return run("rating_gpio", table).started()


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again; the pad tells nobody of what it looks at itself."""
    for _ in range(int(WAIT_S / LOOK_S)):
        if condition():
            return
        Event().wait(LOOK_S)
    pytest.fail("it did not come to that")


def level(observation: object) -> tuple[int, str]:
    assert isinstance(observation, LevelPressed)
    return observation.level, observation.raw_key


def test_lamps_start_dark_and_obey(lamps: Any, gpio: Any) -> None:
    """Every lamp is put out at the start, then each change is one line."""
    gpio.await_lines("out 17 0", "out 27 0", "out 22 0")
    gpio.forget()
    lamps.device.set("green", True)
    lamps.device.set("red", True)
    lamps.device.set("green", False)
    gpio.await_lines("out 22 1", "out 17 1", "out 22 0")
    assert len(gpio.lines) == 3


def test_a_lamp_that_is_not_fitted_is_ignored(lamps: Any, gpio: Any) -> None:
    """A window without a buzzer beeps nowhere."""
    lamps.device.set("buzzer", True)
    lamps.device.set("yellow", True)
    gpio.await_lines("out 27 1")


def test_keys_are_levels_in_the_order_of_the_list(pad: Any, gpio: Any) -> None:
    """The first pin is level 1, the last level 5; the raw key is kept."""
    for index, pin in enumerate(BUTTONS, start=1):
        gpio.tell(f"in {pin} 0\n")
        assert level(pad.next()) == (index, f"gpio{pin}")
        gpio.tell(f"in {pin} 1\n")


def test_bounce_is_one_press(pad: Any, gpio: Any) -> None:
    """Edges closer than the debounce time are one press of the level that stays."""
    gpio.tell("in 19 0\nin 19 1\nin 19 0\nin 19 1\nin 19 0\n")
    assert level(pad.next()) == (4, "gpio19")
    gpio.tell("in 19 1\n")
    gpio.tell("in 26 0\n")
    assert level(pad.next()) == (5, "gpio26")


def test_a_spike_is_no_press(pad: Any, gpio: Any) -> None:
    """A level that does not last is not believed."""
    gpio.tell("in 5 0\nin 5 1\n")
    gpio.tell("in 26 0\n")
    assert level(pad.next()) == (5, "gpio26")


def test_the_pad_lights_just_what_is_asked(pad: Any, gpio: Any) -> None:
    """Lamps go out before others go on, and unchanged lamps are left alone."""
    pad.device.light({1, 2, 3, 4, 5})
    gpio.await_lines(*(f"out {pin} 1" for pin in LAMPS))
    gpio.forget()
    pad.device.light({4})
    gpio.await_lines("out 12 0", "out 16 0", "out 20 0", "out 25 0")
    gpio.forget()
    pad.device.light({5})
    gpio.await_lines("out 21 0", "out 25 1")


def test_garbage_on_the_wire_stops_nothing(pad: Any, gpio: Any) -> None:
    """Lines that are none are passed over."""
    gpio.tell("in\nin five 0\nout 5 0\n\x00\xff\nin 5 0 0\nin 19 0\n")
    assert level(pad.next()) == (4, "gpio19")


@pytest.mark.parametrize("name", ["lamps", "pad"])
def test_unplugged_and_back(request: pytest.FixtureRequest, gpio: Any, name: str) -> None:
    """One loss is told, once; until it is back, orders fail as lost; then it obeys again."""
    running = request.getfixturevalue(name)
    gpio.unplug()
    assert running.lost().remedy == "reset"
    assert running.ends.empty()
    with pytest.raises(DeviceLost):
        running.device.set("red", True) if name == "lamps" else running.device.light({1})
    gpio.plug()
    running.started()
    gpio.forget()
    running.device.set("red", True) if name == "lamps" else running.device.light({1})
    gpio.await_lines("out 17 1" if name == "lamps" else "out 12 1")


@pytest.mark.parametrize("name", ["lamps", "pad"])
def test_pins_that_cannot_be_set(request: pytest.FixtureRequest, gpio: Any, name: str) -> None:
    """The wire is still there, but an order fails: the device is lost, not only the order."""
    running = request.getfixturevalue(name)
    gpio.await_lines("out 22 0" if name == "lamps" else "out 25 0")
    gpio.deafen()
    with pytest.raises(DeviceLost):
        running.device.set("red", True) if name == "lamps" else running.device.light({1})
    assert running.lost().remedy == "reset"


def test_nobody_at_the_other_end(run: Run, gpio: Any) -> None:
    """No header, no lamps: a loss, and closing twice is no error."""
    gpio.unplug()
    table = {"red": 17, "yellow": 27, "green": 22, "factory": f"socket:{gpio.path}"}
    running = run("lamps_gpio", table).start()
    assert "nobody listens" in running.lost().cause
    running.device.close()
    running.device.close()


@pytest.mark.parametrize("rate", ["slow", "medium", "quick"])
def test_a_lamp_flashes_until_told_otherwise(lamps: Any, gpio: Any, rate: str) -> None:
    """On at once, then off and on again; `set` ends it, and another lamp does not mind."""
    gpio.await_lines("out 17 0", "out 27 0", "out 22 0")
    gpio.forget()
    lamps.device.flash("red", rate)
    lamps.device.set("green", True)
    gpio.await_lines("out 17 1", "out 22 1", "out 17 0", "out 17 1")
    lamps.device.set("red", False)
    gpio.await_lines("out 17 0", "out 17 1", "out 17 0")
    gpio.forget()
    lamps.device.flash("yellow", "quick")
    gpio.await_lines(*["out 27 1", "out 27 0"] * 3)
    assert not any(line.startswith("out 17") for line in gpio.lines)


def test_steady_words_are_no_flashes(lamps: Any, gpio: Any) -> None:
    """`continuous` is on and `off` is off, as in XFS; both end a flash."""
    gpio.await_lines("out 17 0", "out 27 0", "out 22 0")
    gpio.forget()
    lamps.device.flash("red", "continuous")
    lamps.device.flash("green", "quick")
    lamps.device.flash("green", "off")
    lamps.device.flash("buzzer", "quick")
    gpio.await_lines("out 17 1", "out 22 1", "out 22 0")
    assert len(gpio.lines) == 3


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[GpioTwin]:
    header = GpioTwin(tmp_path / "header.sock", BUTTONS)
    header.open()
    yield header
    header.close()


@pytest.fixture
def met(run: Run, twin: GpioTwin) -> Any:
    table = {
        "buttons": BUTTONS,
        "lamps": LAMPS,
        "factory": f"socket:{twin.path}",
        "stuck_s": STUCK_S,
    }
    return run("rating_gpio", table)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_twin(met: Any, twin: GpioTwin, fault: str) -> None:
    """A worn or hanging key is one press, a spike is none, wires off are a loss; others go on."""
    met.started()
    twin.fault(fault)
    twin.press(5)
    if fault == "cut":
        met.lost()
        met.started()
    elif fault != "spike":
        assert level(met.next()) == (1, "gpio5")
    twin.press(26)
    assert level(met.next()) == (5, "gpio26")
    assert met.reports.empty()


def test_a_stuck_key_degrades_the_pad_and_loses_it_not(met: Any, twin: GpioTwin) -> None:
    """It is named with its remedy; the others go on; up again for a while, all is good."""
    met.started()
    assert met.device.degraded is None
    twin.fault("stuck")
    twin.press(13)
    assert level(met.next()) == (3, "gpio13")
    wait_until(lambda: met.device.degraded is not None)
    assert met.device.degraded.remedy == "maintain"
    assert "level 3 (gpio13)" in met.device.degraded.cause
    twin.press(26)
    assert level(met.next()) == (5, "gpio26")
    twin.release(13)
    wait_until(lambda: met.device.degraded is None)
    assert met.ends.empty()
    twin.press(13)
    assert level(met.next()) == (3, "gpio13")


def test_a_key_down_at_the_start_is_no_press(met: Any, twin: GpioTwin) -> None:
    """Nobody was asked when it went down: it is found stuck, and never rates anybody."""
    twin.fault("stuck")
    twin.press(6)
    met.started()
    wait_until(lambda: met.device.degraded is not None)
    twin.press(26)
    assert level(met.next()) == (5, "gpio26")
    assert met.reports.empty()


def test_a_chattering_stuck_key_rates_nobody(met: Any, twin: GpioTwin) -> None:
    """While it counts as stuck, what it does is not believed."""
    met.started()
    twin.fault("stuck")
    twin.press(6)
    assert level(met.next()) == (2, "gpio6")
    wait_until(lambda: met.device.degraded is not None)
    twin.release(6)
    Event().wait(LOOK_S)  # up for longer than a bounce, and shorter than what makes it whole
    twin.press(6)
    twin.press(26)
    assert level(met.next()) == (5, "gpio26")
    assert met.reports.empty()


def hardware(run: Run, kind: str) -> Any:
    given = os.environ.get(f"ONEWINDOW_HARDWARE_{kind}")
    if not given:
        pytest.skip(f"no hardware: ONEWINDOW_HARDWARE_{kind} is not set")
    asked = json.loads(given)
    return run(asked.pop("driver"), asked).started()


def test_real_lamps(run: Run) -> None:
    """Each is on for a moment, then flashes; somebody looks."""
    running = hardware(run, "LAMPS")
    for colour in ("red", "yellow", "green", "buzzer"):
        print(f"\n{colour}: on, then flashing", flush=True)
        running.device.set(colour, True)
        Event().wait(1)
        running.device.flash(colour, "quick")
        Event().wait(2)
        running.device.set(colour, False)
    assert running.ends.empty()


def test_a_real_pad(run: Run) -> None:
    """All five keys in tactile order, left to right: 非常满意 first; each lamp answers."""
    running = hardware(run, "RATING")
    for wanted in (5, 4, 3, 2, 1):
        running.device.light({wanted})
        print(f"\npress the lit key within {PERSON_S:.0f} s", flush=True)
        assert running.reports.get(timeout=PERSON_S).level == wanted
    running.device.light(set())
    assert running.device.degraded is None
