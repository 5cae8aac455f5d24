"""遗留卡: cards that were left, and the calls that they block."""

import json
from typing import Any

import pytest

from central.domain.errors import Refused, Unknown
from central.service import left_cards
from hal.events.facts import CardLeft, CardRemoved

LEFT, REMOVED = CardLeft(slot="contact"), CardRemoved(slot="contact")


def lying(hall: Any) -> list[str]:
    with hall.store.readers.connect() as connection:
        return [card.fact_id for card in left_cards.register(connection).items]


def test_a_left_card_blocks_the_window_until_it_is_taken(hall: Any, store: Any) -> None:
    """It stands in the register and on the visit; other windows are free."""
    visit = hall.visit().visit.id
    hall.close(visit)
    fact = hall.fact("card.left", LEFT, visit)
    hall.take()
    with pytest.raises(Refused) as refusal:
        hall.call()
    assert refusal.value.code == "card_left"
    assert lying(hall) == [fact]
    ((notes,),) = store.rows("SELECT notes FROM visit")
    assert [(note["what"], note["fact"]) for note in json.loads(notes)] == [("card_left", fact)]
    hall.call("pzh01-w02")
    hall.take()
    hall.fact("card.removed", CardRemoved(slot="other"), None)
    hall.fact("card.removed", REMOVED, None, "pzh01-w02")
    assert lying(hall) == [fact]
    hall.fact("card.removed", REMOVED, None)
    assert lying(hall) == []
    assert hall.call().ticket.state == "CALLED"


def test_a_card_that_nobody_left_is_no_entry(hall: Any) -> None:
    """Taking a card out in a visit is what everybody does."""
    hall.fact("card.removed", REMOVED, hall.visit().visit.id)
    assert lying(hall) == []


def test_a_removal_that_was_stored_first_counts(hall: Any, put_fact: Any) -> None:
    """A gap in the line was filled late: the card is out already."""
    visit = hall.visit().visit.id
    removed = {"terminal": "pzh01-w01", "type": "cn.onewindow.card.removed.v1"}
    put_fact(**removed, epoch="E1", sequence=hall.facts + 2, id="LATER")
    hall.fact("card.left", LEFT, visit)
    assert lying(hall) == []
    put_fact(**removed, epoch="E0", sequence=hall.facts + 2, id="BEFORE")
    assert len([hall.fact("card.left", LEFT, visit)]) == len(lying(hall))


def test_a_card_can_be_taken_out_by_hand(hall: Any, store: Any) -> None:
    """Where the reader cannot tell any more a person says so, by name, once."""
    fact = hall.fact("card.left", LEFT, hall.visit().visit.id)
    taken = hall.act(lambda context: left_cards.take_out(context, fact))
    assert (taken.removed_by, lying(hall)) == ("teller", [])
    with pytest.raises(Refused) as refusal:
        hall.act(lambda context: left_cards.take_out(context, fact))
    assert refusal.value.code == "card_removed"
    with pytest.raises(Unknown):
        hall.act(lambda context: left_cards.take_out(context, "01NOWHERE"))
    assert store.rows("SELECT who, subject FROM audit WHERE what = 'card.taken_out'") == [
        ("teller", fact)
    ]
