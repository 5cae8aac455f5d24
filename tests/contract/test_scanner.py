"""Every barcode gun: what it reports, and that it comes and goes without harm."""

from collections.abc import Callable
from typing import Any

import pytest

from hal.interfaces import CodeRead, Unreadable

Run = Callable[[str, dict[str, object]], Any]
TICKET = "OW:T:01J9ZK3V7Q8F2M4N6P8R0T2V4X"


def table(serial: Any, **more: object) -> dict[str, object]:
    return {"port": str(serial.path), "baud": 9600, **more}


def text_of(observation: object) -> str | None:
    assert isinstance(observation, CodeRead)
    return observation.data.text


@pytest.mark.parametrize("step", [1, 5, 100])
def test_codes_are_reported_in_order(run: Run, serial: Any, step: int) -> None:
    """Whole, in pieces or byte by byte, two codes are two reports."""
    gun = run("scanner_serial", table(serial)).started()
    stream = f"{TICKET}\r6901234567892\r".encode()
    for position in range(0, len(stream), step):
        serial.write(stream[position : position + step])
    assert [text_of(gun.next()), text_of(gun.next())] == [TICKET, "6901234567892"]


@pytest.mark.parametrize(("suffix", "ending"), [("cr", b"\r"), ("tab", b"\t"), ("none", b"")])
def test_each_way_to_end_a_code(run: Run, serial: Any, suffix: str, ending: bytes) -> None:
    """CR, Tab, or silence."""
    gun = run("scanner_serial", table(serial, suffix=suffix)).started()
    serial.write(b"6901234567892" + ending)
    assert text_of(gun.next()) == "6901234567892"


def test_a_code_without_its_end_is_told_to_the_person(run: Run, serial: Any) -> None:
    """Half a code is never taken for a code; the next one is read."""
    gun = run("scanner_serial", table(serial)).started()
    serial.write(b"half")
    assert isinstance(gun.next(), Unreadable)
    serial.write(b"whole\r")
    assert text_of(gun.next()) == "whole"


def test_what_was_typed_before_opening_is_not_a_scan(run: Run, serial: Any) -> None:
    """What a dead program left in the line belongs to nobody."""
    serial.write(b"stale\r")
    gun = run("scanner_serial", table(serial)).started()
    serial.write(b"fresh\r")
    assert text_of(gun.next()) == "fresh"


def test_unplugged_and_back(run: Run, serial: Any) -> None:
    """One loss is told, once; opened again, it reads."""
    gun = run("scanner_serial", table(serial)).started()
    serial.unplug()
    assert gun.lost().remedy == "reset"
    assert gun.ends.empty()
    serial.plug()
    gun.started()
    serial.write(b"again\r")
    assert text_of(gun.next()) == "again"


def test_a_gun_that_is_not_there(run: Run, serial: Any) -> None:
    """Opening fails with a remedy, and closing twice is no error."""
    serial.unplug()
    gun = run("scanner_serial", table(serial)).start()
    assert gun.lost().remedy == "configure"
    gun.device.close()
    gun.device.close()
