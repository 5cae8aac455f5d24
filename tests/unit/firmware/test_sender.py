"""From the outbox to a line that remembers what it was given."""

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Condition, Event

import msgspec
import pytest

from firmware.centre_time import CentreTime
from firmware.config import Intervals
from firmware.outbox import Outbox
from firmware.sender import WINDOW, Sender
from hal.clock import Clock
from hal.events.envelope import CONTENT_TYPE
from hal.events.orders import Receipt

WAIT_S = 5.0


class FakeLink:
    """A line that takes everything, in order; `broken` makes it take nothing."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.broken = False
        self._told = Condition()

    def publish(
        self, topic: str, body: bytes, *, qos: int, content_type: str, retain: bool = False
    ) -> bool:
        assert (qos, content_type, retain) == (1, CONTENT_TYPE, False)
        if self.broken:
            return False
        with self._told:
            self.sent.append(int(body))
            self._told.notify_all()
        return True

    def await_sent(self, met: Callable[[list[int]], bool]) -> list[int]:
        with self._told:
            assert self._told.wait_for(lambda: met(self.sent), WAIT_S), self.sent[-10:]
            return list(self.sent)


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def retry_s() -> float:
    """How long the sender waits for a receipt at first: longer than any test."""
    return 1000.0


@pytest.fixture
def sender(outbox: Outbox, link: FakeLink, retry_s: float) -> Iterator[Sender]:
    made = Sender(outbox, link, Intervals(receipt_base_s=retry_s))
    made.start()
    yield made
    made.stop(WAIT_S)


def keep(outbox: Outbox, count: int) -> None:
    outbox.keep(range(count), lambda _, sequence: ("fact/x/y", b"%d" % sequence), 0.0)


def receipt(outbox: Outbox, committed: int, *missing: tuple[int, int], epoch: str = "") -> bytes:
    return msgspec.json.encode(
        Receipt(epoch=epoch or outbox.epoch, committed=committed, missing=list(missing))
    )


def upto(last: int) -> Callable[[list[int]], bool]:
    return lambda sent: bool(sent) and sent[-1] == last


def test_facts_go_in_order_as_they_come(outbox: Outbox, sender: Sender, link: FakeLink) -> None:
    """What lay there before the line came goes first, what is kept later follows at once."""
    keep(outbox, 3)
    sender.line(True)
    link.await_sent(upto(3))
    keep(outbox, 2)
    sender.wake()
    assert link.await_sent(upto(5)) == [1, 2, 3, 4, 5]


def test_no_more_than_the_window_is_under_way(
    outbox: Outbox, sender: Sender, link: FakeLink
) -> None:
    """Without a receipt the sender stops after its window; a receipt makes as much room again."""
    sender.line(False)
    keep(outbox, 3 * WINDOW)
    sender.line(True)
    link.await_sent(upto(WINDOW))
    sender.wake()
    sender.receipt(receipt(outbox, 10))
    assert link.await_sent(upto(WINDOW + 10)) == list(range(1, WINDOW + 11))
    sender.receipt(receipt(outbox, WINDOW + 10))
    assert link.await_sent(upto(2 * WINDOW + 10)) == list(range(1, 2 * WINDOW + 11))


def test_missing_facts_are_sent_again(outbox: Outbox, sender: Sender, link: FakeLink) -> None:
    """Exactly the ranges that the centre misses, those of them that are still here."""
    keep(outbox, 9)
    sender.line(True)
    link.await_sent(upto(9))
    sender.receipt(receipt(outbox, 2, (1, 1), (3, 4), (6, 6), (9, 8)))
    assert link.await_sent(upto(6))[9:] == [3, 4, 6]


@pytest.mark.parametrize("retry_s", [0.01])
def test_without_a_receipt_it_goes_back(outbox: Outbox, sender: Sender, link: FakeLink) -> None:
    """Facts that nobody confirmed are sent again from the last receipt, and again."""
    keep(outbox, 2)
    sender.receipt(receipt(outbox, 1))
    sender.line(True)
    sent = link.await_sent(lambda sent: len(sent) >= 4)
    assert set(sent) == {2}


def test_a_line_that_returns_starts_at_the_last_receipt(
    outbox: Outbox, sender: Sender, link: FakeLink
) -> None:
    """A broker that was killed may have forgotten what it acknowledged."""
    keep(outbox, 4)
    sender.line(True)
    link.await_sent(upto(4))
    sender.receipt(receipt(outbox, 2))
    sender.line(False)
    sender.line(True)
    assert link.await_sent(lambda sent: len(sent) >= 6) == [1, 2, 3, 4, 3, 4]


def test_a_centre_that_returns_hears_it_again(
    outbox: Outbox, sender: Sender, link: FakeLink
) -> None:
    """While the centre was away the broker may have had nobody to give the facts to."""
    keep(outbox, 2)
    sender.line(True)
    link.await_sent(upto(2))
    sender.centre_ready()
    assert link.await_sent(lambda sent: len(sent) >= 4) == [1, 2, 1, 2]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"epoch": "E", "committed": -1}', b"\xff"])
def test_nonsense_is_no_receipt(outbox: Outbox, sender: Sender, body: bytes) -> None:
    """A receipt that cannot be read trims nothing."""
    keep(outbox, 1)
    sender.receipt(body)
    assert outbox.waiting()[0] == 1


def test_another_epoch_is_no_receipt(outbox: Outbox, sender: Sender) -> None:
    """The word about an outbox that was here before does not trim this one."""
    keep(outbox, 1)
    sender.receipt(receipt(outbox, 1, epoch="another"))
    assert outbox.waiting()[0] == 1


@pytest.mark.parametrize("retry_s", [0.001])
def test_an_idle_sender_leaves_the_outbox_alone(
    outbox: Outbox, sender: Sender, link: FakeLink
) -> None:
    """When everything is receipted it sleeps until something comes: it never polls."""
    keep(outbox, 1)
    sender.line(True)
    link.await_sent(lambda sent: len(sent) >= 1)
    sender.receipt(receipt(outbox, 1))
    assert sender._rest_s() is None


def test_the_centre_says_what_time_it_is(outbox: Outbox, link: FakeLink, clock: Clock) -> None:
    """Each receipt's time is handed on, also when it speaks of an outbox that was here before."""
    centre_time = CentreTime(clock)
    sender = Sender(outbox, link, centre_time=centre_time)
    sender.receipt(receipt(outbox, 0))
    assert centre_time.now() is None
    word = Receipt(epoch="another", committed=1, at="2026-11-23T09:00:00+00:00")
    sender.receipt(msgspec.json.encode(word))
    assert centre_time.offset_s() == -3600.0


def test_each_fact_that_is_sent_is_told(outbox: Outbox, link: FakeLink) -> None:
    """Also when it is sent again; what the line did not take was not sent."""
    sent: list[None] = []
    sender = Sender(outbox, link, Intervals(receipt_base_s=1000.0))
    sender.on_sent(lambda: sent.append(None))
    link.broken = True
    keep(outbox, 2)
    sender.start()
    sender.line(True)
    pass_through(sender)
    assert sent == []
    link.broken = False
    sender.line(True)
    link.await_sent(upto(2))
    sender.centre_ready()
    link.await_sent(lambda sent: sent == [1, 2, 1, 2])
    sender.stop(WAIT_S)
    assert len(sent) == 4


def pass_through(sender: Sender) -> None:
    """Wait until a probe has come back."""
    back = Event()
    sender.probe(back.set)
    assert back.wait(WAIT_S)


def test_a_probe_comes_back_without_a_line(outbox: Outbox, sender: Sender) -> None:
    """Before the first line and after one is lost, with facts waiting: the sender is not stuck."""
    pass_through(sender)
    keep(outbox, 1)
    sender.wake()
    pass_through(sender)
    sender.line(True)
    sender.line(False)
    pass_through(sender)


def test_a_probe_eats_no_news(outbox: Outbox, sender: Sender, link: FakeLink) -> None:
    """What was kept while there was no line, or no room, is sent when there is, probe or none."""
    keep(outbox, WINDOW + 2)
    sender.wake()
    pass_through(sender)
    sender.line(True)
    link.await_sent(upto(WINDOW))
    sender.wake()
    pass_through(sender)
    sender.receipt(receipt(outbox, 1))
    link.await_sent(upto(WINDOW + 1))
    pass_through(sender)
    sender.receipt(receipt(outbox, 2))
    assert link.await_sent(upto(WINDOW + 2)) == list(range(1, WINDOW + 3))


def test_probes_come_back_one_by_one(outbox: Outbox, sender: Sender) -> None:
    """Each exactly once, in the order in which they were put."""
    back: SimpleQueue[int] = SimpleQueue()
    for number in range(3):
        sender.probe(lambda number=number: back.put(number))
    assert [back.get(timeout=WAIT_S) for _ in range(3)] == [0, 1, 2]
    pass_through(sender)
    assert back.empty()
