"""暂停服务, calls that cannot be served, and the roles of people whose documents differ."""

import json
from typing import Any

import pytest

from central.domain.errors import Refused, Unknown
from central.service import windows
from hal.events.facts import CardLeft, CardRead, IdentityRead, OrderDone, OrderRefused

W01 = "pzh01-w01"
OTHER = ("李四", "110101190001010038")


def refused(work: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises((Refused, Unknown)) as refusal:
        work(*arguments, **more)
    return refusal.value.code


def pause(hall: Any, who: str = "teller") -> Any:
    place = hall.sites.find(W01)
    return hall.act(lambda context: windows.pause(context, place), who)


def choose(hall: Any, visit: str, fact: str, party: Any) -> Any:
    return hall.act(lambda context: windows.choose_party(context, visit, fact, party))


def orders(store: Any, verb: str) -> list[dict[str, Any]]:
    rows = store.rows("SELECT body FROM order_outbox WHERE verb = ?", verb)
    return [json.loads(body) for (body,) in rows]


def test_a_teller_pauses_and_resumes(hall: Any, store: Any) -> None:
    """Who is signed in orders it, for a minute; who is not, does not."""
    assert refused(pause, hall) == "not_signed_in"
    hall.sign_in()
    assert refused(pause, hall, "colleague") == "not_signed_in"
    told = pause(hall)
    (order,) = orders(store, "pause")
    assert (order["id"], order["by"], order["data"]) == (told.order, "teller", {})
    assert order["expires_at"] == "2026-11-23T09:01:00.000000+08:00"
    hall.state("paused", why="teller")
    place = hall.sites.find(W01)
    hall.act(lambda context: windows.resume(context, place))
    assert len(orders(store, "resume")) == 1


def test_nobody_pauses_while_somebody_stands_there(hall: Any) -> None:
    """Refused while serving, while a card lies inside, and where nobody hears it."""
    visit = hall.visit().visit.id
    assert refused(pause, hall) == "window_busy"
    hall.close(visit)
    hall.fact("card.left", CardLeft(slot="contact"), visit)
    assert refused(pause, hall) == "card_left"
    hall.state("lost")
    assert refused(pause, hall) == "window_offline"


@pytest.mark.parametrize(
    ("state", "code"),
    [("lost", "window_offline"), ("stopping", "window_offline"), ("paused", "window_paused")],
)
def test_nobody_is_called_where_nobody_is_served(
    hall: Any, store: Any, state: str, code: str
) -> None:
    """The number waits on; once the window is back it is called."""
    hall.take()
    hall.state(state)
    assert refused(hall.call) == code
    assert store.rows("SELECT state FROM ticket") == [("WAITING",)]
    hall.state("starting")
    assert hall.call().ticket.state == "CALLED"


@pytest.mark.parametrize("reason", ["busy", "wrong_visit", "expired", "unavailable"])
def test_a_call_that_the_window_refuses_is_taken_back(hall: Any, store: Any, reason: Any) -> None:
    """The number is the next again, before those that came later; the visit says why."""
    hall.take()
    hall.clock.advance(seconds=1)
    hall.take()
    called = hall.call()
    (order,) = orders(store, "open")
    hall.fact("order.refused", OrderRefused(order=order["id"], reason=reason), None)
    ((state, notes),) = store.rows("SELECT state, notes FROM visit")
    (note,) = json.loads(notes)
    assert (state, note["what"], note["reason"]) == ("CLOSED", "not_opened", reason)
    again = hall.call()
    assert again.ticket.number == called.ticket.number == "A001"
    assert again.visit.id != called.visit.id


def test_a_refusal_that_comes_too_late_changes_nothing(hall: Any, store: Any) -> None:
    """The order was answered before, or the teller has closed the visit already."""
    visit = hall.visit().visit.id
    (order,) = orders(store, "open")
    hall.fact("order.done", OrderDone(order=order["id"]), visit)
    hall.fact("order.refused", OrderRefused(order=order["id"], reason="busy"), None)
    assert store.rows("SELECT state FROM visit") == [("OPEN",)]
    hall.close(visit)
    other = hall.visit("pzh01-w02").visit.id
    hall.close(other)
    late = next(each["id"] for each in orders(store, "open") if each["visit"] == other)
    refusal = OrderRefused(order=late, reason="busy")
    hall.fact("order.refused", refusal, None, "pzh01-w02")
    assert store.rows("SELECT state FROM ticket") == [("DONE",), ("DONE",)]


def test_the_ticket_of_a_call_that_was_taken_back_may_still_be_scanned(
    hall: Any, store: Any
) -> None:
    """A late scan in the visit that came to nothing serves nobody and disturbs nobody."""
    called = hall.visit()
    (order,) = orders(store, "open")
    hall.fact("order.refused", OrderRefused(order=order["id"], reason="busy"), None)
    hall.scan(called.visit.id, called.ticket.barcode)
    assert store.rows("SELECT state FROM ticket") == [("WAITING",)]


def test_the_teller_says_who_the_other_person_is(hall: Any, store: Any) -> None:
    """The tray has the role, the window is told, the note is settled, the trail knows."""
    visit = hall.visit().visit.id
    first = hall.identity(visit)
    other = hall.identity(visit, *OTHER)
    view = choose(hall, visit, other, "agent")
    assert {item.fact: item.party for item in view.tray} == {first: None, other: "agent"}
    assert [note["resolved"] for note in view.notes] == ["agent"]
    (order,) = orders(store, "party")
    assert (order["visit"], order["data"]) == (visit, {"party": "agent"})
    assert store.rows("SELECT who, subject FROM audit WHERE what = 'party.chosen'") == [
        ("teller", visit)
    ]
    assert hall.open_case(visit).applicant.fact == first


def test_an_unlike_person_is_nobody_until_chosen(hall: Any) -> None:
    """Someone else's identity after a card opens no case by itself, but by the teller's word."""
    visit = hall.visit().visit.id
    card = CardRead(name="张三", social_security_number="11010119000101002X")
    hall.fact("card.read", card, visit)
    other = hall.identity(visit, *OTHER)
    assert refused(hall.open_case, visit) == "party_not_chosen"
    choose(hall, visit, other, "bystander")
    assert refused(hall.open_case, visit) == "identity_missing"
    choose(hall, visit, other, "applicant")
    assert hall.open_case(visit).applicant.fact == other


def test_all_documents_of_the_person_get_the_role(hall: Any, store: Any) -> None:
    """Their card and their identity are one person's; a third person still waits."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    other = hall.identity(visit, *OTHER)
    card = CardRead(name=OTHER[0], social_security_number=OTHER[1])
    also = hall.fact("card.read", card, visit)
    third = hall.identity(visit, "王五", "110101190001010046")
    choose(hall, visit, other, "agent")
    parties = dict(store.rows("SELECT fact_id, party FROM tray"))
    assert (parties[other], parties[also], parties[third]) == ("agent", "agent", None)
    ((notes,),) = store.rows("SELECT notes FROM visit")
    assert [note["fact"] for note in json.loads(notes) if "resolved" not in note] == [third]


def test_two_applicants_still_ask_for_a_choice(hall: Any) -> None:
    """A case has one applicant: which of the two is said when it is opened."""
    visit = hall.visit().visit.id
    first, other = hall.identity(visit), hall.identity(visit, *OTHER)
    for fact in (first, other):
        choose(hall, visit, fact, "applicant")
    assert refused(hall.open_case, visit) == "applicant_not_chosen"
    assert hall.open_case(visit, applicant=other).applicant.fact == other


def test_a_role_is_for_a_document_of_the_open_visit(hall: Any) -> None:
    """Not for a code, another visit's document, or after the close."""
    visit = hall.visit().visit.id
    elsewhere = hall.visit("pzh01-w02").visit.id
    read = IdentityRead(document="resident", name=OTHER[0], number=OTHER[1])
    foreign = hall.fact("identity.read", read, elsewhere, "pzh01-w02")
    scan = hall.scan(visit, "6901234567892")
    for fact in (foreign, scan, "01NOWHERE"):
        assert refused(choose, hall, visit, fact, "agent") == "unknown_document"
    mine = hall.identity(visit)
    hall.close(visit)
    assert refused(choose, hall, visit, mine, "agent") == "visit_closed"
