"""The twin of a resident-ID reader: its four documents, its module's state, its named faults."""

import os
import select
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sim.card import EXAMPLES, Card, read_card, write_card
from sim.errors import CardFault, UsageFault
from sim.twins.identity import FAULTS, IdentityTwin
from sim.twins.line import Delivery
from sim.twins.sam import SW3, Order, Sam

DEADLINE_S = 5.0
QUIET_S = 0.05
BASE_SIZE = 1295
PREAMBLE = bytes.fromhex("AAAAAA9669")
RESET, STATUS, FIND, SELECT, READ, ADDRESS = (
    PREAMBLE + bytes.fromhex(tail)
    for tail in (
        "000310FFEC", "000311FFED", "0003200122", "0003200221", "0003300132", "0003300330",
    )
)  # fmt: skip


class Port:
    """The port as a program has it open."""

    def __init__(self, link: Path) -> None:
        self._fd = os.open(link, os.O_RDWR | os.O_NOCTTY)

    def send(self, command: bytes) -> None:
        os.write(self._fd, command)

    def ask(self, command: bytes, size: int) -> bytes:
        """What comes back, up to so many bytes."""
        self.send(command)
        return self.read(size)

    def set_rate(self, rate: int) -> None:
        """`rate` is a constant of termios."""
        attributes = termios.tcgetattr(self._fd)
        attributes[4] = attributes[5] = rate
        termios.tcsetattr(self._fd, termios.TCSANOW, attributes)

    def read(self, size: int, wait_s: float = DEADLINE_S) -> bytes:
        found, deadline = b"", time.monotonic() + wait_s
        while len(found) < size:
            rest_s = max(0.0, deadline - time.monotonic())
            if not select.select([self._fd], [], [], rest_s)[0]:
                break
            found += os.read(self._fd, size - len(found))
        return found

    def read_card(self, size: int = BASE_SIZE) -> bytes:
        self.ask(FIND, 15)
        self.ask(SELECT, 19)
        return self.ask(READ, size)

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[IdentityTwin]:
    made = IdentityTwin(tmp_path / "reader")
    made.plug()
    yield made
    made.unplug()


@pytest.fixture
def port(twin: IdentityTwin, tmp_path: Path) -> Iterator[Port]:
    opened = Port(tmp_path / "reader")
    yield opened
    opened.close()


def whole(message: bytes) -> bool:
    """Whether a message is one frame with a good checksum."""
    total = 0
    for byte in message[5:]:
        total ^= byte
    size = int.from_bytes(message[5:7], "big")
    return message.startswith(PREAMBLE) and len(message) == 7 + size and total == 0


def at(card: Card, offset: int, size: int) -> str:
    return card.text()[offset : offset + size].decode("utf-16-le").rstrip()


def test_each_document_has_its_type_and_places() -> None:
    """The page's table, sampled where the layouts differ."""
    types = {name: at(card, 248, 2) for name, card in EXAMPLES.items()}
    assert types == {"resident": "", "hmt": "J", "foreign_2017": "I", "foreign_2023": "Y"}
    assert at(EXAMPLES["hmt"], 220, 18) == "H00000000"
    assert at(EXAMPLES["hmt"], 238, 4) == "01"
    old, new = EXAMPLES["foreign_2017"], EXAMPLES["foreign_2023"]
    assert at(old, 0, 120) == old.name_foreign
    assert (at(old, 122, 30), at(old, 152, 6), at(old, 220, 16)) == (
        old.number, old.nationality, old.birth,
    )  # fmt: skip
    assert new.text()[52:122].decode("utf-16-le") == new.name_foreign[:35]
    assert at(new, 220, 22) == new.name_foreign[35:]
    assert (at(new, 242, 6), at(new, 250, 6), at(new, 32, 4)) == ("CAN", "001", "02")


@pytest.mark.parametrize("card", EXAMPLES.values(), ids=EXAMPLES)
def test_card_files_of_every_document_come_back(card: Card) -> None:
    """What is written is read again, without the fields that the document has not."""
    body = write_card(card)
    assert read_card(body.encode(), "card.json") == card
    assert "linked_number" not in body or card.document == "foreign_2023"


def test_a_new_address_too_long_is_refused(card: Card) -> None:
    """35 characters are its place on the card."""
    with pytest.raises(CardFault, match="new_address"):
        msgspec.structs.replace(card, new_address="虚" * 36).address_text()


def test_a_new_address_is_asked_for_after_reading(card: Card) -> None:
    """Length and 70 bytes of text; without one, nothing is there."""
    sam = Sam()
    sam.lay(msgspec.structs.replace(card, new_address="虚构路9号"))
    reply = sam.feed(FIND + SELECT + READ + ADDRESS)[3]
    assert reply.status is SW3.DONE
    assert reply.frame[10:12] == b"\x00\x46"
    assert reply.frame[12:-1].decode("utf-16-le") == "虚构路9号".ljust(35)
    sam.lay(card)
    assert sam.feed(FIND + SELECT + READ + ADDRESS)[3].status is SW3.NOTHING_THERE


def test_a_reset_finds_a_card_left_lying(card: Card) -> None:
    """The field goes off and on: the card there is read another time, and the twin knows it."""
    sam = Sam()
    sam.lay(card)
    first = sam.feed(FIND + SELECT + READ)[2]
    assert [each.status for each in sam.feed(FIND + READ)] == [SW3.FIND_FAILED, SW3.READ_FAILED]
    second = sam.feed(RESET + FIND + SELECT + READ)[3]
    assert (first.again, second.again) == (False, True)
    sam.lay(card)
    assert not sam.feed(FIND + SELECT + READ)[2].again


def test_a_refused_command_is_answered_so_often_and_no_more(card: Card) -> None:
    """A module that is told to fail does so for this command alone."""
    sam = Sam()
    sam.lay(card)
    sam.refuse(Order.SELECT, SW3.SELF_TEST, times=2)
    replies = sam.feed(FIND + SELECT + SELECT + SELECT)
    assert [each.status for each in replies] == [SW3.FOUND, SW3.SELF_TEST, SW3.SELF_TEST, SW3.DONE]


def test_reading_another_time_is_told_before_the_data_go_out(
    twin: IdentityTwin, port: Port, card: Card
) -> None:
    """Who keeps a record of acts must have it there before anything can come of it."""
    told: list[str] = []
    twin.lay(card, lambda: told.append("sent"), lambda: told.append("again"))
    port.read_card()
    port.ask(RESET, 11)
    port.read_card()
    port.ask(STATUS, 11)
    assert told == ["sent", "again", "sent"]


@pytest.mark.parametrize("name", ["garble", "wrong-checksum", "short-frame"])
def test_a_struck_card_reply_is_not_sent(
    twin: IdentityTwin, port: Port, card: Card, name: str
) -> None:
    """One card reply is broken and not called sent; the next is whole."""
    sent = threading.Event()
    twin.fault(name)
    twin.lay(card, sent.set)
    assert whole(port.ask(STATUS, 11))
    size = BASE_SIZE // 2 if name == "short-frame" else BASE_SIZE
    assert not whole(port.read_card(size))
    assert whole(port.ask(STATUS, 11))
    assert not sent.is_set()
    port.ask(RESET, 11)
    assert whole(port.read_card())
    assert sent.wait(DEADLINE_S)


def test_a_joined_reply_comes_behind_the_one_before(
    twin: IdentityTwin, port: Port, card: Card
) -> None:
    """The select's answer once more, then the card."""
    twin.fault("join")
    twin.lay(card)
    answer = port.read_card(19 + BASE_SIZE)
    assert whole(answer[:19])
    assert whole(answer[19:])


def test_a_split_reply_pauses_in_its_middle(twin: IdentityTwin, port: Port, card: Card) -> None:
    """All of it comes, in two parts."""
    twin.fault("split")
    twin.lay(card)
    half = port.read_card(BASE_SIZE // 2)
    assert port.read(1, QUIET_S) == b""
    assert whole(half + port.read(BASE_SIZE - len(half)))


def test_an_echo_comes_first_until_mended(twin: IdentityTwin, port: Port) -> None:
    """What was sent, then the answer."""
    twin.fault("echo")
    assert port.ask(STATUS, 21)[:10] == STATUS
    twin.mend()
    assert whole(port.ask(STATUS, 11))


def test_a_hang_lasts_until_mended(twin: IdentityTwin, port: Port) -> None:
    """Nothing is answered meanwhile, nor afterwards what was asked then."""
    twin.fault("hang")
    port.send(STATUS)
    assert port.read(1, QUIET_S) == b""
    twin.mend()
    assert whole(port.ask(STATUS, 11))


def test_an_unplugged_reader_starts_anew(twin: IdentityTwin, port: Port, tmp_path: Path) -> None:
    """Its port is gone until it is plugged in, and a card on it is found again."""
    twin.lay(EXAMPLES["resident"])
    port.read_card()
    twin.fault("unplug")
    assert not (tmp_path / "reader").exists()
    twin.plug()
    again = Port(tmp_path / "reader")
    assert whole(again.read_card())
    again.close()


def test_faults_are_named(twin: IdentityTwin) -> None:
    """Any other name is refused with the list."""
    with pytest.raises(UsageFault, match=", ".join(FAULTS)):
        twin.fault("smoke")


def test_a_module_at_another_rate_hears_nothing(tmp_path: Path) -> None:
    """The port's own setting counts, as on a UART; a program that sets none has the line's."""
    twin = IdentityTwin(tmp_path / "slow", sam=Sam(baud=9600))
    twin.plug()
    port = Port(tmp_path / "slow")
    assert whole(port.ask(STATUS, 11))
    port.set_rate(termios.B115200)
    port.send(STATUS)
    assert port.read(1, QUIET_S) == b""
    port.close()
    twin.unplug()


def test_a_lossy_line_loses_a_byte_now_and_then(tmp_path: Path) -> None:
    """One byte of every third message."""
    twin = IdentityTwin(tmp_path / "lossy", delivery=Delivery(lose_every=3))
    twin.plug()
    port = Port(tmp_path / "lossy")
    assert [len(port.ask(STATUS, size)) for size in (11, 11, 10, 11)] == [11, 11, 10, 11]
    port.close()
    twin.unplug()
