"""Every resident-ID reader, against a module played here from the protocol page."""

from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from hal.interfaces import IdentityCardRead, Unreadable

Run = Callable[[str, dict[str, object]], Any]
PREAMBLE = bytes.fromhex("AAAAAA9669")
STATUS, FIND, SELECT, READ = (
    PREAMBLE + bytes.fromhex(body)
    for body in ("000311FFED", "0003200122", "0003200221", "0003300132")
)
READY = PREAMBLE + bytes.fromhex("000400009094")
FOUND = PREAMBLE + bytes.fromhex("000800009F0000000097")
NONE = PREAMBLE + bytes.fromhex("000400008084")
SELECTED = PREAMBLE + bytes.fromhex("000C00009000000000000000009C")
READ_FAILED = PREAMBLE + bytes.fromhex("000400004145")


def base_reply(name: str) -> bytes:
    """1295 bytes: a resident's card, field by field."""
    text = bytearray(" ".encode("utf-16-le") * 128)
    for offset, value in (
        (0, name), (30, "2"), (32, "01"), (36, "19491231"), (52, "样本省示范市虚构路1号"),
        (122, "11010519491231002X"), (158, "示范市公安局"), (188, "20200101"), (204, "长期"),
    ):  # fmt: skip
        text[offset : offset + 2 * len(value)] = value.encode("utf-16-le")
    counted = bytes.fromhex("0508000090" + "01000400") + bytes(text) + bytes(1024)
    check = 0
    for byte in counted:
        check ^= byte
    return PREAMBLE + counted + bytes([check])


class Module:
    """Answers commands; `lay` puts a card on it, to be found until it was read."""

    def __init__(self, serial: Any) -> None:
        self.serial = serial
        self.reply = b""
        self.step = 4096
        self.silent = False
        self.falls_silent = False
        self.asked: list[bytes] = []
        self.prefix = b""
        self.spoil_next = False
        self.reads = 0
        self.read_answered = Event()
        self._laid = False
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def lay(self, name: str = "示例人") -> None:
        self.reply, self._laid = base_reply(name), True

    def lay_badly(self) -> None:
        self.reply, self._laid = READ_FAILED, True

    def lay_torn(self) -> None:
        """A card whose reading breaks off in the middle of the reply."""
        self.reply, self._laid = base_reply("半")[:600], True

    def join(self) -> None:
        self._thread.join(5)

    def _serve(self) -> None:
        heard = b""
        while chunk := self.serial.read():
            heard += chunk
            for known, answer in self._answers().items():
                while known in heard:
                    heard = heard.replace(known, b"", 1)
                    self.asked.append(known)
                    self.silent = self.silent or (self.falls_silent and known == READ)
                    if not self.silent:
                        self._say(answer())

    def _answers(self) -> dict[bytes, Callable[[], bytes]]:
        return {
            STATUS: lambda: READY,
            FIND: lambda: FOUND if self._laid else NONE,
            SELECT: lambda: SELECTED,
            READ: self._read,
        }

    def _read(self) -> bytes:
        self.reads += 1
        self._laid = self.reply == READ_FAILED
        if self.spoil_next:
            self.spoil_next = False
            return self.reply[:200] + b"\x55" + self.reply[201:]
        return self.reply

    def _say(self, frame: bytes) -> None:
        stream = self.prefix + frame
        for position in range(0, len(stream), self.step):
            self.serial.write(stream[position : position + self.step])
        if self.reads:
            self.read_answered.set()


@pytest.fixture
def module(serial: Any) -> Iterator[Module]:
    made = Module(serial)
    yield made
    serial.unplug()
    made.join()


@pytest.fixture
def reader(run: Run, serial: Any, module: Module) -> Any:
    return run("id_serial", {"port": str(serial.path)}).started()


def name_of(observation: object) -> str:
    assert isinstance(observation, IdentityCardRead)
    return observation.data.name


@pytest.mark.parametrize("step", [4096, 1, 61])
def test_a_card_is_read(module: Module, reader: Any, step: int) -> None:
    """The reply may come whole, byte by byte or in the chunks of a USB bridge."""
    module.step = step
    module.lay()
    assert name_of(reader.next()) == "示例人"


def test_a_card_left_lying_is_read_once(module: Module, reader: Any) -> None:
    """The module finds it again only when it was lifted and laid anew."""
    module.lay("甲")
    assert name_of(reader.next()) == "甲"
    module.lay("乙")
    assert name_of(reader.next()) == "乙"
    assert module.reads == 2


def test_a_damaged_reply_is_asked_for_again(module: Module, reader: Any) -> None:
    """A flipped byte costs a second reading, not the citizen's patience."""
    module.spoil_next = True
    module.lay()
    assert name_of(reader.next()) == "示例人"
    assert module.reads == 2


@pytest.mark.parametrize("prefix", [b"\x00\xff\xaa\xaa", FIND, PREAMBLE[:3]])
def test_noise_and_echoes_before_a_reply_do_no_harm(
    module: Module, reader: Any, prefix: bytes
) -> None:
    """The frame behind them is found."""
    module.prefix = prefix
    module.lay()
    assert name_of(reader.next()) == "示例人"


def test_a_card_that_cannot_be_read_is_told_once(module: Module, reader: Any) -> None:
    """It lies badly at every poll; its owner hears of it once, and a good card is read then."""
    module.lay_badly()
    first = reader.next()
    assert isinstance(first, Unreadable)
    assert first.error.code == 0x41
    module.lay()
    assert name_of(reader.next()) == "示例人"


def test_a_module_that_falls_silent_is_lost(module: Module, reader: Any) -> None:
    """Power without an answer is no reader."""
    module.silent = True
    assert reader.lost().cause == "the module does not answer"


def test_a_module_that_falls_silent_while_it_reads(module: Module, reader: Any) -> None:
    """The card's owner is told; the module is not waited for twice, and soon given up."""
    module.falls_silent = True
    module.lay()
    assert isinstance(reader.next(), Unreadable)
    assert reader.lost().cause == "the module does not answer"
    after = module.asked[module.asked.index(READ) :]
    assert after == [READ, FIND, FIND, FIND, FIND]


def test_unplugged_in_the_middle_of_a_reply(serial: Any, module: Module, reader: Any) -> None:
    """Half a frame is no card: one loss is told, and nothing is reported."""
    module.lay_torn()
    assert module.read_answered.wait(10)
    serial.unplug()
    assert reader.lost().remedy == "reset"
    assert reader.reports.empty()


def test_back_after_unplugging(run: Run, serial: Any, module: Module) -> None:
    """Opened again on the same name, it reads."""
    reader = run("id_serial", {"port": str(serial.path)}).started()
    serial.unplug()
    reader.lost()
    serial.plug()
    second = Module(serial)
    reader.started()
    second.lay()
    assert name_of(reader.next()) == "示例人"
    serial.unplug()
    second.join()


def test_the_rate_is_searched_where_asked(run: Run, serial: Any, module: Module) -> None:
    """A module that answers is found without a technician knowing its rate."""
    reader = run("id_serial", {"port": str(serial.path), "baud": "search"}).started()
    module.lay()
    assert name_of(reader.next()) == "示例人"


def test_no_module_on_the_port_is_a_loss_with_a_remedy(run: Run, serial: Any) -> None:
    """A port that opens is not a reader yet."""
    assert run("id_serial", {"port": str(serial.path)}).start().lost().remedy == "reset"
