"""One fact into the database: once, and never lost."""

from dataclasses import replace
from typing import Any

import pytest

from central.ingest.keep import keep, keep_aside

ROWS = "SELECT sequence, id, state, reason FROM fact ORDER BY cursor"
TRAY = "SELECT count(*) FROM tray"
FACT_1, FACT_2 = f"FACT{1:022d}", f"FACT{2:022d}"


@pytest.fixture
def store_fact(store: Any, clock: Any, arrive: Any, means: Any) -> Any:
    """Keep a message in a transaction of its own."""
    return lambda sent: store.do(lambda link: keep(link, arrive(sent), clock.now(), means))


def test_a_fact_is_stored_as_it_came(store: Any, wire: Any, store_fact: Any, hall: Any) -> None:
    """Its columns are those of the envelope, and the envelope is stored byte for byte."""
    visit = hall.visit().visit.id
    sent = wire.fact(18342, visit=visit)
    store_fact(sent)
    columns = "terminal, epoch, sequence, id, type, device, time, visit, state, reason, envelope"
    assert store.rows(f"SELECT {columns}, stored_at FROM fact") == [
        (
            "pzh01-w01",
            "E1",
            18342,
            f"FACT{18342:022d}",
            "cn.onewindow.card.presented.v1",
            "card",
            "2026-11-23T08:15:02.123456+08:00",
            visit,
            "applied",
            None,
            sent.body,
            "2026-11-23T09:00:00.000000+08:00",
        )
    ]


def test_a_repeat_has_no_second_effect(store: Any, wire: Any, store_fact: Any, hall: Any) -> None:
    """The same bytes again, and again: one row, one thing in the tray."""
    sent = wire.sealed(1, visit=hall.visit().visit.id)
    for _ in range(3):
        store_fact(sent)
    assert store.rows(ROWS) == [(1, FACT_1, "applied", None)]
    assert store.rows(TRAY) == [(1,)]


def test_a_repeat_of_a_quarantined_fact_adds_nothing(
    store: Any, wire: Any, store_fact: Any
) -> None:
    """Garbage that is sent again is not collected twice."""
    for _ in range(2):
        store_fact(wire.fact(1, data={}))
    assert store.rows(ROWS) == [(1, FACT_1, "quarantined", "bad_data")]


def test_a_fact_that_belongs_nowhere_is_set_aside(store: Any, wire: Any, store_fact: Any) -> None:
    """An unknown visit: kept with the reason, and nothing of it is carried out."""
    store_fact(wire.sealed(1, visit="nobody's"))
    assert store.rows(ROWS) == [(1, FACT_1, "quarantined", "unknown_visit")]
    assert store.rows(TRAY) == [(0,)]


def test_what_a_rule_forbids_is_set_aside_under_its_code(
    store: Any, wire: Any, store_fact: Any, hall: Any
) -> None:
    """A second rating that replaces nothing: the first stands, the reason is the rule's."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    for sequence, level in ((1, 5), (2, 1)):
        data = {"request": request, "level": level}
        store_fact(wire.fact(sequence, "rating.given", data, visit))
    assert store.rows(ROWS) == [
        (1, FACT_1, "applied", None),
        (2, FACT_2, "quarantined", "rating_given_twice"),
    ]
    assert store.rows("SELECT level FROM rating") == [(5,)]


def test_other_bytes_at_a_taken_place_are_a_conflict(
    store: Any, wire: Any, store_fact: Any
) -> None:
    """Two facts with one sequence: the first stays, the other is kept beside the line, once."""
    store_fact(wire.fact(1))
    for _ in range(2):
        store_fact(wire.fact(1, id="FACT-OTHER"))
    assert store.rows(ROWS) == [
        (1, FACT_1, "applied", None),
        (None, None, "quarantined", "conflict"),
    ]


def test_a_taken_id_at_another_place_is_a_conflict(store: Any, wire: Any, store_fact: Any) -> None:
    """Two facts with one id: the other takes its place in the line, so that nothing is missing."""
    store_fact(wire.fact(1))
    for _ in range(2):
        store_fact(wire.fact(2, id=FACT_1))
    assert store.rows(ROWS) == [
        (1, FACT_1, "applied", None),
        (2, None, "quarantined", "conflict"),
    ]


def test_the_same_place_of_another_terminal_is_no_conflict(
    store: Any, wire: Any, store_fact: Any
) -> None:
    """Each terminal and each epoch counts for itself."""
    store_fact(wire.fact(1))
    store_fact(wire.fact(1, id=FACT_2, epoch="E2"))
    other = wire.fact(1, id="FACT3", source="/hall/1/pzh01/pzh01-w02/card")
    store_fact(replace(other, topic=other.topic.replace("w01", "w02")))
    assert {row[2:] for row in store.rows(ROWS)} == {("applied", None)}
    assert len(store.rows(ROWS)) == 3


def test_garbage_is_kept_whole(store: Any, wire: Any, store_fact: Any) -> None:
    """Bytes that are no fact are stored as they came, with the reason."""
    body = b'\xff\x00 "epoch":"E1","sequence":"7"'
    store_fact(replace(wire.fact(), body=body))
    store_fact(replace(wire.fact(), body=b"no place at all"))
    rows = store.rows("SELECT sequence, reason, envelope FROM fact ORDER BY cursor")
    assert rows == [(7, "bad_envelope", body), (None, "bad_envelope", b"no place at all")]


def test_a_fact_set_aside_is_not_carried_out(store: Any, wire: Any, arrive: Any, hall: Any) -> None:
    """Its reason is the one given, its effect none, and a second time adds nothing."""
    sent = wire.sealed(1, visit=hall.visit().visit.id)
    for _ in range(2):
        store.do(lambda link: keep_aside(link, arrive(sent), "fault"))
    assert store.rows(ROWS) == [(1, FACT_1, "quarantined", "fault")]
    assert store.rows(TRAY) == [(0,)]
