"""A USB tower lamp, against its twin and a line played here."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hal.errors import DeviceLost
from sim.twins.tower import TowerTwin

Run = Callable[[str, dict[str, object]], Any]
OFF = bytes.fromhex("21222428")
WAIT_S = 10.0


def written(peer: Any, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += peer.read()
    return found


@pytest.fixture
def lamps(run: Run, serial: Any) -> Any:
    running = run("lamps_tower_usb", {"port": str(serial.path)}).started()
    assert written(serial, 4) == OFF
    return running


def test_orders_are_single_bytes(lamps: Any, serial: Any) -> None:
    """On, blink and off of each light, as the page has them."""
    for colour in ("red", "yellow", "green", "buzzer"):
        lamps.device.set(colour, True)
        lamps.device.flash(colour, "slow")
        lamps.device.set(colour, False)
    assert written(serial, 12).hex(" ") == "11 41 21 12 42 22 14 44 24 18 48 28"


def test_what_is_so_already_is_not_sent(lamps: Any, serial: Any) -> None:
    """`quick` looks like `slow`, `continuous` like on: nothing fills the port."""
    for rate in ("slow", "medium", "quick"):
        lamps.device.flash("red", rate)
    lamps.device.flash("green", "continuous")
    lamps.device.set("green", True)
    lamps.device.flash("green", "off")
    assert written(serial, 3).hex(" ") == "41 14 24"


def test_a_buzzer_may_be_left_out(run: Run, serial: Any) -> None:
    """A quiet hall: the buzzer is put out at the start and never sounds."""
    running = run("lamps_tower_usb", {"port": str(serial.path), "buzzer": False}).started()
    running.device.set("buzzer", True)
    running.device.set("red", True)
    assert written(serial, 5) == OFF + b"\x11"


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[TowerTwin]:
    tower = TowerTwin(tmp_path / "tower")
    tower.plug()
    yield tower
    tower.unplug()


@pytest.fixture
def met(run: Run, twin: TowerTwin, tmp_path: Path) -> Any:
    return run("lamps_tower_usb", {"port": str(tmp_path / "tower")}).started()


def test_people_see_what_was_ordered(met: Any, twin: TowerTwin) -> None:
    """Steady, blinking, dark; and no byte that is none of its orders."""
    met.device.set("green", True)
    met.device.flash("red", "medium")
    met.device.set("yellow", True)
    met.device.set("yellow", False)
    seen = {"red": "blink", "yellow": "off", "green": "on", "buzzer": "off"}
    assert twin.wait(lambda: twin.states == seen, WAIT_S)
    assert twin.unknown == []


def test_pulled_out_by_an_order_and_back(met: Any, twin: TowerTwin) -> None:
    """A loss, told once; until it is back, orders fail; then it starts dark and obeys."""
    met.device.set("green", True)
    assert twin.wait(lambda: twin.states["green"] == "on", WAIT_S)
    twin.fault("unplug")
    met.device.set("red", True)
    assert met.lost().remedy == "reset"
    assert met.ends.empty()
    with pytest.raises(DeviceLost):
        met.device.set("red", True)
    twin.plug()
    met.started()
    met.device.set("red", True)
    assert twin.wait(lambda: twin.states["red"] == "on", WAIT_S)
    assert twin.states["green"] == "off"


def test_it_is_put_out_whenever_it_is_opened(lamps: Any, serial: Any) -> None:
    """Whatever it shows after its time without us."""
    lamps.device.set("red", True)
    assert written(serial, 1) == b"\x11"
    serial.unplug()
    lamps.lost()
    serial.plug()
    lamps.started()
    assert written(serial, 4) == OFF


def test_a_lamp_that_is_not_there(run: Run, serial: Any) -> None:
    """Opening fails with a remedy, and closing twice is no error."""
    serial.unplug()
    running = run("lamps_tower_usb", {"port": str(serial.path)}).start()
    assert running.lost().remedy == "configure"
    running.device.close()
    running.device.close()
