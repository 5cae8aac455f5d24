"""A day without the centre arrives: twice, after a failed commit, in pieces, with gaps."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from central.ingest.batch import Batches, Notice
from central.store import schema
from hal.events.orders import Receipt
from hal.events.topics import parse_topic

DAY = "2026-11-23"
SERVED = {  # what must stand there in the end, whatever way it came
    "SELECT number, state FROM ticket ORDER BY number": [("L001", "DONE"), ("L002", "DONE")],
    "SELECT id, state FROM visit ORDER BY id": [("V1", "CLOSED"), ("V2", "CLOSED")],
    "SELECT visit, item_code, state FROM case_file": [("V1", "SB-L1", "OPENED")],
    "SELECT visit, state, level FROM rating": [("V1", "RATED", 4)],
    "SELECT used FROM reserve": [(2,)],
    "SELECT count(*) FROM tray": [(1,)],
    "SELECT count(*) FROM fact WHERE state = 'applied'": [(9,)],
    "SELECT count(*) FROM fact": [(9,)],
}


@pytest.fixture
def reserved(store: Any) -> None:
    """The outbox E1 of pzh01-w01 may give out L001 to L050."""
    row = {"terminal": "pzh01-w01", "epoch": "E1", "day": DAY, "lane": "L", "first": 1, "last": 50}
    store.do(lambda link: link.execute(insert(schema.reserve).values(order_id="O", **row)))


@pytest.fixture
def day(wire: Any, arrive: Any, reserved: None) -> list[Any]:
    """Two citizens: one served with a case and a rating, one who went."""

    def fact(sequence: int, kind: str, data: object, visit: str | None = None) -> Any:
        return wire.fact(sequence, kind, data, visit)

    def ticket(sequence: int, id: str, number: str) -> Any:
        data = {"ticket": id, "number": number, "lane": "L", "day": DAY}
        return fact(sequence, "ticket.issued", data)

    sent = [
        ticket(1, "T1", "L001"),
        fact(2, "visit.opened", {"ticket": "T1", "item": "SB-L1"}, "V1"),
        wire.sealed(3, visit="V1"),
        fact(4, "rating.given", {"request": "V1", "level": 4}, "V1"),
        fact(5, "visit.closed", {"reason": "finished"}, "V1"),
        ticket(6, "T2", "L002"),
        fact(7, "visit.opened", {"ticket": "T2"}, "V2"),
        fact(8, "card.presented", {"slot": "contact"}, "V2"),
        fact(9, "visit.closed", {"reason": "left"}, "V2"),
    ]
    return [arrive(each) for each in sent]


@pytest.fixture
def give(store: Any, clock: Any, means: Any) -> Any:
    """Keep facts in one transaction, as one batch of the ingest."""
    batches = Batches(clock.now, means)
    return lambda items: store.do(lambda link: batches.store(link, items))


def served(store: Any) -> None:
    for query, rows in SERVED.items():
        assert store.rows(query) == rows, query


@pytest.mark.parametrize("sizes", [[9], [1] * 9, [2, 3, 4], [5, 4]])
def test_pieces_make_no_difference(give: Any, day: Any, store: Any, sizes: Sequence[int]) -> None:
    """In one batch, one by one, or cut anywhere: the same tickets, visits, case and rating."""
    at = 0
    for size in sizes:
        give(day[at : at + size])
        at += size
    served(store)


def test_a_repeat_has_no_second_effect(give: Any, day: Any, store: Any) -> None:
    """All of it again, whole and in pieces, is receipted and changes nothing."""
    give(day)
    trail = store.rows("SELECT count(*) FROM audit")
    ((_, receipt),) = give(day)
    assert receipt == Receipt(epoch="E1", committed=9)
    for fact in reversed(day):
        give([fact])
    served(store)
    assert store.rows("SELECT count(*) FROM audit") == trail


def test_what_was_rolled_back_comes_again(
    give: Any, day: Any, store: Any, clock: Any, means: Any
) -> None:
    """A commit fails after all of it was carried out: nothing stays, and the repeat is whole."""
    batches = Batches(clock.now, means)

    def fails(link: Any) -> None:
        batches.store(link, day)
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk full"))

    with pytest.raises(OperationalError):
        store.do(fails)
    assert store.rows("SELECT * FROM ticket") == store.rows("SELECT * FROM visit") == []
    give(day)
    served(store)


@pytest.mark.parametrize("lost", range(9))
def test_a_gap_is_filled_late(give: Any, day: Any, store: Any, lost: int) -> None:
    """Whichever fact was lost on the way: once it is there, all stands as it should."""
    give(day[:lost] + day[lost + 1 :])
    ((_, receipt),) = give([day[lost]])
    assert receipt.committed == 9
    served(store)


def test_an_opening_that_comes_late_does_not_end_the_present_visit(
    give: Any, day: Any, store: Any
) -> None:
    """The visit that began later is still open at the window; the earlier one is over."""
    give([day[0], *day[2:8]])
    give([day[1]])
    assert store.rows("SELECT id, state FROM visit ORDER BY id") == [
        ("V1", "CLOSED"),
        ("V2", "OPEN"),
    ]
    give(day)
    served(store)


def test_even_backwards_nothing_is_lost(give: Any, day: Any, store: Any) -> None:
    """Facts in the wrong order wait for those that make what they name."""
    for fact in reversed(day):
        give([fact])
    served(store)


def test_a_number_of_nobody_is_kept_aside(give: Any, wire: Any, arrive: Any, store: Any) -> None:
    """What was never reserved is quarantined with all that hangs on it, and receipted."""
    issued = {"ticket": "T1", "number": "L001", "lane": "L", "day": DAY}
    sent = [
        wire.fact(1, "ticket.issued", issued),
        wire.fact(2, "visit.opened", {"ticket": "T1"}, "V1"),
        wire.fact(3, "visit.closed", {"reason": "left"}, "V1"),
    ]
    ((_, receipt),) = give([arrive(each) for each in sent])
    assert receipt.committed == 3
    assert store.rows("SELECT state, reason FROM fact ORDER BY sequence") == [
        ("quarantined", "number_not_reserved"),
        ("quarantined", "unknown_ticket"),
        ("quarantined", "unknown_visit"),
    ]


def test_a_state_that_is_heard_brings_numbers(
    store: Any, clock: Any, means: Any, sites: Any
) -> None:
    """A terminal that says what it understands and that it is ready gets its orders at once."""

    def tell(rest: str, body: dict[str, Any]) -> None:
        topic = parse_topic(f"hall/1/pzh01/pzh01-w01/{rest}")
        notice = Notice(sites.find("pzh01-w01"), topic, json.dumps(body).encode())
        store.do(lambda link: Batches(clock.now, means).store(link, [notice]))

    verbs = ["terminal/reserve", "terminal/configure"]
    about = {"version": "1", "devices": [], "facts": [], "orders": verbs, "hash": ""}
    state = {"state": "ready", "epoch": "E1", "boot": "B1", "since": ""}
    tell("about", about)
    assert store.rows("SELECT * FROM order_outbox") == []
    for _ in range(2):
        tell("state", state)
    assert store.rows("SELECT verb FROM order_outbox ORDER BY verb") == [
        ("configure",),
        ("reserve",),
        ("reserve",),
    ]


def test_a_number_given_twice_uses_no_second_one(
    give: Any, wire: Any, arrive: Any, store: Any, reserved: None
) -> None:
    """What is set aside has left no trace in the block."""
    for sequence, ticket in enumerate(("T1", "T2"), start=1):
        issued = {"ticket": ticket, "number": "L001", "lane": "L", "day": DAY}
        give([arrive(wire.fact(sequence, "ticket.issued", issued))])
    assert store.rows("SELECT id FROM ticket") == [("T1",)]
    assert store.rows("SELECT used FROM reserve") == [(1,)]


def test_a_block_is_of_one_outbox(
    give: Any, wire: Any, arrive: Any, store: Any, reserved: None
) -> None:
    """A terminal that was set up anew may not give out what its former outbox had."""
    issued = {"ticket": "T1", "number": "L001", "lane": "L", "day": DAY}
    give([arrive(wire.fact(1, "ticket.issued", issued, epoch="E2"))])
    assert store.rows("SELECT reason FROM fact") == [("number_not_reserved",)]
