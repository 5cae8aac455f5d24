"""Orders go out, and out again under the same id, until they are answered or expired."""

import json
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from central.dispatch.dispatch import POLL_S, Dispatch
from hal.events.facts import OrderDone, OrderRefused

DEADLINE_S = 20
STATES = "SELECT state, answer, attempts FROM order_outbox ORDER BY created_at, id"


class Line:
    """The connection to the broker; it may be away."""

    def __init__(self) -> None:
        self.up = True
        self.sent: SimpleQueue[tuple[str, bytes, int]] = SimpleQueue()

    def publish(self, topic: str, body: bytes, expiry_s: int) -> bool:
        if self.up:
            self.sent.put((topic, body, expiry_s))
        return self.up

    def taken(self) -> list[tuple[str, bytes, int]]:
        """What was sent since the last look."""
        return [self.sent.get() for _ in range(self.sent.qsize())]


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def dispatch(store: Any, clock: Any, line: Line) -> Iterator[Dispatch]:
    dispatch = Dispatch(store.writer, store.readers, line.publish, clock.now)
    yield dispatch
    dispatch.stop()


@pytest.fixture
def look(dispatch: Dispatch, line: Line, store: Any) -> Any:
    """Look once at a monotonic moment; what was sent then."""

    def looked(now_s: float) -> list[tuple[str, bytes, int]]:
        dispatch.look(now_s)
        store.do(lambda _link: None)
        return line.taken()

    return looked


def ids(sent: list[tuple[str, bytes, int]]) -> list[str]:
    return [json.loads(body)["id"] for _, body, _ in sent]


def test_an_order_goes_to_its_terminal(look: Any, hall: Any, store: Any) -> None:
    """Topic, body and expiry are the contract's; the sending is counted."""
    called = hall.visit()
    ((topic, body, expiry_s),) = look(100.0)
    assert topic == "hall/1/pzh01/pzh01-w01/order/visit/open"
    order = json.loads(body)
    assert order.pop("data")["ticket"] == called.ticket.number
    assert {name: order[name] for name in order if name != "id"} == {
        "issued_at": "2026-11-23T09:00:00.000000+08:00",
        "expires_at": "2026-11-23T21:00:00.000000+08:00",
        "by": "teller",
        "visit": called.visit.id,
    }
    assert expiry_s == 12 * 3600
    assert store.rows(STATES) == [("pending", None, 1)]


def test_it_is_sent_again_with_the_same_id(look: Any, hall: Any, store: Any) -> None:
    """The same bytes, after a pause that grows: at once, after about 1 s, after about 2 s more."""
    hall.visit()
    first = look(100.0)
    assert look(100.7) == []
    assert look(101.3) == first
    assert look(102.8) == []
    assert look(103.8) == first
    assert store.rows(STATES) == [("pending", None, 3)]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (lambda order: ("order.done", OrderDone(order=order)), "done"),
        (lambda order: ("order.refused", OrderRefused(order=order, reason="busy")), "refused"),
    ],
)
def test_an_answer_ends_it(look: Any, hall: Any, store: Any, answer: Any, state: str) -> None:
    """Done or refused by a fact: never sent again."""
    visit = hall.visit().visit.id
    (order,) = ids(look(100.0))
    kind, data = answer(order)
    hall.fact(kind, data, visit)
    assert look(1000.0) == []
    assert [row[0] for row in store.rows(STATES)] == [state]


def test_an_expired_order_is_not_sent(look: Any, hall: Any, store: Any, clock: Any) -> None:
    """Its life is over: it is marked, put into the trail once, and never sent again."""
    visit = hall.visit().visit.id
    clock.advance(seconds=1)
    hall.ask(visit)
    order = ids(look(100.0))[-1]
    clock.advance(minutes=1)
    assert order not in ids(look(200.0)) + ids(look(300.0))
    assert store.rows(STATES)[1] == ("expired", None, 1)
    trail = "SELECT who, subject, at FROM audit WHERE what = 'order.expired'"
    assert store.rows(trail) == [("centre", order, "2026-11-23T09:01:01.000000+08:00")]


def test_a_call_that_nobody_heard_is_taken_back(
    look: Any, hall: Any, store: Any, clock: Any
) -> None:
    """The number waits again; a terminal that opened the visit unheard is told to close it."""
    visit = hall.visit().visit.id
    look(100.0)
    clock.advance(hours=12)
    look(200.0)
    assert store.rows("SELECT state, terminal FROM ticket") == [("WAITING", None)]
    ((state, notes),) = store.rows("SELECT state, notes FROM visit")
    assert (state, json.loads(notes)[0]["what"]) == ("CLOSED", "not_opened")
    ((topic, body, _),) = look(300.0)
    assert topic == "hall/1/pzh01/pzh01-w01/order/visit/close"
    assert json.loads(body)["visit"] == visit


def test_the_broker_is_told_what_is_left_of_its_life(look: Any, hall: Any, clock: Any) -> None:
    """Whole seconds, rounded up: a message that still counts is never thrown away."""
    hall.visit()
    clock.advance(hours=11, minutes=59, seconds=58.5)
    ((_, _, expiry_s),) = look(100.0)
    assert expiry_s == 2


def test_without_a_line_nothing_counts_as_sent(
    look: Any, hall: Any, store: Any, line: Line
) -> None:
    """The order is due as soon as there is a line, and its attempts are those that went out."""
    hall.visit()
    line.up = False
    assert look(100.0) == look(100.1) == []
    assert store.rows(STATES) == [("pending", None, 0)]
    line.up = True
    assert len(look(100.2)) == 1
    assert store.rows(STATES) == [("pending", None, 1)]


def test_a_new_line_gets_every_pending_order(look: Any, hall: Any, dispatch: Dispatch) -> None:
    """What went over the old one may be lost: all of it at once, whatever the pause."""
    hall.visit()
    hall.visit("pzh01-w02")
    first = look(100.0)
    assert len(first) == 2
    assert look(100.1) == []
    dispatch.connected()
    assert look(100.2) == first
    assert look(100.3) == []


def test_orders_go_out_in_the_order_of_their_making(look: Any, hall: Any, clock: Any) -> None:
    """A visit is opened at the terminal before anything is asked in it."""
    visit = hall.visit().visit.id
    clock.advance(seconds=1)
    hall.ask(visit)
    assert [topic.split("/", 5)[5] for topic, _, _ in look(100.0)] == [
        "visit/open",
        "rating/request",
    ]


def test_it_says_how_long_nothing_will_be_due(dispatch: Dispatch, hall: Any) -> None:
    """Never longer than the poll: an order may come without anybody waking it."""
    assert dispatch.look(100.0) == POLL_S
    hall.visit()
    assert 0 < dispatch.look(100.0) <= POLL_S
    # Not due before 100.8, for a pause is at most a fifth shorter than it says.
    assert 0 < dispatch.look(100.7) < 0.51


def test_whoever_wakes_it_has_the_order_sent(dispatch: Dispatch, hall: Any, line: Line) -> None:
    """The thread looks when it is woken, and ends when it is stopped."""
    dispatch.start()
    hall.visit()
    dispatch.wake()
    topic, _, _ = line.sent.get(timeout=DEADLINE_S)
    assert topic == "hall/1/pzh01/pzh01-w01/order/visit/open"
