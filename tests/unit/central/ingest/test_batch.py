"""One work of the writer: a batch is kept, then its receipts may be given."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from central.ingest.batch import Batches, Notice
from central.service.places import Place
from hal.events.orders import Receipt, encode
from hal.events.status import About
from hal.events.topics import Branch, parse_topic

W01, W02 = Branch("pzh01", "pzh01-w01"), Branch("pzh01", "pzh01-w02")
STATES = "SELECT sequence, state, reason FROM fact ORDER BY cursor"


@pytest.fixture
def batches(clock: Any, means: Any) -> Batches:
    return Batches(clock.now, means)


@pytest.fixture
def give(store: Any, batches: Batches, arrive: Any) -> Any:
    """Have messages stored together; what may be receipted then."""

    def given(*sent: Any) -> dict[tuple[Branch, str], Receipt]:
        items = [arrive(each) for each in sent]
        found = store.do(lambda link: batches.store(link, items))
        assert len({(branch, receipt.epoch) for branch, receipt in found}) == len(found)
        return {(branch, receipt.epoch): receipt for branch, receipt in found}

    return given


def receipt(committed: int, *missing: tuple[int, int], epoch: str = "E1") -> Receipt:
    return Receipt(epoch=epoch, committed=committed, missing=list(missing))


def test_a_batch_is_receipted_once(give: Any, wire: Any) -> None:
    """One receipt for all facts of an outbox, with the highest contiguous sequence."""
    assert give(*(wire.fact(n) for n in range(1, 6))) == {(W01, "E1"): receipt(5)}


def test_a_gap_is_receipted_as_missing(give: Any, wire: Any) -> None:
    """What lies beyond the gap is kept; what is in it is asked for, until it comes."""
    assert give(wire.fact(1), wire.fact(4), wire.fact(6)) == {
        (W01, "E1"): receipt(1, (2, 3), (5, 5))
    }
    assert give(wire.fact(2), wire.fact(3)) == {(W01, "E1"): receipt(4, (5, 5))}
    assert give(wire.fact(5)) == {(W01, "E1"): receipt(6)}


def test_a_repeat_is_receipted_again(give: Any, wire: Any, store: Any) -> None:
    """Its terminal has not heard the first receipt; nothing else happens."""
    give(wire.fact(1), wire.fact(2))
    assert give(wire.fact(1)) == {(W01, "E1"): receipt(2)}
    assert store.rows(STATES) == [(1, "applied", None), (2, "applied", None)]


def test_what_is_set_aside_blocks_nothing(give: Any, wire: Any, store: Any) -> None:
    """Garbage, a foreign type and bad data are kept with their reasons and receipted in line."""
    garbage = replace(wire.fact(), body=b'{"epoch":"E1","sequence":"2"}')
    wrong = wire.fact(3, "card.eaten")
    assert give(wire.fact(1), garbage, wrong, wire.fact(4, data={}), wire.fact(5)) == {
        (W01, "E1"): receipt(5)
    }
    assert store.rows(STATES) == [
        (1, "applied", None),
        (2, "quarantined", "bad_envelope"),
        (3, "quarantined", "unknown_type"),
        (4, "quarantined", "bad_data"),
        (5, "applied", None),
    ]


def test_garbage_without_a_place_is_kept_without_a_receipt(
    give: Any, wire: Any, store: Any
) -> None:
    """There is nothing to receipt; the bytes are kept all the same."""
    assert give(replace(wire.fact(), body=b"noise")) == {}
    assert store.rows(STATES) == [(None, "quarantined", "bad_envelope")]


def test_the_wrong_hall_and_a_stranger_are_receipted_where_they_write(
    give: Any, wire: Any, store: Any
) -> None:
    """They are quarantined, and their own branch hears that nothing need be sent again."""
    strange = wire.fact(1).topic.replace("w01", "w99")
    elsewhere = wire.fact(1).topic.replace("pzh01/", "pzh02/")
    given = give(
        replace(wire.fact(1), topic=strange), replace(wire.fact(1, id="F2"), topic=elsewhere)
    )
    assert given == {
        (Branch("pzh01", "pzh01-w99"), "E1"): receipt(1),
        (Branch("pzh02", "pzh01-w01"), "E1"): receipt(1),
    }
    assert [row[1:] for row in store.rows(STATES)] == [
        ("quarantined", "unregistered_terminal"),
        ("quarantined", "foreign_site"),
    ]


def test_outboxes_are_receipted_each_for_itself(give: Any, wire: Any) -> None:
    """Two terminals and a new card: three lines."""
    other = wire.fact(2, id="F3", source="/hall/1/pzh01/pzh01-w02/card")
    other = replace(other, topic=other.topic.replace("w01", "w02"))
    assert give(wire.fact(1), wire.fact(1, id="F2", epoch="E2"), other) == {
        (W01, "E1"): receipt(1),
        (W01, "E2"): receipt(1, epoch="E2"),
        (W02, "E1"): receipt(0, (1, 1)),
    }


def test_a_restarted_centre_goes_on(
    give: Any, wire: Any, store: Any, clock: Any, means: Any, arrive: Any
) -> None:
    """Another process reads the line from the database and asks for the same gap."""
    give(wire.fact(1), wire.fact(3))
    item = arrive(wire.fact(4))
    found = store.do(lambda link: Batches(clock.now, means).store(link, [item]))
    assert found == [(W01, receipt(1, (2, 2)))]


def test_a_notice_that_is_not_understood_holds_up_no_fact(
    store: Any, batches: Batches, wire: Any, arrive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged without its body; the facts beside it are kept and receipted."""
    topic = parse_topic("hall/1/pzh01/pzh01-w01/state")
    notice = Notice(Place("pzh01-w01", "pzh01", 1), topic, b"secret garbage")
    items = [notice, arrive(wire.fact(1))]
    assert store.do(lambda link: batches.store(link, items)) == [(W01, receipt(1))]
    assert "hall/1/pzh01/pzh01-w01: state has a body of another form" in caplog.text
    assert "secret" not in caplog.text


def test_what_was_undone_is_not_receipted_later(
    store: Any, batches: Batches, give: Any, wire: Any, arrive: Any
) -> None:
    """A batch fails when its first line is written already: the next receipt knows it is not."""
    store.do(
        lambda link: link.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON line WHEN NEW.epoch = 'E2'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    )
    items = [arrive(wire.fact(1)), arrive(wire.fact(1, id="F2", epoch="E2"))]
    with pytest.raises(IntegrityError):
        store.do(lambda link: batches.store(link, items))
    assert give(wire.fact(3)) == {(W01, "E1"): receipt(0, (1, 2))}


def test_a_fact_put_aside_keeps_its_place(
    store: Any, batches: Batches, wire: Any, arrive: Any
) -> None:
    """One over which our own program stumbled is quarantined as `fault`, and receipted."""
    item = arrive(wire.fact(1))
    assert store.do(lambda link: batches.store_aside(link, item)) == [(W01, receipt(1))]
    assert store.rows(STATES) == [(1, "quarantined", "fault")]


def test_a_screen_that_is_there_is_told_who_serves(batches: Batches, hall: Any, store: Any) -> None:
    """三亮明: what a terminal says about itself is followed by what its screen lacks."""
    hall.sign_in()
    about = About(version="1", devices=[], facts=[], orders=["screen/show"], hash="")
    topic = parse_topic("hall/1/pzh01/pzh01-w01/about")
    notice = Notice(Place("pzh01-w01", "pzh01", 1), topic, encode(about))
    store.do(lambda link: batches.store(link, [notice]))
    assert store.rows("SELECT device, verb, state FROM order_outbox") == [
        ("screen", "show", "pending")
    ]
