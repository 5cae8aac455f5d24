"""The paced pty with reader and gun on it, met from the other side as a program would."""

import os
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.card import Card
from sim.errors import PortFault
from sim.twins.gun import GunTwin
from sim.twins.identity import IdentityTwin

DEADLINE_S = 5.0
FIND_SELECT_READ = bytes.fromhex(
    "AAAAAA96690003200122" + "AAAAAA96690003200221" + "AAAAAA96690003300132"
)
FIND_SELECT_SIZE = 15 + 19
BASE_SIZE = 1295


class Port:
    """The port as a program has it open."""

    def __init__(self, link: Path) -> None:
        self.fd = os.open(link, os.O_RDWR | os.O_NOCTTY)

    def read(self, size: int, until: bytes | None = None) -> bytes:
        """So many bytes, or fewer when nothing more came within the deadline."""
        found = b""
        deadline = time.monotonic() + DEADLINE_S
        while len(found) < size:
            rest = max(0.0, deadline - time.monotonic())
            if not select.select([self.fd], [], [], rest)[0]:
                break
            found += os.read(self.fd, size - len(found))
        return found


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[IdentityTwin]:
    twin = IdentityTwin(tmp_path / "reader")
    twin.plug()
    yield twin
    twin.unplug()


@pytest.fixture
def port(reader: IdentityTwin, tmp_path: Path) -> Iterator[Port]:
    opened = Port(tmp_path / "reader")
    yield opened
    os.close(opened.fd)


def test_a_card_is_read_over_the_port(reader: IdentityTwin, port: Port, card: Card) -> None:
    """Find, select and read bring the whole card, and `sent` comes with its last byte."""
    sent = threading.Event()
    reader.lay(card, sent.set)
    os.write(port.fd, FIND_SELECT_READ)
    answer = port.read(FIND_SELECT_SIZE + BASE_SIZE)
    assert answer[FIND_SELECT_SIZE + 14 :][:256] == card.text()
    assert sent.wait(DEADLINE_S)


def test_at_half_comes_in_the_middle(reader: IdentityTwin, port: Port, card: Card) -> None:
    """While `at_half` holds the line, the program has half of the frame and no more."""
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        go_on.wait(DEADLINE_S)

    reader.at_half(hold)
    reader.lay(card)
    os.write(port.fd, FIND_SELECT_READ)
    assert held.wait(DEADLINE_S)
    half = len(port.read(FIND_SELECT_SIZE + 656)) - FIND_SELECT_SIZE
    assert half == 656
    assert not select.select([port.fd], [], [], 0)[0]
    go_on.set()
    assert len(port.read(BASE_SIZE - half)) == BASE_SIZE - half


def test_stop_mid_frame(reader: IdentityTwin, port: Port, card: Card) -> None:
    """A frame told to stop never completes, is not reported as sent, and the next one is whole."""
    sent = threading.Event()
    reader.stop_mid_frame(600)
    reader.lay(card, sent.set)
    os.write(port.fd, FIND_SELECT_READ)
    port.read(FIND_SELECT_SIZE + 608)
    reader.lay(card)
    os.write(port.fd, FIND_SELECT_READ)
    rest = port.read(FIND_SELECT_SIZE + BASE_SIZE)
    assert rest[FIND_SELECT_SIZE + 14 :][:256] == card.text()
    assert not sent.is_set()


def test_garbled_reply(reader: IdentityTwin, port: Port) -> None:
    """One reply has a wrong byte, the next is right again."""
    reader.garble()
    os.write(port.fd, bytes.fromhex("AAAAAA9669000311FFED"))
    assert port.read(11).hex() != "aaaaaa9669000400009094"
    os.write(port.fd, bytes.fromhex("AAAAAA9669000311FFED"))
    assert port.read(11).hex() == "aaaaaa9669000400009094"


def test_unplug_breaks_the_port_and_replug_makes_another(
    reader: IdentityTwin, port: Port, card: Card, tmp_path: Path
) -> None:
    """The program's port fails when the cable is pulled; the link leads to a new one afterwards."""
    reader.lay(card)
    reader.unplug()
    assert not (tmp_path / "reader").exists()
    with pytest.raises(OSError, match="Input/output"):
        os.write(port.fd, b"x")
    reader.plug()
    again = Port(tmp_path / "reader")
    os.write(again.fd, FIND_SELECT_READ)
    assert len(again.read(FIND_SELECT_SIZE + BASE_SIZE)) == FIND_SELECT_SIZE + BASE_SIZE
    os.close(again.fd)


def test_a_program_may_come_and_go(reader: IdentityTwin, card: Card, tmp_path: Path) -> None:
    """The reader answers the second program that opens its port as it did the first."""
    reader.lay(card)
    for _ in range(2):
        opened = Port(tmp_path / "reader")
        os.write(opened.fd, bytes.fromhex("AAAAAA96690003200122"))
        assert opened.read(15).hex() == "aaaaaa9669000800009f0000000097"
        os.close(opened.fd)


def test_link_does_not_replace_a_file(tmp_path: Path) -> None:
    """A file in the link's place is left alone."""
    (tmp_path / "reader").write_text("mine")
    with pytest.raises(PortFault, match="choose another"):
        IdentityTwin(tmp_path / "reader").plug()
    assert (tmp_path / "reader").read_text() == "mine"


def test_a_card_takes_its_time_on_the_wire(reader: IdentityTwin, port: Port, card: Card) -> None:
    """1295 bytes at 115200 8N1 take 112 ms at least: the twin is never faster than the wire."""
    reader.lay(card)
    os.write(port.fd, FIND_SELECT_READ[:20])
    port.read(FIND_SELECT_SIZE)
    begun = time.monotonic()
    os.write(port.fd, FIND_SELECT_READ[20:])
    assert len(port.read(BASE_SIZE)) == BASE_SIZE
    assert time.monotonic() - begun >= BASE_SIZE * 10 / 115200


def test_gun_sends_text_and_suffix(tmp_path: Path) -> None:
    """A scan is the text and the suffix, and nothing else."""
    gun = GunTwin(tmp_path / "gun", baud=115200, suffix="tab")
    gun.plug()
    opened = Port(tmp_path / "gun")
    assert gun.scan("OW:T:01")
    assert opened.read(8) == b"OW:T:01\t"
    os.close(opened.fd)
    gun.unplug()
