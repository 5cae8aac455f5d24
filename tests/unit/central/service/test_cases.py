from typing import Any

import pytest

from central.domain import case
from central.domain.errors import Refused, Unknown
from hal.events.facts import IdentityRead


def test_a_case_goes_from_the_card_to_the_delivery(hall: Any, store: Any) -> None:
    """Opened for the person whose card was read, then four steps, each written down."""
    visit = hall.visit().visit.id
    fact = hall.identity(visit)
    opened = hall.open_case(visit)
    for command in case.Command:
        done = hall.step(opened.id, command)
    assert opened.number == "PZH01-20261123-00001"
    assert (opened.item_name, opened.risk, opened.state) == ("个人查询", "LOW", "OPENED")
    assert opened.applicant.fact == fact
    assert opened.applicant.masked["name"] == "张*"
    assert [(event.from_state, event.to_state, event.by) for event in done.events] == [
        (None, "OPENED", "teller"),
        ("OPENED", "ACCEPTED", "teller"),
        ("ACCEPTED", "DECIDED", "teller"),
        ("DECIDED", "COMPLETED", "teller"),
        ("COMPLETED", "DELIVERED", "teller"),
    ]
    assert store.rows("SELECT party, case_id FROM tray") == [("applicant", opened.id)]
    assert store.rows("SELECT state FROM ticket") == [("SERVING",)]


def test_no_case_without_an_identity(hall: Any) -> None:
    """The applicant comes from the visit's own tray, not from another visit's."""
    other = hall.visit("pzh01-w02").visit.id
    hall.fact(
        "identity.read",
        IdentityRead(document="resident", name="李四", number="110101190001010038"),
        other,
        "pzh01-w02",
    )
    visit = hall.visit().visit.id
    with pytest.raises(Refused) as refusal:
        hall.open_case(visit)
    assert refusal.value.code == "identity_missing"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ("SB-M1", "route_not_available"),
        ("SB-H1", "route_not_available"),
        ("SB-L2", "applicant_not_available"),
        ("SB-X9", "unknown_item"),
    ],
)
def test_only_a_persons_low_risk_item_is_opened(
    hall: Any, store: Any, item: str, code: str
) -> None:
    """What needs review or an organisation is refused with its reason, and nothing is written."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    with pytest.raises((Refused, Unknown)) as refusal:
        hall.open_case(visit, item)
    assert refusal.value.code == code
    assert store.rows("SELECT count(*) FROM case_file") == [(0,)]


def test_the_same_card_read_twice_is_one_applicant(hall: Any, store: Any) -> None:
    """A citizen who lays the card again is still one person; further cases are for him too."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    hall.identity(visit)
    first, second = hall.open_case(visit), hall.open_case(visit)
    assert first.applicant == second.applicant
    assert (first.number[-1], second.number[-1]) == ("1", "2")
    assert store.rows("SELECT case_id FROM tray ORDER BY fact_id") == [(first.id,), (None,)]


def test_two_peoples_cards_ask_for_a_choice(hall: Any) -> None:
    """Nobody is made the applicant by chance; the teller's choice decides and then stays."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    other = hall.identity(visit, "李四", "110101190001010038")
    with pytest.raises(Refused) as refusal:
        hall.open_case(visit)
    assert refusal.value.code == "applicant_not_chosen"
    assert hall.open_case(visit, applicant=other).applicant.fact == other
    assert hall.open_case(visit).applicant.fact == other


def test_a_step_out_of_turn_changes_nothing(hall: Any, store: Any) -> None:
    """A refused step leaves the case, its way and the trail as they were."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    opened = hall.open_case(visit)
    before = store.rows("SELECT count(*) FROM audit")
    with pytest.raises(Refused) as refusal:
        hall.step(opened.id, case.Command.COMPLETE)
    assert refusal.value.code == "case_not_accepted"
    assert store.rows("SELECT state FROM case_file") == [("OPENED",)]
    assert store.rows("SELECT count(*) FROM case_event") == [(1,)]
    assert store.rows("SELECT count(*) FROM audit") == before


def test_a_case_pins_the_catalogue_it_was_opened_under(
    hall: Any, store: Any, catalogue: Any
) -> None:
    """The version and the name of the item are the case's own, whatever the catalogue becomes."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    hall.open_case(visit)
    assert store.rows("SELECT catalogue_version, item_name FROM case_file") == [
        (catalogue.version, "个人查询")
    ]


def test_no_case_in_a_closed_visit(hall: Any) -> None:
    """After the close the counter is another citizen's."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    hall.close(visit)
    with pytest.raises(Refused) as refusal:
        hall.open_case(visit)
    assert refusal.value.code == "visit_closed"
