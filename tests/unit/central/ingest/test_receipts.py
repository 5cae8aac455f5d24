"""When receipts go out: the clock is the test's."""

from datetime import datetime
from queue import SimpleQueue

import pytest

from central.ingest.receipts import Receipts
from central.service.moments import HALL_TIME
from hal.events.orders import Receipt
from hal.events.topics import Branch

W01, W02 = Branch("pzh01", "pzh01-w01"), Branch("pzh01", "pzh01-w02")
DEADLINE_S = 10
NOW = datetime(2026, 11, 23, 9, 0, 0, tzinfo=HALL_TIME)


class Monotonic:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def receipt(committed: int, epoch: str = "E1") -> Receipt:
    return Receipt(epoch=epoch, committed=committed, missing=[])


@pytest.fixture
def monotonic() -> Monotonic:
    return Monotonic()


@pytest.fixture
def published() -> SimpleQueue[tuple[str, bytes]]:
    return SimpleQueue()


@pytest.fixture
def receipts(monotonic: Monotonic, published: SimpleQueue[tuple[str, bytes]]) -> Receipts:
    def publish(topic: str, body: bytes) -> bool:
        published.put((topic, body))
        return True

    return Receipts(publish, lambda: NOW, monotonic)


def test_the_first_goes_out_at_once(receipts: Receipts) -> None:
    """Nothing waits for a timer, and nothing goes out twice."""
    receipts.give(W01, receipt(1))
    assert receipts.take_due() == [(W01, receipt(1))]
    assert receipts.take_due() == []


def test_there_is_at_most_one_in_50_ms(receipts: Receipts, monotonic: Monotonic) -> None:
    """Whatever is given meanwhile waits, and the last of it counts."""
    receipts.give(W01, receipt(1))
    receipts.take_due()
    for committed in range(2, 50):
        monotonic.now_s = 1000.0 + committed / 1000
        receipts.give(W01, receipt(committed))
        assert receipts.take_due() == []
    monotonic.now_s = 1000.0501
    assert receipts.take_due() == [(W01, receipt(49))]


def test_each_terminal_has_its_own_pause(receipts: Receipts) -> None:
    """A busy window does not hold up its neighbour."""
    receipts.give(W01, receipt(1))
    receipts.take_due()
    receipts.give(W01, receipt(2))
    receipts.give(W02, receipt(7))
    assert receipts.take_due() == [(W02, receipt(7))]


def test_two_outboxes_of_a_terminal_share_its_pause(
    receipts: Receipts, monotonic: Monotonic
) -> None:
    """After a new card both epochs are receipted, one after the other."""
    receipts.give(W01, receipt(1, "E1"))
    receipts.give(W01, receipt(1, "E2"))
    receipts.give(W01, receipt(2, "E1"))
    assert receipts.take_due() == [(W01, receipt(2, "E1"))]
    assert receipts.take_due() == []
    monotonic.now_s += 0.051
    assert receipts.take_due() == [(W01, receipt(1, "E2"))]


def test_it_is_published_as_the_contract_says(
    receipts: Receipts, published: SimpleQueue[tuple[str, bytes]]
) -> None:
    """Topic and body, letter by letter."""
    receipts.start()
    receipts.give(W01, Receipt(epoch="E1", committed=18342, missing=[(18344, 18350)]))
    assert published.get(timeout=DEADLINE_S) == (
        "hall/1/pzh01/pzh01-w01/receipt",
        b'{"epoch":"E1","committed":18342,"missing":[[18344,18350]],'
        b'"at":"2026-11-23T09:00:00.000000+08:00"}',
    )
    receipts.stop()


def test_stopping_publishes_what_is_due(
    receipts: Receipts, published: SimpleQueue[tuple[str, bytes]]
) -> None:
    """What was given before the end is not kept from its terminals."""
    receipts.give(W01, receipt(1))
    receipts.give(W02, receipt(2))
    receipts.start()
    receipts.stop(DEADLINE_S)
    assert published.qsize() == 2


def test_one_that_cannot_be_published_is_dropped(monotonic: Monotonic) -> None:
    """The line is away: the terminal will send again, and the next receipt tells it all."""
    tries: SimpleQueue[bytes] = SimpleQueue()
    answers = iter([False, True])

    def publish(_topic: str, body: bytes) -> bool:
        tries.put(body)
        return next(answers)

    receipts = Receipts(publish, lambda: NOW, monotonic)
    receipts.start()
    receipts.give(W01, receipt(1))
    assert b'"committed":1' in tries.get(timeout=DEADLINE_S)
    monotonic.now_s += 1
    receipts.give(W01, receipt(2))
    assert b'"committed":2' in tries.get(timeout=DEADLINE_S)
    receipts.stop()
    assert tries.empty()
