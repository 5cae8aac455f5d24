"""Work without the centre: numbers, visits, ratings, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from firmware import people
from firmware.local_desk import (
    AskRating,
    ChooseParty,
    CloseLocalVisit,
    LocalItem,
    LocalRefused,
    OpenLocalVisit,
    TakePage,
    Wish,
)
from firmware.local_visit import RATING_S, Circumstances, carry_out, items, status
from firmware.people import People
from firmware.reserve import Block, Numbers
from firmware.session import Asking, Inside, Outcome, State, Visit, dump, load
from firmware.surroundings import Around
from firmware.visit import observe
from firmware.work import pack
from hal.events.facts import RatingGiven, TicketIssued, VisitClosed, VisitOpened
from hal.events.orders import Configure, OfflineItem
from hal.interfaces import LevelPressed
from hal.same_person import Bearer

NOW, TODAY = 100.0, "2026-11-23"
ALL = frozenset({"card", "document", "rating"})
AWAY = Around(able=ALL)
BACK = replace(AWAY, centre=True)
WORK = pack(
    Configure(
        catalogue_version="3",
        window=7,
        items=[
            OfflineItem(code="i1", name="示例事项", devices=["card"]),
            OfflineItem(code="i2", name="另一事项", devices=["card", "slip"]),
        ],
    )
)
READY = State(work=WORK, numbers=Numbers((Block("A", TODAY, 91, 92),)), around=AWAY)
LOCAL = replace(READY, visit=Visit("v1", "A091", local=True, item="i1"))
OF_CENTRE = replace(READY, visit=Visit("v1", "A001"))
OPEN = OpenLocalVisit("i1")


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"ID{next(numbers)}"


def now(new_id: Callable[[], str] = lambda: "ID", today: str | None = TODAY) -> Circumstances:
    return Circumstances(NOW, today, "pad", new_id)


def names(outcome: Outcome) -> list[tuple[str, str | None]]:
    return [(f"{fact.role}.{fact.name}", fact.visit) for fact in outcome.facts]


def code(state: State, wish: Wish, today: str | None = TODAY) -> str:
    with pytest.raises(LocalRefused) as refused:
        carry_out(state, wish, now(today=today))
    assert refused.value.message_zh
    assert str(refused.value) == refused.value.message_en
    return refused.value.code


def test_a_local_visit_is_a_number_and_a_visit(new_id: Callable[[], str]) -> None:
    """Both facts at once: the ticket is nobody's, the visit is its own."""
    outcome = carry_out(READY, OPEN, now(new_id))
    issued = TicketIssued(ticket="ID1", number="A091", lane="A", day=TODAY)
    assert [fact.data for fact in outcome.facts] == [issued, VisitOpened(ticket="ID1", item="i1")]
    assert names(outcome) == [("ticket.issued", None), ("visit.opened", "ID2")]
    visit = Visit("ID2", "A091", 7, local=True, item="i1", since_s=NOW, touched_s=NOW)
    assert outcome.state.visit == visit
    assert outcome.state.numbers.count(TODAY) == 1


def test_a_restart_gives_no_number_again(new_id: Callable[[], str]) -> None:
    """Nor forgets which visit is open and that it is a local one."""
    state = load(dump(carry_out(READY, OPEN, now(new_id)).state), 5.0)
    assert state.visit == Visit("ID2", "A091", 7, local=True, item="i1", since_s=5.0, touched_s=5.0)
    state = carry_out(replace(state, around=AWAY), CloseLocalVisit("left"), now()).state
    reopened = carry_out(state, OPEN, now(new_id)).state
    assert reopened.visit is not None
    assert reopened.visit.ticket == "A092"
    reopened = carry_out(reopened, CloseLocalVisit("left"), now()).state
    assert code(reopened, OPEN) == "no_number"


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (LOCAL, "visit_open"),
        (OF_CENTRE, "visit_open"),
        (replace(READY, around=BACK), "online"),
        (replace(READY, paused=True), "paused"),
        (replace(READY, inside=(Inside("reader", "slot 0"),)), "card_inside"),
        (replace(READY, around=replace(AWAY, disk_low=True)), "disk_full"),
        (replace(READY, work=None), "item"),
        (replace(READY, around=replace(AWAY, able=frozenset())), "device"),
        (replace(READY, numbers=Numbers()), "no_number"),
        (replace(READY, numbers=Numbers((Block("A", "2026-11-22", 1, 9),))), "no_number"),
    ],
)
def test_what_hinders_a_local_visit(state: State, why: str) -> None:
    """Each hindrance has its code, and nothing is given out."""
    assert code(state, OPEN) == why


def test_an_item_needs_its_devices() -> None:
    """What is missing is told beside the item; another item goes on."""
    assert items(READY) == (
        LocalItem("i1", "示例事项", ("card",), ()),
        LocalItem("i2", "另一事项", ("card", "slip"), ("slip",)),
    )
    assert code(READY, OpenLocalVisit("i2")) == "device"


def test_without_a_clock_the_newest_block_is_used() -> None:
    """A terminal that does not know the day works all the same."""
    outcome = carry_out(READY, OPEN, now(today=None))
    assert outcome.state.visit is not None
    assert outcome.state.visit.ticket == "A091"


def test_past_blocks_are_dropped_with_the_next_number() -> None:
    """They are of no use to anybody."""
    old = Block("A", "2026-11-22", 1, 9)
    state = replace(READY, numbers=Numbers((old, *READY.numbers.left)))
    assert carry_out(state, OPEN, now()).state.numbers.left == (Block("A", TODAY, 92, 92),)


@pytest.mark.parametrize("around", [AWAY, BACK], ids=["away", "back"])
def test_a_local_visit_goes_on_to_its_end(around: Around) -> None:
    """Rated with its own id as the nonce, and closed, whether the centre is back or not."""
    state = carry_out(replace(LOCAL, around=around), AskRating(), now()).state
    assert state.visit is not None
    assert state.visit.rating == Asking("v1", NOW, RATING_S)
    assert code(state, CloseLocalVisit("finished")) == "rating_pending"
    assert code(state, AskRating()) == "rating_pending"
    pressed = observe(state, "pad", LevelPressed(5, "k"), NOW)
    (fact,) = pressed.facts
    assert isinstance(fact.data, RatingGiven)
    assert (fact.visit, fact.data.request) == ("v1", "v1")
    assert code(pressed.state, AskRating()) == "rated"
    closed = carry_out(pressed.state, CloseLocalVisit("finished"), now())
    assert [fact.data for fact in closed.facts] == [VisitClosed(reason="finished")]
    assert (closed.state.visit, closed.state.over) == (None, ("v1",))


def test_a_citizen_who_went_is_not_waited_for() -> None:
    """The rating expires with the visit."""
    state = carry_out(LOCAL, AskRating(), now()).state
    closed = carry_out(state, CloseLocalVisit("left"), now())
    assert names(closed) == [("rating.expired", "v1"), ("visit.closed", "v1")]


def test_a_card_left_in_a_local_visit_is_told() -> None:
    """As in any other."""
    state = replace(LOCAL, inside=(Inside("reader", "slot 0"),))
    closed = carry_out(state, CloseLocalVisit("finished"), now())
    assert names(closed) == [("card.left", "v1"), ("visit.closed", "v1")]
    assert code(closed.state, OPEN) == "card_inside"


def test_a_visit_of_the_centre_is_finished_here_while_it_is_away() -> None:
    """Closed here, but rated only if the centre asked; back again, it is the centre's."""
    assert code(OF_CENTRE, AskRating()) == "online"
    closed = carry_out(OF_CENTRE, CloseLocalVisit("finished"), now())
    assert names(closed) == [("visit.closed", "v1")]
    online = replace(OF_CENTRE, around=BACK)
    for wish in (CloseLocalVisit("finished"), TakePage(), AskRating(), ChooseParty("agent")):
        assert code(online, wish) == "online"


@pytest.mark.parametrize(
    "wish", [CloseLocalVisit("left"), TakePage(), AskRating(), ChooseParty("agent")]
)
def test_nothing_is_done_in_no_visit(wish: Wish) -> None:
    """First a visit, then the rest."""
    assert code(READY, wish) == "no_visit"


def test_a_page_needs_a_camera_and_a_disk(new_id: Callable[[], str]) -> None:
    """And is a document of its own."""
    capture = carry_out(LOCAL, TakePage(), now(new_id)).capture
    assert capture is not None
    assert (capture.visit, capture.document) == ("v1", "ID1")
    assert code(replace(LOCAL, around=replace(AWAY, able=frozenset())), TakePage()) == "device"
    assert code(replace(LOCAL, around=replace(AWAY, disk_low=True)), TakePage()) == "disk_full"


def test_a_stranger_gets_a_role_here() -> None:
    """The one who waits; nobody else."""
    found = People()
    for name in ("示例", "别人"):
        found = people.read(found, Bearer(name, None)).people
    strange = replace(LOCAL, visit=Visit("v1", "A091", local=True, people=found))
    after = carry_out(strange, ChooseParty("agent"), now()).state
    assert after.visit is not None
    assert not after.visit.mismatch
    assert code(after, ChooseParty("agent")) == "nobody_pending"
    found = people.read(found, Bearer("又一人", None)).people
    two = replace(strange, visit=Visit("v1", "A091", local=True, people=found))
    assert code(two, ChooseParty("agent")) == "several_pending"


def test_the_status_tells_how_things_stand() -> None:
    """Without a visit the numbers and the items; with one, the visit too."""
    idle = status(READY, NOW, TODAY)
    assert (idle.mode, idle.offline, idle.visit, idle.numbers_left) == ("offline", True, None, 2)
    assert [item.code for item in idle.items] == ["i1", "i2"]
    state = carry_out(LOCAL, AskRating(), now()).state
    busy = status(state, NOW + 3, TODAY)
    assert (busy.mode, busy.visit, busy.ticket, busy.item) == ("rating", "v1", "A091", "i1")
    assert (busy.rating, busy.local, busy.since_s) == ("asking", True, NOW + 3)
    rated = observe(state, "pad", LevelPressed(5, "k"), NOW).state
    assert status(rated, NOW, TODAY).rating == "rated"
