"""What a terminal did by itself comes home: each effect once, whatever way it comes."""

import json
from typing import Any

import pytest

from central.service import reserves, terminals
from central.service.context import Actor, Context
from central.service.received import Unplaceable
from hal.events.facts import (
    CardRead,
    IdentityRead,
    OrderDone,
    RatingExpired,
    RatingGiven,
    TicketIssued,
    VisitClosed,
    VisitOpened,
)
from hal.events.status import About

W01, W02 = "pzh01-w01", "pzh01-w02"
DAY = "2026-11-23"
TICKET, VISIT = "01LTICKET0000000000000000A", "01LVISIT00000000000000000A"
LI = IdentityRead(document="resident", name="李四", number="110101190001010038")


@pytest.fixture
def reserved(hall: Any) -> None:
    """W01 has the numbers L001 to L050 of today, given to its outbox E1."""
    about = About(version="1", devices=[], facts=[], orders=["terminal/reserve"], hash="")

    def work(link: Any) -> None:
        now = hall.clock.now()
        terminals.note_about(link, W01, "pzh01", about, now)
        context = Context(link, now, Actor("centre", "centre"))
        reserves.look(context, hall.sites.find(W01), hall.catalogue)

    hall.store.do(work)


def issue(
    hall: Any, number: str = "L001", id: str = TICKET, terminal: str = W01, **more: Any
) -> None:
    data = TicketIssued(ticket=id, number=number, lane="L", day=more.get("day", DAY))
    hall.fact("ticket.issued", data, more.get("visit"), terminal)


def begin(hall: Any, item: str | None = "SB-L1") -> None:
    """A number given out, and its visit opened."""
    issue(hall)
    hall.fact("visit.opened", VisitOpened(ticket=TICKET, item=item), VISIT)


def end(hall: Any, visit: str = VISIT, reason: Any = "finished") -> None:
    hall.fact("visit.closed", VisitClosed(reason=reason), visit)


def why(hall: Any, *fact: Any, **more: Any) -> str:
    with pytest.raises(Unplaceable) as caught:
        hall.fact(*fact, **more)
    return caught.value.reason


def notes(store: Any, visit: str = VISIT) -> list[dict[str, Any]]:
    ((text,),) = store.rows("SELECT notes FROM visit WHERE id = ?", visit)
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_a_day_alone_comes_home_whole(hall: Any, store: Any, reserved: None) -> None:
    """Ticket, visit, applicant, case, rating and close of a local visit, as if served by us."""
    begin(hall)
    hall.clock.advance(minutes=1)
    identity = hall.identity(VISIT)
    hall.fact("rating.given", RatingGiven(request=VISIT, level=5), VISIT)
    hall.clock.advance(minutes=1)
    end(hall)
    assert store.rows("SELECT id, number, state, terminal, day FROM ticket") == [
        (TICKET, "L001", "DONE", W01, DAY)
    ]
    assert store.rows("SELECT id, state, ticket_id, closed_at FROM visit") == [
        (VISIT, "CLOSED", TICKET, "2026-11-23T09:02:00.000000+08:00")
    ]
    ((item, state, applicant, started),) = store.rows(
        "SELECT item_code, state, applicant_fact, clock_started_at FROM case_file"
    )
    assert (item, state, applicant) == ("SB-L1", "OPENED", identity)
    assert started == "2026-11-23T09:01:00.000000+08:00"
    assert store.rows("SELECT by FROM case_event") == [(W01,)]
    assert store.rows("SELECT visit, request, state, level FROM rating") == [
        (VISIT, VISIT, "RATED", 5)
    ]
    assert [note["what"] for note in notes(store)] == ["closed_at_window"]
    assert store.rows("SELECT used FROM reserve WHERE day = ?", DAY) == [(1,)]
    assert store.rows("SELECT * FROM order_outbox WHERE verb IN ('open', 'close')") == []


@pytest.mark.parametrize(
    ("quality", "started"),
    [
        ("synced", "2026-11-23T08:00:00.000000+08:00"),
        ("holdover", "2026-11-23T08:00:00.000000+08:00"),
        ("unknown", "2026-11-23T20:00:00.000000+08:00"),
    ],
)
def test_the_clock_starts_when_the_citizen_was_there(
    hall: Any, store: Any, reserved: None, quality: Any, started: str
) -> None:
    """By the terminal's clock if it can be trusted, else when the fact was stored."""
    hall.clock_quality = quality
    hall.late_s = 12 * 3600
    hall.clock.advance(hours=11)
    begin(hall)
    hall.identity(VISIT)
    assert store.rows("SELECT clock_started_at FROM case_file") == [(started,)]
    assert store.rows("SELECT issued_at FROM ticket") == [(started,)]
    assert store.rows("SELECT opened_at FROM visit") == [(started,)]


@pytest.mark.parametrize(
    ("number", "more"),
    [
        ("L051", {}),
        ("L000", {}),
        ("A001", {}),
        ("L1", {}),
        ("L001", {"day": "2026-11-25"}),
        ("L001", {"terminal": W02}),
    ],
)
def test_a_number_that_was_not_reserved_is_set_aside(
    hall: Any, store: Any, reserved: None, number: str, more: dict[str, str]
) -> None:
    """Another number, day or terminal than the block's makes no ticket."""
    with pytest.raises(Unplaceable) as caught:
        issue(hall, number, **more)
    assert caught.value.reason == "number_not_reserved"
    assert store.rows("SELECT * FROM ticket") == []


def test_a_number_is_given_out_once(hall: Any, store: Any, reserved: None) -> None:
    """A second ticket of the number, or a second number of the ticket, is set aside."""
    issue(hall)
    for number, id in (("L001", "01OTHER"), ("L002", TICKET)):
        with pytest.raises(Unplaceable) as caught:
            issue(hall, number, id)
        assert caught.value.reason == "number_given_twice"
    assert store.rows("SELECT used FROM reserve WHERE day = ?", DAY) == [(1,)]


def test_a_visit_needs_a_ticket_of_its_own_terminal(hall: Any, reserved: None) -> None:
    """An unknown ticket, another terminal's, one that is served, or a known visit: set aside."""
    opened = VisitOpened(ticket=TICKET)
    assert why(hall, "visit.opened", opened, VISIT) == "unknown_ticket"
    issue(hall)
    assert why(hall, "visit.opened", opened, VISIT, W02) == "foreign_ticket"
    assert why(hall, "visit.opened", opened, None) == "unknown_visit"
    hall.fact("visit.opened", opened, VISIT)
    issue(hall, "L002", "01TWO")
    assert why(hall, "visit.opened", VisitOpened(ticket="01TWO"), VISIT) == "visit_known"


def test_without_an_applicant_there_is_no_case(hall: Any, store: Any, reserved: None) -> None:
    """The visit says what was wanted; nothing is opened for nobody."""
    begin(hall)
    end(hall, reason="left")
    assert store.rows("SELECT * FROM case_file") == []
    found = [(note["what"], note.get("item"), note.get("reason")) for note in notes(store)]
    assert found == [("closed_at_window", None, "left"), ("no_case", "SB-L1", None)]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("SB-X9", "unknown_item"),
        ("SB-M1", "route_not_available"),
        ("SB-L3", "item_not_offline"),
    ],
)
def test_an_item_that_cannot_be_opened_is_noted(
    hall: Any, store: Any, reserved: None, item: str, reason: str
) -> None:
    """The identity stays in the tray for a teller; the visit says why there is no case."""
    begin(hall, item)
    hall.identity(VISIT)
    assert store.rows("SELECT type FROM tray") == [("cn.onewindow.identity.read.v1",)]
    assert store.rows("SELECT * FROM case_file") == []
    (note,) = notes(store)
    assert (note["what"], note["reason"], note["item"]) == ("case_not_opened", reason, item)


def test_one_case_however_often_the_card_is_read(hall: Any, store: Any, reserved: None) -> None:
    """The same card again, another person's, or an agent's opens no second case."""
    begin(hall)
    agent = IdentityRead(
        document="resident", name="王五", number="110101190001010046", party="agent"
    )
    hall.fact("identity.read", agent, VISIT)
    assert store.rows("SELECT * FROM case_file") == []
    mine = hall.fact("identity.read", IdentityRead(**{**_fields(LI), "party": "applicant"}), VISIT)
    hall.identity(VISIT)
    assert store.rows("SELECT applicant_fact FROM case_file") == [(mine,)]


def _fields(data: IdentityRead) -> dict[str, Any]:
    return {"document": data.document, "name": data.name, "number": data.number}


def test_an_unlike_person_gets_no_case_until_chosen(hall: Any, store: Any, reserved: None) -> None:
    """At the window too: a document unlike the first opens one once its role comes with it."""
    begin(hall)
    card = CardRead(name="张三", social_security_number="11010119000101002X")
    hall.fact("card.read", card, VISIT)
    unlike = hall.fact("identity.read", LI, VISIT)
    assert store.rows("SELECT * FROM case_file") == []
    chosen = IdentityRead(**{**_fields(LI), "party": "applicant"})
    mine = hall.fact("identity.read", chosen, VISIT)
    assert store.rows("SELECT applicant_fact FROM case_file") == [(mine,)]
    assert store.rows("SELECT party FROM tray WHERE fact_id = ?", unlike) == [("applicant",)]
    found = [(note["what"], note["fact"], note["resolved"]) for note in notes(store)]
    assert found == [("party_mismatch", unlike, "applicant")]


def test_an_identity_that_comes_after_the_close_still_opens_the_case(
    hall: Any, store: Any, reserved: None
) -> None:
    """A gap in the line was filled late: the case is opened, and the note says that it was."""
    begin(hall)
    end(hall)
    hall.identity(VISIT)
    ((case,),) = store.rows("SELECT id FROM case_file")
    assert [note.get("resolved") for note in notes(store) if note["what"] == "no_case"] == [case]
    assert store.rows("SELECT state FROM ticket") == [("DONE",)]


def test_a_local_rating_may_expire(hall: Any, store: Any, reserved: None) -> None:
    """Nobody pressed: the visit was asked and not rated; a strange nonce is still set aside."""
    begin(hall)
    given = RatingGiven(request="01NOWHERE", level=5)
    assert why(hall, "rating.given", given, VISIT) == "unknown_request"
    hall.fact("rating.expired", RatingExpired(request=VISIT), VISIT)
    assert store.rows("SELECT state, level FROM rating") == [("EXPIRED", None)]


def test_a_visit_of_ours_is_closed_at_the_window(hall: Any, store: Any) -> None:
    """Finished while we were away: closed once, without an order; a later close changes nothing."""
    visit = hall.visit().visit.id
    hall.ask(visit)
    end(hall, visit)
    first = store.rows("SELECT state, closed_at, notes FROM visit")
    assert first[0][0] == "CLOSED"
    hall.clock.advance(minutes=5)
    end(hall, visit, "idle")
    assert store.rows("SELECT state, closed_at, notes FROM visit") == first
    assert store.rows("SELECT state FROM ticket") == [("DONE",)]
    assert store.rows("SELECT state FROM rating") == [("EXPIRED",)]
    assert store.rows("SELECT * FROM order_outbox WHERE verb = 'close'") == []


def test_a_visit_that_we_closed_stays_as_it_is(hall: Any, store: Any) -> None:
    """The teller closed it first: what the window tells later adds nothing."""
    visit = hall.visit().visit.id
    hall.close(visit)
    before = store.rows("SELECT * FROM visit"), store.rows("SELECT count(*) FROM audit")
    end(hall, visit)
    assert (store.rows("SELECT * FROM visit"), store.rows("SELECT count(*) FROM audit")) == before


def test_an_older_visit_gives_way(hall: Any, store: Any, reserved: None) -> None:
    """A window that was set up anew does not know ours: it is closed, its ticket done."""
    ours = hall.visit().visit.id
    order = store.rows("SELECT id FROM order_outbox WHERE verb = 'open'")[0][0]
    hall.fact("order.done", OrderDone(order=order), ours)
    begin(hall)
    assert store.rows("SELECT id, state FROM visit ORDER BY state") == [
        (ours, "CLOSED"),
        (VISIT, "OPEN"),
    ]
    assert [note["what"] for note in notes(store, ours)] == ["superseded"]
    assert store.rows("SELECT state FROM ticket ORDER BY number") == [("DONE",), ("CALLED",)]


def test_a_call_that_never_arrived_gives_way(hall: Any, store: Any, reserved: None) -> None:
    """Its number waits again; should the order have arrived after all, the window closes it."""
    ours = hall.visit().visit.id
    begin(hall)
    assert store.rows("SELECT state, terminal FROM ticket ORDER BY number") == [
        ("WAITING", None),
        ("CALLED", W01),
    ]
    sent = store.rows(
        "SELECT verb, state FROM order_outbox WHERE visit = ? ORDER BY verb DESC", ours
    )
    assert sent == [("open", "superseded"), ("close", "pending")]
