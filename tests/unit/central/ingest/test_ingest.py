"""From the network thread to the receipt, with the real writer and a real file."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from central.ingest.ingest import Ingest
from central.ingest.terminal_logs import TerminalLogs
from hal.events.orders import Receipt
from hal.events.topics import Branch

DEADLINE_S = 20
W01 = Branch("pzh01", "pzh01-w01")
STATES = "SELECT sequence, state, reason FROM fact ORDER BY cursor"


class Centre:
    """The ingest, and what it has given."""

    def __init__(self, store: Any, keys: Any, sites: Any, clock: Any, catalogue: Any) -> None:
        self._store = store
        self.given: SimpleQueue[tuple[Receipt, int]] = SimpleQueue()
        self.ingest = Ingest(
            store.writer, keys, sites, catalogue, TerminalLogs(), clock.now, self._give
        )

    def _give(self, branch: Branch, receipt: Receipt) -> None:
        assert branch == W01
        ((stored,),) = self._store.rows("SELECT count(*) FROM fact WHERE stored_at IS NOT NULL")
        self.given.put((receipt, stored))

    def send(self, *sent: Any) -> None:
        for each in sent:
            self.ingest.receive(each.topic, each.body)

    def receipted(self, committed: int) -> Receipt:
        """The first receipt that speaks of `committed`."""
        while True:
            receipt, _ = self.given.get(timeout=DEADLINE_S)
            if receipt.committed >= committed:
                return receipt


@pytest.fixture
def start(store: Any, keys: Any, sites: Any, clock: Any, catalogue: Any) -> Iterator[Any]:
    """Start a centre; each is stopped at the end of the test."""
    started: list[Centre] = []

    def begin() -> Centre:
        started.append(Centre(store, keys, sites, clock, catalogue))
        started[-1].ingest.start()
        return started[-1]

    yield begin
    for centre in started:
        centre.ingest.stop()


@pytest.fixture
def centre(start: Any) -> Centre:
    begun: Centre = start()
    return begun


def rename(store: Any, old: str, new: str) -> None:
    """From outside, as a restore in the wrong moment would."""
    with sqlite3.connect(store.path) as database:
        database.execute(f"ALTER TABLE {old} RENAME TO {new}")
    database.close()


def test_a_receipt_comes_only_after_the_commit(centre: Centre, wire: Any) -> None:
    """When it is given, another connection finds every fact of which it speaks."""
    centre.send(*(wire.fact(n) for n in range(1, 301)))
    seen = 0
    while seen < 300:
        receipt, stored = centre.given.get(timeout=DEADLINE_S)
        assert stored >= receipt.committed > seen
        seen = receipt.committed


def test_duplicates_have_no_second_effect(centre: Centre, wire: Any, store: Any, hall: Any) -> None:
    """The whole line again, in another order: the rows and the tray are as before."""
    visit = hall.visit().visit.id
    sent = [wire.sealed(n, visit=visit) for n in (1, 2, 3)]
    centre.send(*sent)
    centre.receipted(3)
    centre.send(*reversed(sent), *sent)
    centre.ingest.stop()
    store.do(lambda _link: None)
    assert store.rows(STATES) == [(n, "applied", None) for n in (1, 2, 3)]
    assert store.rows("SELECT count(*) FROM tray") == [(3,)]


def test_garbage_is_kept_and_receipted(centre: Centre, wire: Any, store: Any) -> None:
    """Between two good facts: nothing blocks the line and nothing is thrown away."""
    garbage = replace(wire.fact(), body=b'{"epoch":"E1","sequence":"2"')
    centre.send(wire.fact(1), garbage, wire.fact(3))
    assert centre.receipted(3) == Receipt(epoch="E1", committed=3, missing=[])
    assert store.rows(STATES) == [
        (1, "applied", None),
        (2, "quarantined", "bad_envelope"),
        (3, "applied", None),
    ]


def test_what_is_not_committed_gets_no_receipt(
    start: Any, wire: Any, store: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The database fails: no receipt, no trace; sent again later the facts are kept."""
    rename(store, "fact", "away")
    failing = start()
    failing.send(wire.fact(1), wire.fact(2))
    failing.ingest.stop()
    with pytest.raises(OperationalError):
        store.do(lambda _link: None)
    assert failing.given.empty()
    assert "they will be sent again" in caplog.text
    rename(store, "away", "fact")
    mended = start()
    mended.send(wire.fact(1), wire.fact(2))
    assert mended.receipted(2).missing == []


def test_one_fact_that_makes_us_stumble_takes_no_other_with_it(
    centre: Centre, wire: Any, store: Any, hall: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It is quarantined as `fault` and receipted; its neighbours are carried out."""
    called = hall.visit()
    store.do(
        lambda link: link.exec_driver_sql(
            "CREATE TRIGGER stumble BEFORE UPDATE ON ticket BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    )
    scan = {"kind": "ticket", "text": called.ticket.barcode}
    visit = called.visit.id
    centre.send(
        wire.sealed(1, visit=visit),
        wire.sealed(2, "code.scanned", scan, visit),
        wire.sealed(3, visit=visit),
    )
    assert centre.receipted(3).missing == []
    assert sorted(store.rows(STATES)) == [
        (1, "applied", None),
        (2, "quarantined", "fault"),
        (3, "applied", None),
    ]
    assert called.ticket.barcode not in caplog.text


def test_strangers_and_other_topics_are_ignored(
    centre: Centre, wire: Any, store: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Their notices change nothing, and a flood of them is one line in the log."""
    state = b'{"state":"ready","epoch":"E1","boot":"B1","since":"2026-11-23T08:00:00+08:00"}'
    for _ in range(50):
        centre.ingest.receive("hall/1/pzh01/pzh01-w99/state", state)
        centre.ingest.receive("hall/1/pzh02/pzh01-w01/state", state)
        centre.ingest.receive("weather/1/sun", b"{}")
    centre.send(wire.fact(1))
    centre.receipted(1)
    assert store.rows("SELECT * FROM terminal") == []
    assert len(caplog.records) == 3


def test_a_registered_terminals_state_is_kept(centre: Centre, wire: Any, store: Any) -> None:
    """Notices travel in the same batches; an emptied retained message says nothing."""
    state = b'{"state":"ready","epoch":"E1","boot":"B1","since":"2026-11-23T08:00:00+08:00"}'
    centre.ingest.receive("hall/1/pzh01/pzh01-w01/state", state)
    centre.ingest.receive("hall/1/pzh01/pzh01-w01/state", b"")
    centre.send(wire.fact(1))
    centre.receipted(1)
    assert store.rows("SELECT terminal, state FROM terminal") == [("pzh01-w01", "ready")]


def test_stopping_hands_over_what_was_received(centre: Centre, wire: Any, store: Any) -> None:
    """What the broker was told to be ours is stored; what comes after the end is not taken."""
    centre.send(*(wire.fact(n) for n in range(1, 600)))
    centre.ingest.stop()
    centre.send(wire.fact(600))
    store.do(lambda _link: None)
    assert store.rows("SELECT max(sequence), count(*) FROM fact") == [(599, 599)]
