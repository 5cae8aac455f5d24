"""What comes from the broker finds the window, the sender, and who counts the centre's words."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import msgspec
import pytest

from firmware.config import Intervals
from firmware.downlink import Downlink
from firmware.lights import Lights
from firmware.orders import Orders
from firmware.outbox import Outbox
from firmware.panel import Panel
from firmware.sender import Sender
from firmware.stamp import Stamp
from firmware.window import Window
from hal.events.orders import CentreState, Order, Receipt
from hal.events.topics import CENTRE_STATE, Branch

WAIT_S = 5.0
BRANCH = Branch("pzh01", "pzh01-w03")
OPEN = Order(
    id="o1",
    issued_at="2026-11-23T08:00:00+08:00",
    expires_at="2999-01-01T00:00:00+08:00",
    by="teller",
    visit="v1",
    data=msgspec.Raw(b'{"ticket": "A001"}'),
)


class FakeLine:
    """Takes everything that is sent, in order."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def publish(self, topic: str, body: bytes, **_: object) -> bool:
        self.sent.append(body)
        return True


@pytest.fixture
def line() -> FakeLine:
    return FakeLine()


@pytest.fixture
def sender(outbox: Outbox, line: FakeLine) -> Iterator[Sender]:
    made = Sender(outbox, line, Intervals(receipt_base_s=1000.0))  # type: ignore[arg-type]
    made.start()
    yield made
    made.stop(WAIT_S)


@pytest.fixture
def window(outbox: Outbox, stamp: Stamp, clock: Any) -> Window:
    lights = Lights(None, None, Panel(None))
    return Window(outbox, stamp, lights, Orders({"gun": "code"}), clock)


@pytest.fixture
def downlink(window: Window, sender: Sender) -> Downlink:
    return Downlink(BRANCH, window, sender)


@pytest.fixture
def heard(downlink: Downlink) -> list[str]:
    """One entry for each word of the centre itself."""
    words: list[str] = []
    downlink.on_heard(lambda: words.append("heard"))
    return words


@pytest.fixture
def come_to_an_end(window: Window) -> Callable[[], None]:
    """Have the window handle what was put so far."""

    def handle() -> None:
        window.stop()
        window.run()

    return handle


def centre(state: str) -> tuple[str, bytes]:
    told = CentreState(state=state, since="2026-11-23T08:00:00+08:00")
    return CENTRE_STATE, msgspec.json.encode(told)


def test_an_order_reaches_the_window(
    downlink: Downlink, window: Window, heard: list[str], come_to_an_end: Callable[[], None]
) -> None:
    """Device and verb are told by its topic; it is a word of the centre."""
    downlink.received(BRANCH.order("visit", "open"), msgspec.json.encode(OPEN))
    come_to_an_end()
    assert window.view().visit_open
    assert heard == ["heard"]


@pytest.mark.parametrize("rest", ["visit", "visit/open/now"])
def test_a_topic_that_is_no_order_does_nothing(
    downlink: Downlink, window: Window, rest: str, come_to_an_end: Callable[[], None]
) -> None:
    """Whoever writes below `order` without a device and a verb opens no visit."""
    downlink.received(f"{BRANCH.root}/order/{rest}", msgspec.json.encode(OPEN))
    come_to_an_end()
    assert not window.view().visit_open


def test_a_receipt_reaches_the_sender(downlink: Downlink, outbox: Outbox, heard: list[str]) -> None:
    """What was receipted need not be sent again; it is a word of the centre."""
    outbox.keep(range(3), lambda _, sequence: ("fact/x/y", b"%d" % sequence), 0.0)
    receipt = Receipt(epoch=outbox.epoch, committed=2)
    downlink.received(BRANCH.receipt, msgspec.json.encode(receipt))
    assert outbox.waiting()[0] == 1
    assert heard == ["heard"]


@pytest.mark.parametrize("first", ["line", "state"])
def test_the_centre_is_there_with_a_line_and_its_word(
    downlink: Downlink, window: Window, first: str, come_to_an_end: Callable[[], None]
) -> None:
    """Both, in whichever order they come; one of them alone is not enough."""
    come = {
        "line": lambda: downlink.line(True),
        "state": lambda: downlink.received(*centre("ready")),
    }
    come.pop(first)()
    come_to_an_end()
    assert window.view().offline
    come.popitem()[1]()
    come_to_an_end()
    assert not window.view().offline
    assert downlink.centre == "ready"


@pytest.mark.parametrize("state", ["lost", "starting", "stopping"])
def test_a_centre_that_is_not_ready_is_away(
    downlink: Downlink, window: Window, state: str, come_to_an_end: Callable[[], None]
) -> None:
    """Its will or its leaving word puts the window into its safe state."""
    downlink.line(True)
    downlink.received(*centre("ready"))
    downlink.received(*centre(state))
    come_to_an_end()
    assert window.view().offline
    assert downlink.centre == state


def test_a_word_that_cannot_be_read_is_no_centre(
    downlink: Downlink, window: Window, come_to_an_end: Callable[[], None]
) -> None:
    """Nobody goes on as if the centre were ready when its state is nonsense."""
    downlink.line(True)
    downlink.received(*centre("ready"))
    downlink.received(CENTRE_STATE, b"\xff")
    come_to_an_end()
    assert window.view().offline
    assert downlink.centre == "unknown"


def test_without_a_line_nobody_knows_the_centre(
    downlink: Downlink, window: Window, come_to_an_end: Callable[[], None]
) -> None:
    """What it said before does not count when the line is back: it must say it again."""
    downlink.line(True)
    downlink.received(*centre("ready"))
    downlink.line(False)
    assert downlink.centre == "unknown"
    downlink.line(True)
    come_to_an_end()
    assert window.view().offline
    downlink.received(*centre("ready"))
    come_to_an_end()
    assert not window.view().offline


def test_only_a_centre_that_becomes_ready_is_heard(downlink: Downlink, heard: list[str]) -> None:
    """A will is the broker's word, and the same retained word again is no sign of life."""
    downlink.line(True)
    for state in ("lost", "ready", "ready", "lost"):
        downlink.received(*centre(state))
    assert heard == ["heard"]


def test_a_centre_that_is_ready_again_gets_it_again(
    downlink: Downlink, sender: Sender, outbox: Outbox, line: FakeLine
) -> None:
    """The broker may have had nobody to give the facts to; a repeated word sends nothing."""
    outbox.keep(range(1), lambda _, sequence: ("fact/x/y", b"%d" % sequence), 0.0)
    downlink.line(True)
    pass_through(sender)
    assert line.sent == [b"1"]
    for state, times in (("ready", 2), ("ready", 2), ("lost", 2), ("ready", 3)):
        downlink.received(*centre(state))
        pass_through(sender)
        assert line.sent == [b"1"] * times


def pass_through(sender: Sender) -> None:
    """Wait until the sender has done what was asked of it before."""
    back = Event()
    sender.probe(back.set)
    assert back.wait(WAIT_S)
