import json
from concurrent.futures import wait
from typing import Any

import pytest

from central.domain.errors import Incorrect, Refused, Unknown
from central.service import tickets
from central.service.context import Actor, Context


def test_numbers_count_up_per_lane_and_day(hall: Any, clock: Any) -> None:
    """Each lane counts for itself and begins again the next day of the hall."""
    first = [hall.take(), hall.take(), hall.take("B")]
    clock.advance(days=1)
    first.append(hall.take())
    assert [ticket.number for ticket in first] == ["A001", "A002", "B001", "A001"]
    assert first[0].barcode == f"OW:T:{first[0].id}"
    assert first[0].issued_at == "2026-11-23T09:00:00.000000+08:00"


def test_the_day_is_the_halls_own(hall: Any, clock: Any) -> None:
    """The count begins again at midnight in the hall, not at midnight in Greenwich."""
    clock.advance(hours=14, minutes=59)
    assert hall.take().number == "A001"
    clock.advance(minutes=2)
    assert hall.take().number == "A001"
    clock.advance(hours=8)
    assert hall.take().number == "A002"


def test_many_at_once_get_different_numbers(hall: Any, store: Any, clock: Any) -> None:
    """Under load no number is given out twice and none is left out."""

    def work(link: Any) -> str:
        context = Context(link, clock.now(), Actor("kiosk", "kiosk"))
        return tickets.take_ticket(context, {"pzh01"}, "pzh01", "A").number

    futures = [store.writer.submit(work) for _ in range(200)]
    wait(futures, timeout=20)
    assert [future.result() for future in futures] == [f"A{n:03d}" for n in range(1, 201)]


def test_a_number_needs_a_hall_and_a_lane(hall: Any) -> None:
    """A site that nobody registered has no queue, and a lane is a letter."""
    with pytest.raises(Unknown):
        hall.act(lambda context: tickets.take_ticket(context, {"pzh01"}, "mars", "A"))
    with pytest.raises(Incorrect):
        hall.act(lambda context: tickets.take_ticket(context, {"pzh01"}, "pzh01", "aa"))


def test_the_longest_waiting_is_called_once(hall: Any, clock: Any) -> None:
    """Windows call in the order of arrival; the same citizen is never called twice."""
    for _ in range(2):
        hall.take()
        clock.advance(seconds=1)
    first, second = hall.call("pzh01-w01"), hall.call("pzh01-w02")
    assert (first.ticket.number, second.ticket.number) == ("A001", "A002")
    assert (first.ticket.state, first.visit.state) == ("CALLED", "OPEN")
    assert first.visit.ticket == first.ticket
    assert first.ticket.terminal == "pzh01-w01"


def test_a_call_orders_the_window_to_open_the_visit(hall: Any, store: Any) -> None:
    """The order is written with the visit: to that terminal, with the number, for twelve hours."""
    called = hall.visit()
    ((terminal, device, verb, visit, state, expires, body),) = store.rows(
        "SELECT terminal, device, verb, visit, state, expires_at, body FROM order_outbox"
    )
    assert (terminal, device, verb, visit, state) == (
        *("pzh01-w01", "visit", "open"),
        *(called.visit.id, "pending"),
    )
    order = json.loads(body)
    announced = "请A001号到1号窗口办理业务"
    assert order["data"] == {"ticket": "A001", "window": 1, "announcement": announced}
    assert called.announcement == announced
    assert (order["visit"], order["by"]) == (called.visit.id, "teller")
    assert order["expires_at"] == expires == "2026-11-23T21:00:00.000000+08:00"


def test_a_window_with_a_visit_calls_nobody(hall: Any, store: Any) -> None:
    """One visit per window: the queue is untouched when the window is busy."""
    hall.visit()
    hall.take()
    with pytest.raises(Refused) as refusal:
        hall.call()
    assert refusal.value.code == "window_busy"
    assert store.rows("SELECT number, state FROM ticket ORDER BY number") == [
        ("A001", "CALLED"),
        ("A002", "WAITING"),
    ]


def test_an_empty_queue_says_so(hall: Any, clock: Any) -> None:
    """Nobody waiting is a refusal, and yesterday's numbers do not wait any more."""
    hall.take()
    clock.advance(days=1)
    with pytest.raises(Refused) as refusal:
        hall.call()
    assert refusal.value.code == "no_ticket"


def test_every_change_leaves_a_row_in_the_trail(hall: Any, store: Any) -> None:
    """The trail names who did what to which, in the transaction that did it."""
    hall.sign_in()
    called = hall.visit()
    rows = store.rows("SELECT who, what, subject FROM audit ORDER BY n")
    assert rows[1:] == [
        ("teller", "ticket.taken", called.ticket.id),
        ("teller", "visit.opened", called.visit.id),
    ]
