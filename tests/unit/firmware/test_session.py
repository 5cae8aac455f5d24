"""The session whole: every state with every event, and what a restart knows of it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from firmware import people, surroundings
from firmware.local_desk import (
    AskRating,
    ChooseParty,
    CloseLocalVisit,
    LocalRefused,
    OpenLocalVisit,
    TakePage,
    Wish,
)
from firmware.local_visit import Circumstances, carry_out
from firmware.obey import Order, obey
from firmware.people import People
from firmware.reserve import Block, Numbers
from firmware.scene import scene
from firmware.session import (
    REPLACE_S,
    Asking,
    Inside,
    Mode,
    OrderRefusal,
    Outcome,
    Rated,
    State,
    Visit,
    dump,
    load,
    mode,
)
from firmware.surroundings import AbleSeen, Around, CentreSeen, ClockSeen, Disk, Recovering
from firmware.visit import elapse, notice, observe
from firmware.work import pack
from hal.errors import DeviceRefused
from hal.events.facts import CardRead, CodeScanned, IdentityRead
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
from hal.interfaces import (
    CardInserted,
    CardTaken,
    CodeRead,
    IdentityCardRead,
    LevelPressed,
    Observation,
    SocialSecurityCardRead,
    Unreadable,
)
from hal.same_person import Bearer

NOW, DAY = 100.0, "2026-11-23"
NUMBER, OTHER_NUMBER = "11010519491231002X", "110105194912310038"
V1 = Visit("v1", "A001")
ASKING = replace(V1, asked="r1", rating=Asking("r1", 95.0, 30.0))
RATED = replace(V1, asked="r1", rated=True, rating=Rated("r1", 4, 95.0, 103.0))
TWO = people.read(
    people.read(People(), Bearer("示例", NUMBER)).people, Bearer("别人", OTHER_NUMBER)
).people
PHASES: dict[str, Visit | None] = {
    "none": None,
    "called": V1,
    "serving": replace(V1, served=True),
    "asking": ASKING,
    "rated": RATED,
    "stranger": replace(V1, served=True, people=TWO),
    "local": replace(V1, local=True, item="i1"),
    "local asking": replace(ASKING, local=True, item="i1"),
}
CONFIGURE = Configure(catalogue_version="1", items=[OfflineItem(code="i1", name="示例事项")])
AROUND = [
    Around(centre, frozenset({"document"}), lost, (), clock_wrong, disk_low, keep_failed)
    for centre, lost, clock_wrong, disk_low, keep_failed in product(
        (True, False), (frozenset(), frozenset({"reader"})), *[(False, True)] * 3
    )
]
OBSERVATIONS: list[Observation] = [
    IdentityCardRead(IdentityRead(document="resident", name="示例", number=NUMBER)),
    SocialSecurityCardRead(CardRead(name="别人", social_security_number=OTHER_NUMBER)),
    CardInserted("slot 0", "3B"),
    CardTaken("slot 0"),
    CodeRead(CodeScanned(text="OW:T:1", kind="ticket")),
    LevelPressed(5, "gpio26"),
    Unreadable(DeviceRefused("cannot be read")),
]
ORDERS: list[tuple[Order, str | None]] = [
    *[(OpenVisit(ticket="A"), visit) for visit in ("v0", "v1", "v2", None)],
    *[(CloseVisit(), visit) for visit in ("v0", "v1", "v2", None)],
    *[(RequestRating(request=nonce), visit) for nonce in ("r1", "r2") for visit in ("v1", "v2")],
    *[(CancelRating(request=nonce), "v1") for nonce in ("r1", "r2")],
    *[(CapturePage(document="d"), visit) for visit in ("v0", "v1", None)],
    *[(AcceptParty(party="agent"), visit) for visit in ("v1", "v2")],
    *[(order, None) for order in (Announce(text="x"), Pause(), Resume(), Identify(), CONFIGURE)],
    (Reserve(lane="A", day=DAY, first=1, last=2), None),
    (Reserve(lane="A", day=DAY, first=2, last=1), None),
]
WISHES: list[Wish] = [
    *[OpenLocalVisit("i1"), OpenLocalVisit("i9"), AskRating(), TakePage(), ChooseParty("agent")],
    *[CloseLocalVisit("finished"), CloseLocalVisit("left")],
]
CHANGES: list[surroundings.Change] = [
    *[CentreSeen(True), CentreSeen(False), AbleSeen(frozenset({"card"})), AbleSeen(frozenset())],
    *[Recovering("reader", "正在恢复"), Recovering("reader", ""), ClockSeen(True), Disk(True)],
]
Event = Observation | tuple[Order, str | None] | Wish | surroundings.Change | float
EVENTS: list[Event] = [*OBSERVATIONS, *ORDERS, *WISHES, *CHANGES, 0.0, 200.0, 5000.0]


def states() -> Iterator[State]:
    """Every phase of a visit, with a card inside or not, in all surroundings; or paused."""
    base = State(over=("v0",), work=pack(CONFIGURE), numbers=Numbers((Block("A", DAY, 91, 99),)))
    for visit, around, inside in product(PHASES.values(), AROUND, (False, True)):
        here = (Inside("device-1", "slot 0"),) if inside else ()
        state = replace(base, visit=visit, around=around, inside=here)
        yield state
        if visit is None:
            yield replace(state, paused=True)
            if inside:
                yield replace(state, left=True, unsure_s=150.0)


def step(state: State, event: Event) -> Outcome:
    """What the event leads to, by whichever way it comes in."""
    match event:
        case float():
            return elapse(state, "pad", NOW + event, 900.0)
        case (order, visit):
            return obey(state, order, visit, "pad", NOW)
        case OpenLocalVisit() | AskRating() | TakePage() | ChooseParty() | CloseLocalVisit():
            return carry_out(state, event, Circumstances(NOW, DAY, "pad", lambda: "v9"))
        case CentreSeen() | AbleSeen() | Recovering() | ClockSeen() | Disk():
            return Outcome(notice(state, event, NOW))
        case surroundings.KeepFailed():
            return Outcome(notice(state, event, NOW))
        case _:
            return observe(state, "device-1", event, NOW)


def outcomes() -> Iterator[tuple[State, Event, Outcome]]:
    """Every state with every event that is not refused."""
    for state, event in product(states(), EVENTS):
        try:
            yield state, event, step(state, event)
        except (OrderRefusal, LocalRefused):
            continue


def test_every_event_has_an_outcome_or_a_refusal() -> None:
    """In no state does any event end in another way than these two."""
    pairs = sum(1 for _ in product(states(), EVENTS))
    done = sum(1 for _ in outcomes())
    assert pairs > 20_000
    assert pairs / 3 < done < pairs


def test_facts_belong_to_the_visit_that_is_open() -> None:
    """Or to nobody, or to the one that just begins; never to one that is over."""
    for state, event, outcome in outcomes():
        for fact in outcome.facts:
            assert fact.visit in {state.visit_id, None, "v9"}, (state, event)
            assert fact.visit not in state.over, (state, event)
            assert fact.visit != "v9" or isinstance(event, OpenLocalVisit)


def test_what_is_over_stays_over() -> None:
    """No event opens a visit again, and each that ends is over from then on."""
    for state, event, outcome in outcomes():
        after = outcome.state
        assert after.visit_id not in state.over, (state, event)
        assert set(state.over) <= set(after.over), (state, event)
        if state.visit_id not in {None, after.visit_id}:
            assert state.visit_id in after.over, (state, event)


def test_a_window_with_a_card_inside_calls_nobody() -> None:
    """Neither the centre's next visit nor a local one begins, and there is no pause."""
    for state, event, outcome in outcomes():
        if state.inside and outcome.state.inside:
            assert outcome.state.visit_id in {state.visit_id, None}, (state, event)
            assert outcome.state.paused == state.paused or not outcome.state.paused


def test_a_full_disk_takes_in_nothing_new() -> None:
    """No reading, no page and no visit, while what is open comes to its end."""
    new = {"read", "scanned", "captured", "opened", "issued"}
    for state, event, outcome in outcomes():
        if state.around.disk_full:
            assert not new & {fact.name for fact in outcome.facts}, (state, event)
            assert outcome.capture is None
            assert outcome.state.visit_id in {state.visit_id, None}


def test_a_restart_knows_the_same() -> None:
    """Whatever happened: dumped and loaded, the state dumps as before, and holds nothing personal.

    Whose documents were read, and the surroundings, are learned anew.
    """
    for _, event, outcome in outcomes():
        dumped = dump(outcome.state)
        assert dump(load(dumped, 7.0)) == dumped, event
        assert not {"示例", "别人", NUMBER, OTHER_NUMBER} & set(map(str, dumped.values()))
        text = f"{dumped}{outcome.state!r}".replace("示例事项", "")
        assert not any(word in text for word in ("示例", "别人", NUMBER, OTHER_NUMBER)), event


def test_lamps_never_invite_in_vain() -> None:
    """Green stands for an open visit alone; a wrong clock is named whatever else is wrong."""
    for state in states():
        shown = scene(state)
        assert shown.green == (state.visit is not None)
        assert shown.buzzer == state.left == (shown.phrase is not None)
        words = " ".join([shown.screen.large, *shown.screen.lines])
        if state.around.clock_wrong:
            assert "时钟" in words, state
        if state.around.disk_full and state.visit is None:
            assert "存储已满" in words, state


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State(around=Around(centre=True)), "idle"),
        (State(), "offline"),
        (State(paused=True), "paused"),
        (State(paused=True, around=Around(centre=True)), "paused"),
        (State(visit=V1), "called"),
        (State(visit=V1, around=Around(centre=True)), "called"),
        (State(visit=replace(V1, served=True)), "serving"),
        (State(visit=ASKING), "rating"),
        (State(visit=RATED), "called"),
        (State(around=Around(lost=frozenset({"reader"}))), "fault"),
        (State(paused=True, around=Around(disk_low=True)), "fault"),
        (State(visit=ASKING, around=Around(keep_failed=True)), "fault"),
        (State(around=Around(centre=True, clock_wrong=True)), "idle"),
        (State(inside=(Inside("r", "s"),), left=True, around=Around(centre=True)), "idle"),
    ],
)
def test_the_mode_is_derived(state: State, expected: Mode) -> None:
    """Fault before a visit, a visit before pause, pause before the missing centre."""
    assert mode(state) == expected


def test_a_visit_is_serving_from_the_first_thing_bound() -> None:
    """Called until then; a restart knows it."""
    state = State(visit=V1, around=Around(centre=True))
    served = observe(state, "reader", OBSERVATIONS[0], NOW).state
    assert (mode(state), mode(served)) == ("called", "serving")
    assert load(dump(served), NOW).visit == replace(V1, served=True, since_s=NOW, touched_s=NOW)


def test_what_was_running_begins_anew() -> None:
    """At the moment of the restart: the citizen has not seen it end."""
    asking, rated = State(visit=ASKING), State(visit=RATED)
    after = load(dump(asking), 7.0).visit
    assert after is not None
    assert after.rating == Asking("r1", 7.0, 30.0)
    after = load(dump(rated), 7.0).visit
    assert after is not None
    assert (after.rating, after.rated) == (Rated("r1", 4, 7.0, 7.0 + REPLACE_S), True)


def test_a_card_inside_is_there_after_a_restart() -> None:
    """With its alarm; it counts as taken when the reader says nothing of it for a minute."""
    state = State(inside=(Inside("reader", "slot 0"),), left=True)
    after = load(dump(state), 7.0)
    assert (after.inside, after.left, after.unsure_s) == (state.inside, True, 67.0)
    assert elapse(after, "pad", 66.9, 900.0).state == after
    assert not elapse(after, "pad", 67.0, 900.0).state.inside


def test_a_new_card_knows_nothing() -> None:
    """An empty outbox is a window without a visit."""
    assert load({}, now_s=7.0) == State()
