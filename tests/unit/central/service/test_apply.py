import json
from typing import Any

import pytest

from central.service.received import Unplaceable
from hal.events.facts import (
    CardRead,
    CodeScanned,
    Data,
    DeviceChanged,
    DocumentCaptured,
    IdentityRead,
    OrderDone,
    RatingGiven,
)

NAME, NUMBER = "张三", "11010119000101002X"
TRAY = "SELECT type, masked FROM tray ORDER BY rowid"


def reason(hall: Any, *fact: Any) -> str:
    """Why a fact was not placed."""
    with pytest.raises(Unplaceable) as caught:
        hall.fact(*fact)
    return caught.value.reason


def test_an_identity_lies_masked_in_the_tray(hall: Any, store: Any) -> None:
    """The teller sees enough to compare with the card in the hand, the database no more."""
    hall.identity(hall.visit().visit.id, NAME, NUMBER)
    ((type, masked),) = store.rows(TRAY)
    assert type == "cn.onewindow.identity.read.v1"
    assert json.loads(masked) == {
        "document": "resident",
        "name": "张*",
        "number": "1101**********002X",
        "expired": None,
    }


PERSONAL: dict[str, Data] = {
    "identity.read": IdentityRead(
        document="resident", name=NAME, number=NUMBER, address="天上街1号"
    ),
    "card.read": CardRead(name=NAME, social_security_number=NUMBER, card_number="A12345678"),
    "code.scanned": CodeScanned(kind="e_card", text=f"TOKEN{NUMBER}"),
    "document.captured": DocumentCaptured(document="d", pages=[], codes=[NUMBER]),
}


@pytest.mark.parametrize("kind", PERSONAL)
def test_no_personal_data_reaches_the_database(hall: Any, store: Any, kind: str) -> None:
    """Whatever is read, neither name, number nor address stands anywhere in the file."""
    hall.fact(kind, PERSONAL[kind], hall.visit().visit.id)
    assert len(store.rows(TRAY)) == 1
    store.writer.stop()
    written = b"".join(path.read_bytes() for path in store.path.parent.glob("centre.db*"))
    for secret in (NAME, NUMBER, "天上街1号", "A12345678"):
        assert secret.encode() not in written


def test_the_ticket_is_presented_by_its_barcode(hall: Any, store: Any) -> None:
    """The scan of the visit's own ticket puts it into service; a second scan keeps the moment."""
    called = hall.visit()
    hall.scan(called.visit.id, called.ticket.barcode)
    hall.clock.advance(seconds=9)
    hall.scan(called.visit.id, called.ticket.barcode)
    assert store.rows("SELECT state, presented_at FROM ticket") == [
        ("SERVING", "2026-11-23T09:00:00.000000+08:00")
    ]
    assert store.rows(TRAY) == []


def test_somebody_elses_ticket_is_noted(hall: Any, store: Any) -> None:
    """A ticket that is not the visit's changes neither ticket; the visit says so."""
    other = hall.take()
    mine = hall.visit().visit.id
    fact = hall.scan(mine, "OW:T:01JZZZZZZZZZZZZZZZZZZZZZZZ")
    ((notes,),) = store.rows("SELECT notes FROM visit")
    assert json.loads(notes) == [
        {"at": "2026-11-23T09:00:00.000000+08:00", "what": "ticket_mismatch", "fact": fact}
    ]
    assert store.rows("SELECT presented_at FROM ticket WHERE id = ?", other.id) == [(None,)]


def test_a_damaged_scan_presents_nothing(hall: Any, store: Any) -> None:
    """A scan with characters missing waits in the tray, whatever its text looks like."""
    called = hall.visit()
    scan = CodeScanned(kind="ticket", text=called.ticket.barcode, integrity="dropped")
    hall.fact("code.scanned", scan, called.visit.id)
    assert store.rows("SELECT state FROM ticket") == [("CALLED",)]
    assert len(store.rows(TRAY)) == 1


def test_a_late_fact_still_belongs_to_its_visit(hall: Any, store: Any) -> None:
    """What was stamped while the visit was open is applied after its close, to that visit alone."""
    called = hall.visit()
    hall.close(called.visit.id)
    next_visit = hall.visit().visit.id
    hall.identity(called.visit.id)
    hall.scan(called.visit.id, called.ticket.barcode)
    assert store.rows("SELECT visit FROM tray") == [(called.visit.id,)]
    assert store.rows("SELECT state, presented_at IS NULL FROM ticket ORDER BY number") == [
        ("DONE", 0),
        ("CALLED", 1),
    ]
    assert next_visit != called.visit.id


def test_a_fact_without_a_visit_is_never_bound(hall: Any, store: Any) -> None:
    """A card read, a ticket scanned or a key pressed between visits touches nobody's."""
    called = hall.visit()
    request = hall.ask(called.visit.id)
    hall.identity(None)
    hall.scan(None, called.ticket.barcode)
    hall.fact("rating.given", RatingGiven(request=request, level=1), None)
    assert store.rows(TRAY) == []
    assert store.rows("SELECT state FROM ticket") == [("CALLED",)]
    assert store.rows("SELECT state FROM rating") == [("OFFERED",)]


def test_facts_of_unknown_or_foreign_visits_are_not_placed(hall: Any) -> None:
    """A terminal speaks only of visits at its own window, whatever the fact is about."""
    visit = hall.visit().visit.id
    card = IdentityRead(document="resident", name=NAME, number=NUMBER)
    lost = DeviceChanged(state="no_device", cause="unplugged", remedy="maintain")
    assert reason(hall, "identity.read", card, "01NOWHERE") == "unknown_visit"
    assert reason(hall, "identity.read", card, visit, "pzh01-w02") == "foreign_visit"
    assert reason(hall, "device.lost", lost, visit, "pzh01-w02") == "foreign_visit"


def test_a_fact_placed_in_another_visits_case_is_not_placed(hall: Any) -> None:
    """A payload that names a case must name one of its own visit."""
    first = hall.visit().visit.id
    hall.identity(first)
    case = hall.open_case(first).id
    second = hall.visit("pzh01-w02").visit.id
    for named, why in ((case, "foreign_case"), ("01NOWHERE", "unknown_case")):
        data = IdentityRead(document="resident", name=NAME, number=NUMBER, case=named)
        assert reason(hall, "identity.read", data, second, "pzh01-w02") == why


def test_a_rating_needs_its_request(hall: Any) -> None:
    """A press with a nonce that was never given out, or another visit's, is nobody's rating."""
    first = hall.visit().visit.id
    request = hall.ask(first)
    second = hall.visit("pzh01-w02").visit.id
    hall.ask(second)
    given = RatingGiven(request="01NOWHERE", level=5)
    assert reason(hall, "rating.given", given, first) == "unknown_request"
    given = RatingGiven(request=request, level=5)
    assert reason(hall, "rating.given", given, second, "pzh01-w02") == "unknown_request"


def test_a_second_rating_is_not_placed(hall: Any, store: Any) -> None:
    """Two presses that know nothing of each other: the first stands, the other is set aside."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    hall.fact("rating.given", RatingGiven(request=request, level=5), visit)
    again = RatingGiven(request=request, level=1)
    assert reason(hall, "rating.given", again, visit) == "rating_given_twice"
    assert store.rows("SELECT level FROM rating") == [(5,)]


def test_an_order_is_answered_by_its_own_terminal(hall: Any, store: Any) -> None:
    """Another terminal's answer, or one to an order that never was, settles nothing."""
    hall.visit()
    ((order,),) = store.rows("SELECT id FROM order_outbox")
    foreign = ("order.done", OrderDone(order=order), None, "pzh01-w02")
    assert reason(hall, *foreign) == "foreign_order"
    assert reason(hall, "order.done", OrderDone(order="01NOWHERE"), None) == "unknown_order"
    assert store.rows("SELECT state FROM order_outbox") == [("pending",)]


def test_what_could_not_be_placed_left_no_trace(hall: Any, store: Any) -> None:
    """A fact that fails half-way is undone whole: its tray item does not stay."""
    visit = hall.visit().visit.id
    before = store.rows("SELECT count(*) FROM audit")
    data = IdentityRead(document="resident", name=NAME, number=NUMBER, case="01NOWHERE")
    assert reason(hall, "identity.read", data, visit) == "unknown_case"
    assert store.rows(TRAY) == []
    assert store.rows("SELECT count(*) FROM audit") == before


def social(number: str | None, name: str = "张三") -> CardRead:
    return CardRead(social_security_number=number, name=name, card_number="A00000001")


def notes(store: Any) -> list[str]:
    ((text,),) = store.rows("SELECT notes FROM visit")
    return [note["what"] for note in json.loads(text)]


@pytest.mark.parametrize("number", ["11010119000101002X", None])
def test_two_cards_of_one_person_are_no_remark(hall: Any, store: Any, number: str | None) -> None:
    """The same number, or where the card tells none the same name, is the same person."""
    called = hall.visit()
    hall.identity(called.visit.id)
    hall.fact("card.read", social(number), called.visit.id)
    assert notes(store) == []


@pytest.mark.parametrize("card", [social("110101190001010011"), social(None, "李四")])
def test_two_cards_of_two_people_are_noted(hall: Any, store: Any, card: CardRead) -> None:
    """The visit gets a remark that names the fact and nobody, and the trail a row (证卡不一致)."""
    called = hall.visit()
    hall.identity(called.visit.id)
    fact = hall.fact("card.read", card, called.visit.id)
    assert notes(store) == ["party_mismatch"]
    trail = store.rows("SELECT subject, detail FROM audit WHERE what = 'party.mismatch'")
    assert trail == [(called.visit.id, json.dumps({"fact": fact}, separators=(",", ":")))]
