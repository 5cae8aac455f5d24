"""Lamps and rating pads on GPIO, against a header played here."""

from collections.abc import Callable
from typing import Any

import pytest

from hal.errors import DeviceLost
from hal.interfaces import LevelPressed

Run = Callable[[str, dict[str, object]], Any]
BUTTONS, LAMPS = [5, 6, 13, 19, 26], [12, 16, 20, 21, 25]


@pytest.fixture
def lamps(run: Run, gpio: Any) -> Any:
    table = {"red": 17, "yellow": 27, "green": 22, "factory": f"socket:{gpio.path}"}
    return run("lamps_gpio", table).started()


@pytest.fixture
def pad(run: Run, gpio: Any) -> Any:
    table = {"buttons": BUTTONS, "lamps": LAMPS, "factory": f"socket:{gpio.path}"}
    return run("rating_gpio", table).started()


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
