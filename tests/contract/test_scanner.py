"""Every barcode gun in serial mode: what it reports, and that it comes and goes without harm.

On a real gun: ONEWINDOW_HARDWARE_GUN='{"driver": "scanner_serial", "port": "/dev/ttyACM0"}', a
table of the TOML with its driver, either kind of gun; somebody scans a code of ours when asked.
"""

import json
import os
from collections.abc import Callable, Iterator
from queue import Empty
from threading import Event, Thread
from typing import Any

import pytest

from hal.events.facts import CodeScanned
from hal.interfaces import CodeRead, Observation, Unreadable
from sim.twins.gun import FAULTS, GunTwin

Run = Callable[[str, dict[str, object]], Any]
Transport = Callable[[Any, bytes], None]
TICKET = "OW:T:01J9ZK3V7Q8F2M4N6P8R0T2V4X"
RETAIL = "6901234567892"
WAIT_S = 10.0
PERSON_S = 60.0
HARDWARE = "ONEWINDOW_HARDWARE_GUN"


def table(serial: Any, **more: object) -> dict[str, object]:
    return {"port": str(serial.path), "baud": 9600, **more}


def text_of(observation: object) -> str | None:
    assert isinstance(observation, CodeRead)
    return observation.data.text


def whole(peer: Any, body: bytes) -> None:
    peer.write(body)


def byte_by_byte(peer: Any, body: bytes) -> None:
    for byte in body:
        peer.write(bytes([byte]))


def delayed(peer: Any, body: bytes) -> None:
    """Each piece comes late, but within the gap."""
    for position in range(0, len(body), 12):
        Event().wait(0.02)
        peer.write(body[position : position + 12])


def again_until_read(gun: Any, peer: Any, body: bytes) -> Observation:
    """Scan, look, and scan again, as a person does who was shown red."""
    for _ in range(5):
        peer.write(body)
        try:
            return gun.reports.get(timeout=1.0)  # type: ignore[no-any-return]
        except Empty:
            continue
    raise AssertionError("nothing was read")


@pytest.mark.parametrize("transport", [whole, byte_by_byte, delayed])
@pytest.mark.parametrize("suffix", ["cr", "tab"])
def test_codes_are_reported_in_order(
    run: Run, serial: Any, transport: Transport, suffix: str
) -> None:
    """However the bytes come, two codes are two reports."""
    gun = run("scanner_serial", table(serial, suffix=suffix)).started()
    end = {"cr": "\r", "tab": "\t"}[suffix]
    transport(serial, f"{TICKET}{end}{RETAIL}{end}".encode())
    assert [text_of(gun.next()), text_of(gun.next())] == [TICKET, RETAIL]


@pytest.mark.parametrize("transport", [whole, byte_by_byte])
def test_silence_ends_a_code_without_suffix(run: Run, serial: Any, transport: Transport) -> None:
    """The gap is configured; a code is whole when it is over."""
    gun = run("scanner_serial", table(serial, suffix="none", gap_s=0.3)).started()
    transport(serial, RETAIL.encode())
    assert text_of(gun.next()) == RETAIL


@pytest.mark.parametrize("at", [0, 1, 5, 17, 30, 31])
def test_a_lossy_line_makes_no_other_code(run: Run, serial: Any, at: int) -> None:
    """A ticket of which a byte was lost is refused; the next is read."""
    gun = run("scanner_serial", table(serial)).started()
    stream = f"{TICKET}\r".encode()
    serial.write(stream[:at] + stream[at + 1 :])
    assert isinstance(gun.next(), Unreadable)
    assert text_of(again_until_read(gun, serial, stream)) == TICKET


def test_a_code_without_its_end_is_told_to_the_person(run: Run, serial: Any) -> None:
    """Half a code is never taken for a code; the next one is read."""
    gun = run("scanner_serial", table(serial)).started()
    serial.write(b"half")
    assert isinstance(gun.next(), Unreadable)
    assert text_of(again_until_read(gun, serial, b"whole\r")) == "whole"


def test_what_was_typed_before_opening_is_not_a_scan(run: Run, serial: Any) -> None:
    """What a dead program left in the line belongs to nobody."""
    serial.write(b"stale\r")
    gun = run("scanner_serial", table(serial)).started()
    serial.write(b"fresh\r")
    assert text_of(gun.next()) == "fresh"


def test_an_electronic_card_is_told_and_its_token_is_not(run: Run, serial: Any) -> None:
    """电子社保卡: whoever had the token could pass for the citizen."""
    gun = run("scanner_serial", table(serial)).started()
    serial.write(b"]Q1eyJhbGciOiJTTTMifQ.e30.c2ln\r")
    read = gun.next()
    assert read == CodeRead(CodeScanned(kind="e_card", symbology="qr", aim_id="]Q1"))


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


@pytest.fixture
def twin(tmp_path: Any) -> Iterator[GunTwin]:
    gun = GunTwin(tmp_path / "gun", baud=115200)
    gun.plug()
    yield gun
    gun.unplug()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_twin(run: Run, twin: GunTwin, tmp_path: Any, fault: str) -> None:
    """It is refused, or read as what it is, or a loss; the scan after it is read."""
    gun = run("scanner_serial", {"port": str(tmp_path / "gun")}).started()
    twin.fault(fault)
    text = "社保" if fault == "gb18030" else TICKET
    scan = Thread(target=twin.scan, args=(text,))
    scan.start()
    if fault == "unplug":
        gun.lost()
        scan.join()
        twin.plug()
        gun.started()
    else:
        seen = gun.next()
        good = isinstance(seen, CodeRead) and seen.data.text == text
        noise = isinstance(seen, CodeRead) and seen.data.bytes_hex is not None
        expected = {"gb18030": good, "noise": noise}
        assert expected.get(fault, isinstance(seen, Unreadable))
        scan.join()
    for _ in range(5):
        twin.scan(TICKET)
        try:
            assert text_of(gun.reports.get(timeout=1.0)) == TICKET
            return
        except Empty:
            continue
    pytest.fail("nothing was read")


def test_a_real_gun(run: Run) -> None:
    """One code of ours, scanned by somebody, is read whole."""
    given = os.environ.get(HARDWARE)
    if not given:
        pytest.skip(f"no gun: {HARDWARE} is not set")
    asked = json.loads(given)
    gun = run(asked.pop("driver"), asked).started()
    print(f"\nscan a code of ours within {PERSON_S:.0f} s", flush=True)
    read = gun.reports.get(timeout=PERSON_S)
    assert isinstance(read, CodeRead)
    assert read.data.kind in ("ticket", "case", "material", "unknown")
