"""The session, every state with every input."""

from dataclasses import replace

import pytest

from firmware.session import (
    REMEMBERED_VISITS,
    REPLACE_S,
    Asking,
    ConfirmLevel,
    Order,
    OrderRefusal,
    Outcome,
    Rated,
    Scene,
    State,
    Wink,
    due_s,
    dump,
    elapse,
    later,
    load,
    obey,
    observe,
    scene,
)
from hal.errors import DeviceRefused
from hal.events.facts import CardRead, CodeScanned, IdentityRead, RatingExpired, RatingGiven
from hal.events.orders import CancelRating, CloseVisit, OpenVisit, RequestRating
from hal.interfaces import (
    CodeRead,
    IdentityCardRead,
    LevelPressed,
    Observation,
    Screen,
    SocialSecurityCardRead,
    Unreadable,
)

NOW = 100.0
NONE = State(over=("v0",))
OPEN = State(visit="v1", ticket="A001", over=("v0",))
ASKING = replace(OPEN, rating=Asking("r1", since_s=95.0, timeout_s=30.0))
RATED = replace(OPEN, rating=Rated("r1", 4, since_s=95.0, until_s=103.0))
OVER = replace(OPEN, rating=Rated("r1", 4, since_s=80.0, until_s=99.0))
STATES = {"none": NONE, "open": OPEN, "asking": ASKING, "rated": RATED, "over": OVER}

CARD = IdentityCardRead(IdentityRead(document="resident", name="示例", number="11010519491231002X"))
CODE = CodeRead(CodeScanned(text="OW:T:1", kind="ticket"))
PRESS = LevelPressed(5, "gpio26")
BAD = Unreadable(DeviceRefused("cannot be read"))


def names(outcome: Outcome) -> list[tuple[str, str | None]]:
    return [(f"{fact.role}.{fact.name}", fact.visit) for fact in outcome.facts]


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
@pytest.mark.parametrize(
    ("seen", "fact", "sign"),
    [
        (CARD, "identity.read", Wink("green")),
        (CODE, "code.scanned", Wink("yellow")),
        (BAD, None, Wink("red")),
    ],
    ids=["card", "code", "unreadable"],
)
def test_reading_never_changes_what_goes_on(
    state: State, seen: Observation, fact: str | None, sign: Wink
) -> None:
    """Each reading is a fact of the open visit, or of none, with its own lamp as the answer."""
    outcome = observe(state, "device-1", seen, NOW)
    assert dump(outcome.state) == dump(state)
    assert names(outcome) == ([] if fact is None else [(fact, state.visit)])
    assert outcome.signs == (sign,)
    assert all(kept.device == "device-1" for kept in outcome.facts)


def read(state: State, *seen: Observation) -> Outcome:
    """What the last of these readings leads to."""
    outcome = Outcome(state)
    for each in seen:
        outcome = observe(outcome.state, "device-1", each, NOW)
    return outcome


def social(number: str | None, name: str | None = "示例") -> Observation:
    return SocialSecurityCardRead(CardRead(social_security_number=number, name=name))


def test_cards_of_one_person_agree() -> None:
    """The social-security card of the bearer of the identity card is nothing to worry about."""
    outcome = read(OPEN, CARD, social("11010519491231002X"))
    assert outcome.signs == (Wink("green"),)
    assert not outcome.state.mismatch


@pytest.mark.parametrize("other", [social("110105194912310038"), social(None, "别人")])
def test_cards_of_two_people_are_told_at_once(other: Observation) -> None:
    """The fact is kept, red answers, and the display says that the cards do not agree."""
    outcome = read(OPEN, CARD, other)
    assert names(outcome) == [("card.read", "v1")]
    assert outcome.signs == (Wink("red"),)
    assert scene(outcome.state).screen == Screen("A001", ("证卡不一致", "请核对人员"))


def test_the_next_citizen_is_not_compared_with_the_last() -> None:
    """A new visit knows nobody's documents, and outside a visit none are remembered."""
    state = obey(read(OPEN, CARD).state, OpenVisit(ticket="A002"), "v2", "pad", NOW).state
    assert read(state, social("110105194912310038")).signs == (Wink("green"),)
    assert read(NONE, CARD, social("110105194912310038")).signs == (Wink("green"),)


def test_whose_documents_were_read_stays_in_memory() -> None:
    """Neither what goes to the disk nor what a log line would show names the bearer."""
    state = read(OPEN, CARD).state
    assert "示例" not in f"{dump(state)}{state!r}"
    assert "11010519491231002X" not in f"{dump(state)}{state!r}"


@pytest.mark.parametrize("name", ["none", "open", "over"])
def test_a_press_without_a_request_is_no_fact(name: str) -> None:
    """Nobody asked, or the time to replace is over: red answers, nothing is kept."""
    outcome = observe(STATES[name], "pad", PRESS, NOW)
    assert outcome.facts == ()
    assert outcome.signs == (Wink("red"),)
    assert outcome.state == replace(STATES[name], rating=None)


def test_the_first_press_is_the_rating() -> None:
    """It carries the request, the latency since it was asked, and the raw key."""
    outcome = observe(ASKING, "pad", PRESS, NOW)
    assert [fact.data for fact in outcome.facts] == [
        RatingGiven(request="r1", level=5, raw_key="gpio26", latency_ms=5000)
    ]
    assert outcome.signs == (ConfirmLevel(5),)
    assert outcome.state.rating == Rated("r1", 5, 95.0, NOW + REPLACE_S)


def test_a_second_press_in_time_replaces_the_first() -> None:
    """The fact names the level that it takes the place of; the time to replace begins anew."""
    outcome = observe(RATED, "pad", PRESS, NOW)
    assert [fact.data for fact in outcome.facts] == [
        RatingGiven(request="r1", level=5, raw_key="gpio26", latency_ms=5000, replaces=4)
    ]
    assert outcome.state.rating == Rated("r1", 5, 95.0, NOW + REPLACE_S)


OPEN_SAME, OPEN_OTHER = (OpenVisit(ticket="A001"), "v1"), (OpenVisit(ticket="A002"), "v2")
OPEN_CLOSED = (OpenVisit(ticket="A000"), "v0")
OPEN_OLDER = (OpenVisit(ticket="A009"), "v0z")
CLOSE_SAME, CLOSE_OTHER = (CloseVisit(), "v1"), (CloseVisit(), "v2")
ASK_SAME, ASK_NEW = (RequestRating(request="r1"), "v1"), (RequestRating(request="r2"), "v1")
ASK_OTHER = (RequestRating(request="r3"), "v2")
CANCEL_SAME, CANCEL_OTHER = (CancelRating(request="r1"), "v1"), (CancelRating(request="r9"), "v1")
V1, V2 = OPEN, State(visit="v2", ticket="A002", over=("v0", "v1"))
EXPIRED = [("rating.expired", "v1")]
ASKED_R1 = replace(OPEN, rating=Asking("r1", NOW, 30.0))
ASKED_R2 = replace(OPEN, rating=Asking("r2", NOW, 30.0))
CLOSED = State(over=("v0", "v1"))
OLDER = State("v0z", "A009", over=("v0",))


def over_too(state: State) -> State:
    """The same, knowing that v2 is over."""
    return replace(state, over=("v0", "v2"))


OBEYED: list[tuple[str, tuple[Order, str], State | str, list[tuple[str, str]]]] = [
    ("none", OPEN_SAME, State("v1", "A001", over=("v0",)), []),
    ("none", OPEN_OTHER, State("v2", "A002", over=("v0",)), []),
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
    ("open", ASK_SAME, ASKED_R1, []),
    ("open", ASK_NEW, ASKED_R2, []),
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
    ("asking", CANCEL_SAME, OPEN, []),
    ("asking", CANCEL_OTHER, ASKING, []),
    ("rated", OPEN_SAME, RATED, []),
    ("rated", OPEN_OTHER, V2, []),
    ("rated", OPEN_CLOSED, "wrong_visit", []),
    ("rated", OPEN_OLDER, "wrong_visit", []),
    ("rated", CLOSE_SAME, CLOSED, []),
    ("rated", CLOSE_OTHER, over_too(RATED), []),
    ("rated", ASK_SAME, RATED, []),
    ("rated", ASK_NEW, ASKED_R2, []),
    ("rated", ASK_OTHER, "wrong_visit", []),
    ("rated", CANCEL_SAME, RATED, []),
    ("rated", CANCEL_OTHER, RATED, []),
]


@pytest.mark.parametrize(("name", "order", "after", "facts"), OBEYED)
def test_every_state_answers_every_order(
    name: str, order: tuple[Order, str], after: State | str, facts: list[tuple[str, str]]
) -> None:
    """An order changes the state as the table says, or is refused with its reason."""
    if isinstance(after, str):
        with pytest.raises(OrderRefusal) as refused:
            obey(STATES[name], *order, "pad", NOW)
        assert refused.value.reason == after
        return
    outcome = obey(STATES[name], *order, "pad", NOW)
    assert outcome.state == after
    assert names(outcome) == facts
    assert outcome.signs == ()


def test_the_table_of_orders_is_whole() -> None:
    """Each of the four states meets each of the eleven orders."""
    assert len({(name, repr(order)) for name, order, _, _ in OBEYED}) == 4 * 11


def test_a_late_order_reopens_nothing() -> None:
    """An opening that was overtaken by its own visit's close, and by the next visit, is refused."""
    state = obey(State(), OpenVisit(ticket="A002"), "v2", "pad", NOW).state
    state = obey(state, CloseVisit(), "v1", "pad", NOW).state
    state = obey(state, CloseVisit(), "v2", "pad", NOW).state
    with pytest.raises(OrderRefusal) as refused:
        obey(state, OpenVisit(ticket="A001"), "v1", "pad", NOW)
    assert refused.value.reason == "wrong_visit"


def test_only_so_many_visits_are_remembered() -> None:
    """What is remembered for late orders does not grow with the day."""
    state = State()
    for number in range(100):
        state = obey(state, OpenVisit(ticket="A"), f"v{number:03}", "pad", NOW).state
    assert state.over == tuple(f"v{number:03}" for number in range(99 - REMEMBERED_VISITS, 99))


def test_time_that_could_not_be_kept_runs_on() -> None:
    """A full disk moves the end of what runs, and of nothing else."""
    assert due_s(later(ASKING, 1.0)) == 126.0
    assert due_s(later(RATED, 1.0)) == 104.0
    assert later(OPEN, 1.0) == OPEN


def test_an_order_without_a_visit_is_refused() -> None:
    """Nothing is opened, closed or asked for nobody."""
    with pytest.raises(OrderRefusal) as refused:
        obey(OPEN, CloseVisit(), None, "pad", NOW)
    assert refused.value.reason == "invalid"


def test_a_request_expires_unanswered() -> None:
    """At its time, not before, the pad stops asking and says that nobody pressed."""
    assert due_s(ASKING) == 125.0
    assert elapse(ASKING, "pad", 124.9) == Outcome(ASKING)
    outcome = elapse(ASKING, "pad", 125.0)
    assert outcome.state == OPEN
    assert [fact.data for fact in outcome.facts] == [RatingExpired(request="r1")]


def test_the_time_to_replace_ends_without_a_fact() -> None:
    """A given rating stays given when its lamp goes out."""
    outcome = elapse(RATED, "pad", 103.0)
    assert outcome == Outcome(OPEN)


def test_nothing_runs_without_a_rating() -> None:
    """No time out is waited for in a state that has none."""
    assert due_s(NONE) is None
    assert due_s(OPEN) is None
    assert elapse(OPEN, "pad", 1e9) == Outcome(OPEN)


@pytest.mark.parametrize(
    ("name", "green", "pad", "screen"),
    [
        ("none", False, set(), Screen("欢迎", ("请等候叫号",))),
        ("open", True, set(), Screen("A001", ("请到本窗口", "办理业务"))),
        ("asking", True, {1, 2, 3, 4, 5}, Screen("请评价", ("A001", "请按评价键"))),
        ("rated", True, {4}, Screen("谢谢", ("满意",))),
    ],
)
def test_lamps_and_display_follow_the_state(
    name: str, green: bool, pad: set[int], screen: Screen
) -> None:
    """Green while a visit is open; five lamps ask, one shows the choice; the words say the same."""
    assert scene(STATES[name]) == Scene(green=green, pad=frozenset(pad), screen=screen)


def test_the_display_names_the_window() -> None:
    """Where the order says which window it is, the citizen reads it."""
    order = OpenVisit(ticket="A001", window=3)
    state = obey(State(), order, "v1", "pad", NOW).state
    assert scene(state).screen.lines[0] == "请到3号窗口"
    assert scene(load(dump(state), NOW)).screen.lines[0] == "请到3号窗口"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State(), State()),
        (NONE, NONE),
        (OPEN, OPEN),
        (ASKING, replace(OPEN, rating=Asking("r1", 7.0, 30.0))),
        (RATED, replace(OPEN, rating=Rated("r1", 4, 7.0, 7.0 + REPLACE_S))),
    ],
)
def test_a_restart_knows_visit_and_rating(before: State, after: State) -> None:
    """What was running begins anew at the moment of the restart."""
    assert load(dump(before), now_s=7.0) == after


def test_a_new_card_knows_nothing() -> None:
    """An empty outbox is a window without a visit."""
    assert load({}, now_s=7.0) == State()
