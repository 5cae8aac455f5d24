"""What a window is given to work alone, and when."""

import json
from typing import Any

import pytest

from central.service import reserves, terminals
from central.service.context import Actor, Context
from hal.events.facts import OrderDone, OrderRefused
from hal.events.status import About

W01 = "pzh01-w01"
BLOCKS = "SELECT epoch, day, lane, first, last, used FROM reserve ORDER BY terminal, day, first"
TODAY, TOMORROW = "2026-11-23", "2026-11-24"


def orders(store: Any, verb: str = "reserve") -> list[dict[str, Any]]:
    query = "SELECT body FROM order_outbox WHERE verb = ? ORDER BY created_at, id"
    return [json.loads(body)["data"] for (body,) in store.rows(query, verb)]


@pytest.fixture
def able(hall: Any) -> Any:
    """Tell that a terminal understands such orders."""

    def tell(*verbs: str, terminal: str = W01) -> None:
        about = About(version="1", devices=[], facts=[], orders=list(verbs), hash="")
        hall.store.do(
            lambda link: terminals.note_about(link, terminal, "pzh01", about, hall.clock.now())
        )

    return tell


@pytest.fixture
def look(hall: Any) -> Any:
    """Look at what a terminal lacks, as after each of its notices."""

    def looked(terminal: str = W01) -> None:
        place = hall.sites.find(terminal)

        def work(link: Any) -> None:
            context = Context(link, hall.clock.now(), Actor("centre", "centre"))
            reserves.look(context, place, hall.catalogue)

        hall.store.do(work)

    return looked


def test_two_days_are_provided_for_once(able: Any, look: Any, store: Any) -> None:
    """A block of 50 numbers for today and one for tomorrow, however often it is looked at."""
    able("terminal/reserve")
    for _ in range(3):
        look()
    assert store.rows(BLOCKS) == [
        ("E1", TODAY, "L", 1, 50, 0),
        ("E1", TOMORROW, "L", 1, 50, 0),
    ]
    assert sorted(orders(store), key=lambda block: str(block["day"])) == [
        {"lane": "L", "day": TODAY, "first": 1, "last": 50},
        {"lane": "L", "day": TOMORROW, "first": 1, "last": 50},
    ]
    ((expires, visit),) = store.rows("SELECT DISTINCT expires_at, visit FROM order_outbox")
    assert (expires, visit) == ("2026-11-24T09:00:00.000000+08:00", None)


def test_no_two_terminals_have_a_number_in_common(hall: Any, able: Any, look: Any) -> None:
    """Blocks and the kiosk's numbers of a lane come from one counter."""
    able("terminal/reserve")
    able("terminal/reserve", terminal="pzh01-w02")
    look()
    assert hall.take("L").number == "L051"
    look("pzh01-w02")
    firsts = hall.store.rows("SELECT first FROM reserve WHERE day = ? ORDER BY first", TODAY)
    assert firsts == [(1,), (52,)]


@pytest.mark.parametrize("state", ["starting", "stopping", "lost"])
def test_only_a_terminal_that_listens_is_told(
    hall: Any, able: Any, look: Any, store: Any, state: str
) -> None:
    """Nothing is written for one that is away, starting, or does not know such orders."""
    look()
    able("terminal/reserve", "terminal/configure")
    hall.state(state)
    look()
    assert store.rows(BLOCKS) == []
    assert store.rows("SELECT * FROM order_outbox") == []


def test_a_further_block_comes_when_less_than_half_is_left(
    hall: Any, able: Any, look: Any, store: Any
) -> None:
    """With 25 left nothing happens, with 24 the next block is on its way, once."""
    able("terminal/reserve")
    look()
    store.do(lambda link: link.exec_driver_sql("UPDATE reserve SET used = 25"))
    look()
    assert len(store.rows(BLOCKS)) == 2
    store.do(lambda link: link.exec_driver_sql(f"UPDATE reserve SET used = 26 WHERE day='{TODAY}'"))
    look()
    look()
    assert store.rows(BLOCKS) == [
        ("E1", TODAY, "L", 1, 50, 26),
        ("E1", TODAY, "L", 51, 100, 0),
        ("E1", TOMORROW, "L", 1, 50, 25),
    ]


def test_the_next_day_has_its_own_tomorrow(hall: Any, able: Any, look: Any, store: Any) -> None:
    """After midnight only the day that is new is provided for."""
    able("terminal/reserve")
    look()
    hall.clock.advance(hours=15)
    look()
    assert [row[1] for row in store.rows(BLOCKS)] == [TODAY, TOMORROW, "2026-11-25"]


def test_a_new_outbox_has_nothing_yet(hall: Any, able: Any, look: Any, store: Any) -> None:
    """A terminal that was set up anew knows nothing of the blocks it had before."""
    able("terminal/reserve")
    look()
    store.do(lambda link: link.exec_driver_sql("UPDATE terminal_status SET epoch = 'E2'"))
    look()
    blocks = [(row[0], row[3]) for row in store.rows(BLOCKS) if row[1] == TODAY]
    assert blocks == [("E1", 1), ("E2", 51)]


def test_a_block_that_was_not_taken_is_offered_again(
    hall: Any, able: Any, look: Any, store: Any
) -> None:
    """The same numbers, an hour after they were refused; what was taken is left alone."""
    able("terminal/reserve")
    look()
    first, second = [id for (id,) in store.rows("SELECT id FROM order_outbox ORDER BY id")]
    bodies = dict(store.rows("SELECT id, body FROM order_outbox"))
    hall.fact("order.refused", OrderRefused(order=first, reason="unavailable"), None)
    hall.fact("order.done", OrderDone(order=second), None)
    look()
    assert len(orders(store)) == 2
    hall.clock.advance(hours=1)
    look()
    look()
    assert len(orders(store)) == 3
    assert orders(store)[-1] == json.loads(bodies[first])["data"]
    assert len(store.rows(BLOCKS)) == 2


def test_a_terminal_is_configured_once(able: Any, look: Any, store: Any) -> None:
    """It gets the items a person may be served with offline, their devices, and its window."""
    able("terminal/configure")
    look()
    look()
    (told,) = orders(store, "configure")
    version = told.pop("catalogue_version")
    assert told == {
        "items": [{"code": "SB-L1", "name": "个人查询", "devices": ["identity"]}],
        "window": 1,
    }
    assert store.rows("SELECT terminal, epoch, catalogue_version FROM configured") == [
        (W01, "E1", version)
    ]


def test_a_new_configuration_takes_the_place_of_one_on_its_way(
    able: Any, look: Any, store: Any
) -> None:
    """A terminal never learns of the older one after the newer."""
    able("terminal/configure")
    look()
    store.do(lambda link: link.exec_driver_sql("UPDATE terminal_status SET epoch = 'E2'"))
    look()
    states = store.rows("SELECT state FROM order_outbox ORDER BY id")
    assert sorted(states) == [("pending",), ("superseded",)]
