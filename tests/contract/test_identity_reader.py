"""Every resident-ID reader: the same promises over a good line, a slow one, a bad one, and iron.

`ONEWINDOW_HARDWARE_IDENTITY=/dev/ttyUSB0` runs them on a real reader too, with a person who lays
cards when asked. Over the twin alone: what the module answers, and at which rate it stands.
"""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from hal.events.facts import IdentityRead
from hal.interfaces import IdentityCardRead, Unreadable
from sim.twins.line import USUAL
from sim.twins.sam import BAUDS, SW3, Order, Sam

_spec = importlib.util.spec_from_file_location(
    "identity_bench", Path(__file__).with_name("identity_bench.py")
)
assert _spec is not None
assert _spec.loader is not None
benches: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(benches)

Run = Callable[[str, dict[str, object]], Any]
DOCUMENTS = ("resident", "hmt", "foreign_2017", "foreign_2023")


@pytest.fixture(params=[*benches.DELIVERIES, "hardware"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "hardware":
        yield benches.iron()
        return
    made = benches.TwinBench(tmp_path / "tty", benches.DELIVERIES[request.param], Sam())
    made.plug()
    yield made
    made.unplug()


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Makes a twin's bench; the arguments are the module's."""
    made: list[Any] = []

    def build(**sam: Any) -> Any:
        made.append(benches.TwinBench(tmp_path / "tty", USUAL, Sam(**sam)))
        made[-1].plug()
        return made[-1]

    yield build
    for each in made:
        each.unplug()


@pytest.fixture
def start(run: Run) -> Callable[..., Any]:
    """Opens a reader at a bench's port; keywords are further keys of its table."""

    def started(bench: Any, **table: object) -> Any:
        return run("id_serial", {"port": str(bench.port), **table}).started()

    return started


def read_of(observation: object) -> IdentityRead:
    assert isinstance(observation, IdentityCardRead), observation
    return observation.data


def test_a_reader_says_which_one_it_is(bench: Any, start: Any) -> None:
    """The SAM id is known when it is open: it names the module for a technician."""
    assert start(bench).device.model.startswith("SAM 05.")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_document_is_read(bench: Any, start: Any, document: str) -> None:
    """By its own layout, with its number found valid."""
    reader = start(bench)
    bench.lay(document)
    bench.expect(read_of(reader.next()), document)


def test_a_card_left_lying_is_read_once(bench: Any, start: Any) -> None:
    """It is found again only when it was lifted and laid anew."""
    reader = start(bench)
    bench.lay()
    bench.expect(read_of(reader.next()))
    bench.lift()
    bench.lay(name="虞若无")
    bench.expect(read_of(reader.next()), name="虞若无")
    assert reader.reports.empty()


def test_a_card_left_lying_is_found_after_a_restart(bench: Any, start: Any) -> None:
    """A program that begins anew does not know what was read before: the citizen need not stir."""
    before = start(bench)
    bench.lay()
    bench.expect(read_of(before.next()))
    assert before.stop()
    bench.expect(read_of(start(bench).next()))


def test_back_after_unplugging(bench: Any, start: Any) -> None:
    """One loss is told; opened again on the same name, the card that still lies there is read."""
    reader = start(bench)
    bench.lay()
    bench.expect(read_of(reader.next()))
    bench.unplug()
    assert reader.lost().remedy == "reset"
    bench.plug()
    reader.started()
    bench.expect(read_of(reader.next()))


def test_unplugged_in_the_middle_of_a_reply(bench: Any, start: Any) -> None:
    """Half a frame is no card; the card is read when the reader is back."""
    half = Event()
    bench.at_half(half.set)
    reader = start(bench)
    bench.lay()
    assert half.wait(10)
    bench.unplug()
    reader.lost()
    told = [] if reader.reports.empty() else [reader.next()]
    bench.plug()
    reader.started()
    # A line that brings the whole frame at once may have told the card before it was cut.
    told.append(reader.next())
    for each in told:
        bench.expect(read_of(each))


def test_a_bad_line_costs_a_second_reading_at_most(bench: Any, start: Any) -> None:
    """Frames damaged, cut, in pieces, joined or behind an echo: the citizen notices nothing."""
    reader = start(bench)
    for name in ("garble", "wrong-checksum", "short-frame", "split", "join", "echo"):
        bench.fault(name)
        bench.lay(name=name)
        told = reader.next()
        if bench.lossy and isinstance(told, Unreadable):
            # The second reading lost a byte; the card lies there, and the third succeeds.
            told = reader.next()
        bench.expect(read_of(told), name=name)


def test_a_card_whose_readings_fail_is_found_again(bench: Any, start: Any) -> None:
    """Twice damaged: its owner is told, and the next poll reads the card where it lies."""
    reader = start(bench)
    bench.fault("garble")
    bench.fault("wrong-checksum")
    bench.lay()
    assert isinstance(reader.next(), Unreadable)
    bench.expect(read_of(reader.next()))


def test_a_reader_that_hangs_is_lost_and_returns(bench: Any, start: Any) -> None:
    """Power without an answer is no reader; a card laid meanwhile is read when it answers again."""
    reader = start(bench)
    bench.fault("hang")
    assert reader.lost().cause == "the module does not answer"
    bench.lay()
    bench.mend()
    reader.started()
    bench.expect(read_of(reader.next()))


@pytest.mark.parametrize("order", [Order.SELECT, Order.READ])
def test_a_card_that_cannot_be_read_is_told_once(bench: Any, start: Any, order: Order) -> None:
    """Its owner hears of it once while it lies badly, and it is read as soon as it can be."""
    status = SW3.SELECT_FAILED if order is Order.SELECT else SW3.READ_FAILED
    bench.refuse(order, status, times=3)
    reader = start(bench)
    bench.lay()
    first = reader.next()
    assert isinstance(first, Unreadable)
    assert (first.error.code, first.error.remedy) == (status, "clear")
    bench.expect(read_of(reader.next()))


@pytest.mark.parametrize("name", ["split", "join", "echo"])
def test_a_good_reply_in_bad_company_is_read_at_once(twin: Any, start: Any, name: str) -> None:
    """In two parts, behind another or behind an echo, it is whole: no second reading."""
    bench = twin()
    reader = start(bench)
    bench.fault(name)
    bench.lay()
    bench.expect(read_of(reader.next()))
    assert bench.sam.asked.count(Order.READ) == 1


def test_a_module_that_falls_silent_while_it_reads(twin: Any, start: Any) -> None:
    """The card's owner is told; the read is not waited for twice, and the module soon given up."""
    bench = twin()
    bench.at_half(lambda: bench.fault("hang"))
    bench.fault("short-frame")
    reader = start(bench)
    bench.lay()
    assert isinstance(reader.next(), Unreadable)
    assert reader.lost().cause == "the module does not answer"
    assert bench.sam.asked.count(Order.READ) == 1


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(SW3.SELF_TEST, "replace"), (SW3.NOT_AUTHORISED, "replace"), (SW3.RANDOM, "reset")],
)
def test_a_module_at_fault_is_lost(twin: Any, start: Any, status: SW3, remedy: str) -> None:
    """What no card and no person can mend ends the device, with the remedy."""
    bench = twin()
    reader = start(bench)
    bench.refuse(Order.FIND, status)
    lost = reader.lost()
    assert (lost.code, lost.remedy) == (status, remedy)


def test_commands_that_arrive_damaged_are_sent_again(twin: Any, start: Any) -> None:
    """The module says what it received; once is mended at once, for ever is a broken cable."""
    bench = twin()
    reader = start(bench)
    bench.refuse(Order.SELECT, SW3.BAD_CHECKSUM)
    bench.lay()
    bench.expect(read_of(reader.next()))
    bench.refuse(Order.FIND, SW3.BAD_CHECKSUM, times=6)
    assert reader.lost().remedy == "maintain"


@pytest.mark.parametrize("status", [SW3.UNKNOWN, SW3.BAD_COMMAND])
def test_a_strange_answer_to_find_is_no_card(twin: Any, start: Any, status: SW3) -> None:
    """Nobody is bothered, and the next card is read."""
    bench = twin()
    reader = start(bench)
    bench.refuse(Order.FIND, status, times=4)
    bench.lay()
    bench.expect(read_of(reader.next()))


@pytest.mark.parametrize("present", [True, False])
def test_fingerprints_are_asked_for_where_wished(twin: Any, start: Any, present: bool) -> None:
    """Whether the card holds some is told; a card without any is read all the same."""
    bench = twin()
    reader = start(bench, fingerprint=True)
    bench.lay(fingerprint=present)
    assert read_of(reader.next()).fingerprint_present is present


def test_nobody_who_did_not_ask_knows_of_fingerprints(twin: Any, start: Any) -> None:
    """The short read cannot tell: absent is not the same as none."""
    bench = twin()
    reader = start(bench)
    bench.lay(fingerprint=True)
    assert read_of(reader.next()).fingerprint_present is None
    assert Order.READ_WITH_PRINTS not in bench.sam.asked


def test_an_old_module_is_not_asked_for_fingerprints(twin: Any, start: Any) -> None:
    """Its SAM id begins with 05.01."""
    bench = twin(old=True)
    reader = start(bench, fingerprint=True)
    bench.lay()
    assert read_of(reader.next()).fingerprint_present is None
    assert Order.READ_WITH_PRINTS not in bench.sam.asked


def test_a_module_without_fingerprints_is_asked_once(twin: Any, start: Any) -> None:
    """Answer 21: the short read follows at once, and for the next card it comes first."""
    bench = twin(old=True)
    bench.refuse(Order.SAM_ID, SW3.NO_RIGHT)
    reader = start(bench, fingerprint=True)
    assert reader.device.model is None
    for name in ("贾示例", "虞若无"):
        bench.lay(name=name)
        bench.expect(read_of(reader.next()), name=name)
    assert bench.sam.asked.count(Order.READ_WITH_PRINTS) == 1


def test_a_new_address_is_read_where_there_is_one(twin: Any, start: Any) -> None:
    """追加住址 stands beside the printed one."""
    bench = twin()
    reader = start(bench)
    bench.lay(new_address="示例市样本区示例巷7号")
    read = read_of(reader.next())
    assert (read.address, read.new_address) == ("示例市样本区虚构路1号", "示例市样本区示例巷7号")


@pytest.mark.parametrize("status", [SW3.BAD_COMMAND, SW3.READ_FAILED, SW3.NO_RIGHT])
def test_a_card_is_good_without_its_new_address(twin: Any, start: Any, status: SW3) -> None:
    """Modules that cannot read it still read the card."""
    bench = twin()
    reader = start(bench)
    bench.refuse(Order.READ_ADDRESS, status)
    bench.lay(new_address="示例市样本区示例巷7号")
    read = read_of(reader.next())
    assert read.new_address is None
    bench.expect(read)


@pytest.mark.parametrize("baud", [BAUDS[1], BAUDS[-1]])
def test_the_rate_is_searched_where_asked(twin: Any, start: Any, baud: int) -> None:
    """A module that answers is found without a technician knowing its rate."""
    bench = twin(baud=baud)
    reader = start(bench, baud="search")
    assert reader.device.model is not None
    bench.lay()
    bench.expect(read_of(reader.next()))


def test_a_module_at_another_rate_is_a_loss_with_a_remedy(twin: Any, run: Run) -> None:
    """Who does not search must know the rate."""
    bench = twin(baud=9600)
    assert run("id_serial", {"port": str(bench.port)}).start().lost().remedy == "reset"


def test_no_module_on_the_port_is_a_loss_with_a_remedy(run: Run, serial: Any) -> None:
    """A port that opens is not a reader yet."""
    assert run("id_serial", {"port": str(serial.path)}).start().lost().remedy == "reset"
