"""The centre's orders, each in every phase of a visit."""

from dataclasses import replace

import pytest

from firmware import people
from firmware.obey import Order, obey
from firmware.people import People
from firmware.reserve import Block
from firmware.session import (
    REMEMBERED_VISITS,
    Asking,
    Blink,
    Capture,
    Inside,
    OrderRefusal,
    Outcome,
    Rated,
    Speak,
    State,
    Visit,
    dump,
    load,
)
from firmware.surroundings import Around
from hal.events.facts import RatingExpired
from hal.events.orders import (
    AcceptParty,
    Announce,
    CancelRating,
    CapturePage,
    CloseVisit,
    Configure,
    Identify,
    OfflineItem,
    OpenVisit,
    Pause,
    RequestRating,
    Reserve,
    Resume,
)
from hal.same_person import Bearer

NOW = 100.0
NONE = State(over=("v0",), around=Around(centre=True))
V1 = Visit("v1", "A001", since_s=5.0, touched_s=5.0)
R1, RATED_R1 = Asking("r1", 95.0, 30.0), Rated("r1", 4, 95.0, 103.0)
OPEN = replace(NONE, visit=V1)
ASKING = replace(NONE, visit=replace(V1, asked="r1", rating=R1))
RATED = replace(NONE, visit=replace(V1, asked="r1", rated=True, rating=RATED_R1))
DONE = replace(NONE, visit=replace(V1, asked="r1", rated=True))
STATES = {"none": NONE, "open": OPEN, "asking": ASKING, "rated": RATED, "done": DONE}

OPEN_SAME, OPEN_OTHER = (OpenVisit(ticket="A001"), "v1"), (OpenVisit(ticket="A002"), "v2")
OPEN_CLOSED = (OpenVisit(ticket="A000"), "v0")
OPEN_OLDER = (OpenVisit(ticket="A009"), "v0z")
CLOSE_SAME, CLOSE_OTHER = (CloseVisit(), "v1"), (CloseVisit(), "v2")
ASK_SAME, ASK_NEW = (RequestRating(request="r1"), "v1"), (RequestRating(request="r2"), "v1")
ASK_OTHER = (RequestRating(request="r3"), "v2")
CANCEL_SAME, CANCEL_OTHER = (CancelRating(request="r1"), "v1"), (CancelRating(request="r9"), "v1")
V2 = replace(NONE, visit=Visit("v2", "A002", since_s=NOW, touched_s=NOW), over=("v0", "v1"))
FIRST = replace(NONE, visit=Visit("v1", "A001", since_s=NOW, touched_s=NOW))
OLDER = replace(NONE, visit=Visit("v0z", "A009", since_s=NOW, touched_s=NOW))
SECOND = replace(V2, over=("v0",))
EXPIRED = [("rating.expired", "v1")]
CLOSED = replace(NONE, over=("v0", "v1"))


def asked(request: str) -> State:
    visit = replace(V1, asked=request, rating=Asking(request, NOW, 30.0), touched_s=NOW)
    return replace(NONE, visit=visit)


def over_too(state: State) -> State:
    """The same, knowing that v2 is over."""
    return replace(state, over=("v0", "v2"))


OBEYED: list[tuple[str, tuple[Order, str], State | str, list[tuple[str, str]]]] = [
    ("none", OPEN_SAME, FIRST, []),
    ("none", OPEN_OTHER, SECOND, []),
    ("none", OPEN_CLOSED, "wrong_visit", []),
    ("none", OPEN_OLDER, OLDER, []),
    ("none", CLOSE_SAME, CLOSED, []),
    ("none", CLOSE_OTHER, over_too(NONE), []),
    ("none", ASK_SAME, "wrong_visit", []),
    ("none", ASK_NEW, "wrong_visit", []),
    ("none", ASK_OTHER, "wrong_visit", []),
    ("none", CANCEL_SAME, NONE, []),
    ("none", CANCEL_OTHER, NONE, []),
    ("open", OPEN_SAME, OPEN, []),
    ("open", OPEN_OTHER, V2, []),
    ("open", OPEN_CLOSED, "wrong_visit", []),
    ("open", OPEN_OLDER, "wrong_visit", []),
    ("open", CLOSE_SAME, CLOSED, []),
    ("open", CLOSE_OTHER, over_too(OPEN), []),
    ("open", ASK_SAME, asked("r1"), []),
    ("open", ASK_NEW, asked("r2"), []),
    ("open", ASK_OTHER, "wrong_visit", []),
    ("open", CANCEL_SAME, OPEN, []),
    ("open", CANCEL_OTHER, OPEN, []),
    ("asking", OPEN_SAME, ASKING, []),
    ("asking", OPEN_OTHER, V2, EXPIRED),
    ("asking", OPEN_CLOSED, "wrong_visit", []),
    ("asking", OPEN_OLDER, "wrong_visit", []),
    ("asking", CLOSE_SAME, CLOSED, EXPIRED),
    ("asking", CLOSE_OTHER, over_too(ASKING), []),
    ("asking", ASK_SAME, ASKING, []),
    ("asking", ASK_NEW, "busy", []),
    ("asking", ASK_OTHER, "wrong_visit", []),
    ("asking", CANCEL_SAME, replace(NONE, visit=replace(V1, asked="r1")), []),
    ("asking", CANCEL_OTHER, ASKING, []),
    ("rated", OPEN_SAME, RATED, []),
    ("rated", OPEN_OTHER, V2, []),
    ("rated", OPEN_CLOSED, "wrong_visit", []),
    ("rated", OPEN_OLDER, "wrong_visit", []),
    ("rated", CLOSE_SAME, CLOSED, []),
    ("rated", CLOSE_OTHER, over_too(RATED), []),
    ("rated", ASK_SAME, RATED, []),
    ("rated", ASK_NEW, "invalid", []),
    ("rated", ASK_OTHER, "wrong_visit", []),
    ("rated", CANCEL_SAME, RATED, []),
    ("rated", CANCEL_OTHER, RATED, []),
    ("done", OPEN_SAME, DONE, []),
    ("done", OPEN_OTHER, V2, []),
    ("done", OPEN_CLOSED, "wrong_visit", []),
    ("done", OPEN_OLDER, "wrong_visit", []),
    ("done", CLOSE_SAME, CLOSED, []),
    ("done", CLOSE_OTHER, over_too(DONE), []),
    ("done", ASK_SAME, DONE, []),
    ("done", ASK_NEW, "invalid", []),
    ("done", ASK_OTHER, "wrong_visit", []),
    ("done", CANCEL_SAME, DONE, []),
    ("done", CANCEL_OTHER, DONE, []),
]


def names(outcome: Outcome) -> list[tuple[str, str | None]]:
    return [(f"{fact.role}.{fact.name}", fact.visit) for fact in outcome.facts]


def reason(state: State, order: Order, visit: str | None = "v1") -> str:
    with pytest.raises(OrderRefusal) as refused:
        obey(state, order, visit, "pad", NOW)
    return refused.value.reason


@pytest.mark.parametrize(("name", "order", "after", "facts"), OBEYED)
def test_orders_of_a_visit(
    name: str, order: tuple[Order, str], after: State | str, facts: list[tuple[str, str]]
) -> None:
    """Each is carried out, has no further effect, or is refused with its reason."""
    if isinstance(after, str):
        assert reason(STATES[name], *order) == after
        return
    outcome = obey(STATES[name], *order, "pad", NOW)
    assert outcome.state == after
    assert names(outcome) == facts
    assert outcome.signs == ()


def test_the_table_of_orders_is_whole() -> None:
    """Each of the five phases meets each of the eleven orders."""
    assert len({(name, repr(order)) for name, order, _, _ in OBEYED}) == 5 * 11


def test_the_pad_says_that_nobody_pressed() -> None:
    """When a visit closes while it asks."""
    (fact,) = obey(ASKING, CloseVisit(), "v1", "pad", NOW).facts
    assert (fact.device, fact.data) == ("pad", RatingExpired(request="r1"))


def test_an_announcement_is_spoken() -> None:
    """With the visit that it calls, and by itself."""
    called = obey(NONE, OpenVisit(ticket="A001", announcement="请A001号"), "v1", "pad", NOW)
    assert called.signs == (Speak("请A001号"),)
    assert obey(NONE, Announce(text="请稍候"), None, "pad", NOW) == Outcome(
        NONE, signs=(Speak("请稍候"),)
    )


def test_a_late_order_reopens_nothing() -> None:
    """An opening that was overtaken by its own visit's close, and by the next visit, is refused."""
    state = obey(NONE, OpenVisit(ticket="A002"), "v2", "pad", NOW).state
    state = obey(state, CloseVisit(), "v1", "pad", NOW).state
    state = load(dump(obey(state, CloseVisit(), "v2", "pad", NOW).state), NOW)
    assert reason(state, OpenVisit(ticket="A001"), "v1") == "wrong_visit"


def test_only_so_many_visits_are_remembered() -> None:
    """What is remembered for late orders does not grow with the day."""
    state = State()
    for number in range(100):
        state = obey(state, OpenVisit(ticket="A"), f"v{number:03}", "pad", NOW).state
    assert state.over == tuple(f"v{number:03}" for number in range(99 - REMEMBERED_VISITS, 99))


@pytest.mark.parametrize(
    "order",
    [OpenVisit(ticket="A"), CloseVisit(), AcceptParty(party="agent"), CapturePage(document="d")],
)
def test_an_order_without_a_visit_is_refused(order: Order) -> None:
    """Nothing is opened, closed, taken or accepted for nobody."""
    assert reason(OPEN, order, None) == "invalid"


HERE = (Inside("reader", "slot 0"),)


@pytest.mark.parametrize(
    ("hindrance", "why"),
    [
        (replace(NONE, inside=HERE), "busy"),
        (replace(NONE, inside=HERE, left=True), "busy"),
        (replace(OPEN, inside=HERE), "busy"),
        (replace(NONE, visit=replace(V1, local=True)), "busy"),
        (replace(NONE, paused=True), "unavailable"),
        (replace(NONE, around=Around(disk_low=True)), "unavailable"),
        (replace(NONE, around=Around(keep_failed=True)), "unavailable"),
    ],
)
def test_what_hinders_the_next_call(hindrance: State, why: str) -> None:
    """A card inside, a local visit, a pause, a full disk: nobody new is called here."""
    assert reason(hindrance, OpenVisit(ticket="A002"), "v2") == why


def test_a_visit_that_is_open_is_open_whatever_lies_inside() -> None:
    """The order of the present visit that comes again is no next call."""
    state = replace(OPEN, inside=HERE)
    assert obey(state, OpenVisit(ticket="A001"), "v1", "pad", NOW) == Outcome(state)


def test_a_lost_device_hinders_no_call() -> None:
    """A window goes on with what it has; the centre knows what it can do."""
    state = replace(NONE, around=Around(lost=frozenset({"reader"})))
    assert obey(state, OpenVisit(ticket="A001"), "v1", "pad", NOW).state.visit_id == "v1"


def test_a_page_is_for_the_open_visit() -> None:
    """For another, or on a full disk, none is taken."""
    order = CapturePage(document="d1")
    assert obey(OPEN, order, "v1", "pad", NOW).capture == Capture("v1", "d1")
    assert reason(OPEN, order, "v2") == "wrong_visit"
    assert reason(replace(OPEN, around=Around(disk_low=True)), order) == "unavailable"


def strange(*bearers: Bearer) -> State:
    """The open visit with a first person and these strangers."""
    found = People()
    for bearer in (Bearer("示例", "11010519491231002X"), *bearers):
        found = people.read(found, bearer).people
    return replace(OPEN, visit=replace(V1, people=found))


def test_a_role_is_for_the_one_stranger_who_waits() -> None:
    """Nobody waits: invalid. Two wait: busy, it might fall on the wrong one."""
    one, two = Bearer("别人", None), Bearer("又一人", None)
    order = AcceptParty(party="agent")
    after = obey(strange(one), order, "v1", "pad", NOW).state
    assert after.visit is not None
    assert not after.visit.mismatch
    assert after.visit.people.known[-1].party == "agent"
    assert reason(OPEN, order) == "invalid"
    assert reason(strange(one, two), order) == "busy"
    assert reason(strange(one), order, "v2") == "wrong_visit"


def test_a_stranger_hinders_no_rating_and_goes_with_the_visit() -> None:
    """The pad asks all the same; the close clears it."""
    state = obey(strange(Bearer("别人", None)), RequestRating(request="r1"), "v1", "pad", NOW).state
    assert state.visit is not None
    assert isinstance(state.visit.rating, Asking)
    assert obey(state, CloseVisit(), "v1", "pad", NOW).state.visit is None


@pytest.mark.parametrize("state", [OPEN, replace(NONE, inside=HERE)])
def test_a_window_in_use_is_not_paused(state: State) -> None:
    """暂停服务 is refused while serving or while a card lies inside."""
    assert reason(state, Pause(), None) == "busy"


def test_pause_and_resume() -> None:
    """Each again changes nothing, and a restart keeps it."""
    paused = replace(NONE, paused=True)
    assert obey(NONE, Pause(), None, "pad", NOW) == Outcome(paused)
    assert obey(paused, Pause(), None, "pad", NOW) == Outcome(paused)
    assert load(dump(paused), NOW).paused
    assert obey(paused, Resume(), None, "pad", NOW) == Outcome(NONE)
    assert obey(NONE, Resume(), None, "pad", NOW) == Outcome(NONE)


def test_identify_blinks() -> None:
    """For as long as the order says."""
    order = Identify(duration_s=3.0)
    assert obey(NONE, order, None, "pad", NOW) == Outcome(NONE, signs=(Blink(3.0),))


def test_numbers_and_catalogue_are_kept() -> None:
    """Blocks are added, the catalogue is replaced, and a restart knows both."""
    work = Configure(
        catalogue_version="3", items=[OfflineItem(code="i1", name="示例事项", devices=["card"])]
    )
    day = "2026-11-23"
    state = obey(NONE, Reserve(lane="A", day=day, first=91, last=99), None, "pad", NOW).state
    state = obey(state, Reserve(lane="B", day=day, first=1, last=2), None, "pad", NOW).state
    state = obey(state, work, None, "pad", NOW).state
    state = load(dump(state), NOW)
    assert state.numbers.left == (Block("A", day, 91, 99), Block("B", day, 1, 2))
    assert state.work is not None
    assert state.work.configured == work
    work = Configure(catalogue_version="4", items=[])
    state = obey(state, work, None, "pad", NOW).state
    assert state.work is not None
    assert state.work.configured == work
    assert reason(NONE, Reserve(lane="A", day=day, first=9, last=8), None) == "invalid"
