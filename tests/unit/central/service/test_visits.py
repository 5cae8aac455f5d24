import json
from typing import Any

import pytest

from central.domain.errors import Refused
from central.service import terminals
from hal.events.facts import OrderDone, OrderRefused, RatingExpired, RatingGiven
from hal.events.status import About, DeviceAbout

VERBS = "SELECT device, verb FROM order_outbox ORDER BY rowid"
RATING = "SELECT state, level, first_level FROM rating"


def test_closing_ends_the_visit_and_the_ticket(hall: Any, store: Any) -> None:
    """The window is told to close, and may call the next one at once."""
    visit = hall.visit().visit.id
    hall.close(visit)
    assert store.rows("SELECT state, closed_at IS NOT NULL FROM visit") == [("CLOSED", 1)]
    assert store.rows("SELECT state FROM ticket") == [("DONE",)]
    assert store.rows(VERBS) == [("visit", "open"), ("visit", "close")]
    assert hall.visit().ticket.number == "A002"
    with pytest.raises(Refused) as refusal:
        hall.close(visit)
    assert refusal.value.code == "visit_closed"


def test_the_pad_is_asked_with_a_nonce(hall: Any, store: Any) -> None:
    """The order carries the request's nonce and lives for sixty seconds."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    ((body, expires),) = store.rows(
        "SELECT body, expires_at FROM order_outbox WHERE verb = 'request'"
    )
    assert json.loads(body)["data"] == {"request": request, "timeout_s": 30.0}
    assert expires == "2026-11-23T09:01:00.000000+08:00"
    assert store.rows("SELECT request, state FROM rating") == [(request, "OFFERED")]


def test_the_pad_is_called_as_the_terminal_calls_it(hall: Any, store: Any, clock: Any) -> None:
    """The device of role rating in the terminal's `about` is the one that gets the order."""
    pad = DeviceAbout(device="pad", role="rating", driver="rating_gpio", essential=False)
    about = About(version="1", devices=[pad], facts=[], orders=[], hash="")
    store.do(lambda link: terminals.note_about(link, "pzh01-w01", "pzh01", about, clock.now()))
    hall.ask(hall.visit().visit.id)
    assert store.rows(VERBS)[-1] == ("pad", "request")


def test_a_visit_is_rated_once(hall: Any) -> None:
    """A second request in the same visit is refused, answered or not."""
    visit = hall.visit().visit.id
    hall.ask(visit)
    with pytest.raises(Refused) as refusal:
        hall.ask(visit)
    assert refusal.value.code == "rating_asked"


def test_a_visit_does_not_close_while_the_pad_asks(hall: Any, store: Any, clock: Any) -> None:
    """The citizen has sixty seconds; after them the visit closes and counts as not rated."""
    visit = hall.visit().visit.id
    hall.ask(visit)
    clock.advance(seconds=59)
    with pytest.raises(Refused) as refusal:
        hall.close(visit)
    assert refusal.value.code == "rating_pending"
    clock.advance(seconds=1)
    hall.close(visit)
    assert store.rows(RATING) == [("EXPIRED", None, None)]


def test_a_press_is_the_visits_rating(hall: Any, store: Any) -> None:
    """A press within the request counts, and the visit may close at once."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    hall.fact("rating.given", RatingGiven(request=request, level=4), visit)
    assert store.rows(RATING) == [("RATED", 4, 4)]
    # A teller who reads the trail does not learn what was pressed.
    assert store.rows("SELECT detail FROM audit WHERE what = 'rating.given'") == [("{}",)]
    hall.close(visit)


def test_a_second_press_replaces_the_first(hall: Any, store: Any) -> None:
    """The replacing level counts; the replaced one is remembered."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    hall.fact("rating.given", RatingGiven(request=request, level=1), visit)
    hall.fact("rating.given", RatingGiven(request=request, level=5, replaces=1), visit)
    assert store.rows(RATING) == [("RATED", 5, 1)]


def test_a_rating_that_arrives_after_the_close_still_counts(
    hall: Any, store: Any, clock: Any
) -> None:
    """The terminal kept it while the line was down: nothing a citizen said is thrown away."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    clock.advance(minutes=2)
    hall.close(visit)
    hall.fact("rating.given", RatingGiven(request=request, level=2), visit)
    assert store.rows(RATING) == [("RATED", 2, 2)]


def test_silence_lets_the_visit_close(hall: Any, store: Any) -> None:
    """The pad's word that nobody pressed ends the waiting."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    hall.fact("rating.expired", RatingExpired(request=request), visit)
    assert store.rows(RATING) == [("EXPIRED", None, None)]
    hall.close(visit)


def test_a_pad_that_cannot_ask_lets_the_visit_close(hall: Any, store: Any) -> None:
    """A refused request counts as not rated (未评价); the window does not hang on a broken pad."""
    visit = hall.visit().visit.id
    hall.ask(visit)
    ((order,),) = store.rows("SELECT id FROM order_outbox WHERE verb = 'request'")
    hall.fact("order.refused", OrderRefused(order=order, reason="unavailable"), visit)
    assert store.rows(RATING) == [("EXPIRED", None, None)]
    assert store.rows("SELECT state, answer FROM order_outbox WHERE verb = 'request'") == [
        ("refused", "unavailable")
    ]
    hall.close(visit)


def test_an_answered_order_is_done(hall: Any, store: Any) -> None:
    """The terminal's answer settles the order, even one that had expired; the first one counts."""
    visit = hall.visit().visit.id
    ((order,),) = store.rows("SELECT id FROM order_outbox")
    store.do(lambda link: link.exec_driver_sql("UPDATE order_outbox SET state = 'expired'"))
    hall.fact("order.done", OrderDone(order=order), visit)
    hall.fact("order.refused", OrderRefused(order=order, reason="expired"), visit)
    assert store.rows("SELECT state, answer FROM order_outbox") == [("done", "done")]
