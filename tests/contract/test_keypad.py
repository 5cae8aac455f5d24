"""A calling keypad with rating keys, against its twin and a line played here.

On a real one: ONEWINDOW_HARDWARE_KEYPAD='{"driver": "keypad_serial", "port": "/dev/ttyUSB0"}'.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from threading import Event
from typing import Any

import pytest

from hal.errors import DeviceLost
from hal.interfaces import KeyDown, LevelPressed, Unreadable
from sim.twins.keypad import FAULTS, KEYS, KeypadTwin

Run = Callable[[str, dict[str, object]], Any]
CALL = bytes.fromhex("FF6803036801010C0E16")
FINISH = bytes.fromhex("FF6803036801010B0D16")
BEST = bytes.fromhex("FF680303680111031516")
WAIT_S = 10.0
PERSON_S = 60.0
HARDWARE = "ONEWINDOW_HARDWARE_KEYPAD"


@pytest.fixture
def pad(run: Run, serial: Any) -> Any:
    return run("keypad_serial", {"port": str(serial.path)}).started()


def byte_by_byte(peer: Any, body: bytes) -> None:
    for byte in body:
        peer.write(bytes([byte]))


def delayed(peer: Any, body: bytes) -> None:
    """Each piece comes late, but within the gap."""
    for position in range(0, len(body), 4):
        Event().wait(0.02)
        peer.write(body[position : position + 4])


@pytest.mark.parametrize("transport", [lambda p, b: p.write(b), byte_by_byte, delayed])
def test_keys_are_reported_in_order(pad: Any, serial: Any, transport: Any) -> None:
    """However the bytes come: a teller's key, a citizen's, another teller's."""
    transport(serial, CALL + BEST + FINISH)
    assert [pad.next() for _ in range(3)] == [
        KeyDown("call_next", "0C"),
        LevelPressed(5, "11 03"),
        KeyDown("finish", "0B"),
    ]


def test_every_press_is_echoed(pad: Any, serial: Any) -> None:
    """The keypad takes the same bytes back as the sign that it was heard."""
    serial.write(CALL)
    pad.next()
    assert serial.read() == CALL


@pytest.mark.parametrize("at", range(len(CALL)))
def test_a_lossy_line_makes_no_other_key(pad: Any, serial: Any, at: int) -> None:
    """A frame of which a byte was lost is no key; the next is one. A teller may be told."""
    serial.write(CALL[:at] + CALL[at + 1 :])
    serial.write(BEST)
    seen = pad.next()
    if isinstance(seen, Unreadable):
        seen = pad.next()
    assert seen == LevelPressed(5, "11 03")


def test_orders_go_out_as_published(pad: Any, serial: Any) -> None:
    """A number to the right, and a beep."""
    pad.device.show_number("A012")
    assert serial.read().hex(" ").upper() == "FF 68 08 08 68 01 02 0A 0A 0A 00 01 02 24 16"
    pad.device.beep()
    assert serial.read().hex(" ").upper() == "FF 68 02 02 68 01 03 04 16"


def test_unplugged_and_back(pad: Any, serial: Any) -> None:
    """One loss is told, once; orders fail as lost until it is back."""
    serial.unplug()
    assert pad.lost().remedy == "reset"
    assert pad.ends.empty()
    with pytest.raises(DeviceLost):
        pad.device.beep()
    serial.plug()
    pad.started()
    serial.write(CALL)
    assert pad.next() == KeyDown("call_next", "0C")


def test_a_keypad_that_is_not_there(run: Run, serial: Any) -> None:
    """Opening fails with a remedy, and closing twice is no error."""
    serial.unplug()
    pad = run("keypad_serial", {"port": str(serial.path)}).start()
    assert pad.lost().remedy == "configure"
    pad.device.close()
    pad.device.close()


def test_what_keys_and_levels_mean_is_configured(run: Run, serial: Any) -> None:
    """A site's own mapping goes before the default; the raw key stays with it."""
    table = {
        "port": str(serial.path),
        "keys": {"0C": "help", "06 0F": "resume"},
        "levels": [1, 0, 4, 5],
    }
    pad = run("keypad_serial", table).started()
    serial.write(CALL + bytes.fromhex("FF680404680101060F1716"))
    assert [pad.next(), pad.next()] == [KeyDown("help", "0C"), KeyDown("resume", "06 0F")]
    serial.write(bytes.fromhex("FF680303680111001216" + "FF680303680111011316"))
    assert pad.next() == LevelPressed(1, "11 00")
    refused = pad.next()
    assert isinstance(refused, Unreadable)
    assert refused.error.remedy == "configure"


def test_a_key_without_a_meaning_is_refused(pad: Any, serial: Any) -> None:
    """取消 is printed on a key that does nothing here: red, and not silence."""
    serial.write(bytes.fromhex("FF6803036801010E1016"))
    refused = pad.next()
    assert isinstance(refused, Unreadable)
    assert "0E" in refused.error.cause


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[KeypadTwin]:
    keypad = KeypadTwin(tmp_path / "keypad")
    keypad.plug()
    yield keypad
    keypad.unplug()


@pytest.fixture
def met(run: Run, twin: KeypadTwin, tmp_path: Path) -> Any:
    return run("keypad_serial", {"port": str(tmp_path / "keypad")}).started()


@pytest.mark.parametrize("key", sorted(set(KEYS) - {"cancel"}))
def test_the_twins_keys(met: Any, twin: KeypadTwin, key: str) -> None:
    """Each printed key is heard as what it says, and the twin hears that it was."""
    assert twin.press(key)
    assert met.next().key == key


@pytest.mark.parametrize(("score", "level"), [(0, 2), (1, 3), (2, 4), (3, 5)])
def test_the_twins_ratings(met: Any, twin: KeypadTwin, score: int, level: int) -> None:
    """Four keys say four of five levels: 非常不满意 has no key."""
    assert twin.rate(score)
    assert met.next() == LevelPressed(level, f"11 0{score}")


def test_the_twin_shows_and_beeps(met: Any, twin: KeypadTwin) -> None:
    """What the driver orders is what a person sees and hears."""
    met.device.show_number("A012")
    met.device.beep()
    assert twin.wait(lambda: twin.shown == "   012" and twin.beeps == 1, WAIT_S)
    met.device.show_number("")
    assert twin.wait(lambda: twin.shown == " " * 6, WAIT_S)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_twin(met: Any, twin: KeypadTwin, fault: str) -> None:
    """One press is told at most once, damage as unreadable, and the next press is heard."""
    twin.fault(fault)
    twin.press("recall")
    if fault == "unplug":
        met.lost()
        twin.plug()
        met.started()
    assert twin.press("finish")
    seen = [met.next()]
    while seen[-1] != KeyDown("finish", "0B"):
        seen.append(met.next())
    presses = seen.count(KeyDown("recall", "0D"))
    damaged = any(isinstance(each, Unreadable) for each in seen)
    assert presses == (fault not in ("garble", "cut", "foreign", "unplug"))
    assert damaged == (fault in ("garble", "cut")) or fault in ("noise", "unplug")
    with pytest.raises(Empty):
        met.reports.get_nowait()


def test_a_real_keypad(run: Run) -> None:
    """It shows 012 and beeps, and a key pressed by somebody is heard."""
    given = os.environ.get(HARDWARE)
    if not given:
        pytest.skip(f"no keypad: {HARDWARE} is not set")
    asked = json.loads(given)
    pad = run(asked.pop("driver"), asked).started()
    pad.device.show_number("012")
    pad.device.beep()
    print(f"\nit must show 012; press 呼叫 within {PERSON_S:.0f} s", flush=True)
    assert pad.reports.get(timeout=PERSON_S) == KeyDown("call_next", "0C")
