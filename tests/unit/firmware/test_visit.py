"""What people and time do to a visit."""

from dataclasses import replace

import msgspec
import pytest

from firmware.obey import obey
from firmware.scene import scene
from firmware.session import (
    REPLACE_S,
    Asking,
    ConfirmLevel,
    Explain,
    Inside,
    Outcome,
    Rated,
    Sign,
    State,
    Visit,
    Wink,
    dump,
    load,
)
from firmware.surroundings import AbleSeen, Around
from firmware.visit import (
    READER_BACK_S,
    accept,
    due_s,
    elapse,
    notice,
    observe,
    photographed,
)
from hal.errors import DeviceRefused
from hal.events.facts import (
    CardRead,
    CardRemoved,
    CodeScanned,
    DocumentCaptured,
    IdentityRead,
    Page,
    RatingExpired,
    RatingGiven,
    VisitClosed,
)
from hal.events.orders import CloseVisit, OpenVisit
from hal.interfaces import (
    CardInserted,
    CardTaken,
    CodeRead,
    IdentityCardRead,
    LevelPressed,
    Observation,
    Screen,
    SocialSecurityCardRead,
    Unreadable,
)

NOW, IDLE_S = 100.0, 900.0
FULL = Around(centre=True, disk_low=True)
NONE = State(over=("v0",), around=Around(centre=True))
V1 = Visit("v1", "A001", asked="r1")
OPEN = replace(NONE, visit=V1)
ASKING = replace(NONE, visit=replace(V1, rating=Asking("r1", since_s=95.0, timeout_s=30.0)))
RATED_RATING = Rated("r1", 4, since_s=95.0, until_s=103.0)
RATED = replace(NONE, visit=replace(V1, rated=True, rating=RATED_RATING))
OVERDUE = replace(NONE, visit=replace(V1, rated=True, rating=replace(RATED_RATING, until_s=99.0)))
STATES = {"none": NONE, "open": OPEN, "asking": ASKING, "rated": RATED, "overdue": OVERDUE}

CARD = IdentityCardRead(IdentityRead(document="resident", name="示例", number="11010519491231002X"))
CODE = CodeRead(CodeScanned(text="OW:T:1", kind="ticket"))
PRESS = LevelPressed(5, "gpio26")
IN, OUT = CardInserted("slot 0", "3B"), CardTaken("slot 0")
BAD = Unreadable(DeviceRefused("cannot be read", remedy="clear"))


def names(outcome: Outcome) -> list[tuple[str, str | None]]:
    return [(f"{fact.role}.{fact.name}", fact.visit) for fact in outcome.facts]


def after(state: State, *seen: Observation) -> Outcome:
    """What the last of these leads to."""
    outcome = Outcome(state)
    for each in seen:
        outcome = observe(outcome.state, "device-1", each, NOW)
    return outcome


def social(number: str | None, name: str | None = "示例") -> Observation:
    return SocialSecurityCardRead(CardRead(social_security_number=number, name=name))


OTHER = social("110105194912310038")


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
@pytest.mark.parametrize(
    ("seen", "fact", "sign"),
    [
        (CARD, "identity.read", [Wink("green")]),
        (CODE, "code.scanned", [Wink("yellow")]),
        (IN, "card.presented", []),
        (OUT, None, []),
        (BAD, None, [Wink("red"), Explain("请重新放置")]),
    ],
    ids=["card", "code", "inserted", "taken by nobody", "unreadable"],
)
def test_each_reading_is_a_fact_of_the_open_visit(
    state: State, seen: Observation, fact: str | None, sign: list[Sign]
) -> None:
    """Or of nobody, with its own lamp as the answer, and words where it was not read."""
    outcome = observe(state, "device-1", seen, NOW)
    assert names(outcome) == ([] if fact is None else [(fact, state.visit_id)])
    assert list(outcome.signs) == sign
    assert all(kept.device == "device-1" for kept in outcome.facts)
    assert outcome.state.visit_id == state.visit_id
    if state.visit is not None and outcome.state.visit is not None:
        assert outcome.state.visit.rating == state.visit.rating


@pytest.mark.parametrize("state", [NONE, OPEN], ids=["none", "open"])
@pytest.mark.parametrize("seen", [CARD, OTHER, CODE], ids=["identity", "card", "code"])
def test_a_full_disk_takes_in_nothing_new(state: State, seen: Observation) -> None:
    """Red answers and nothing is to be kept."""
    full = replace(state, around=FULL)
    assert observe(full, "device-1", seen, NOW) == Outcome(full, signs=(Wink("red"),))


def test_a_full_disk_lets_a_visit_come_to_its_end() -> None:
    """A press that was asked for counts, and a card goes in and out as it does."""
    full = replace(ASKING, around=FULL)
    assert names(observe(full, "pad", PRESS, NOW)) == [("rating.given", "v1")]
    inside = observe(full, "reader", IN, NOW)
    assert names(inside) == [("card.presented", "v1")]
    assert observe(inside.state, "reader", OUT, NOW).state.inside == ()


def test_cards_of_one_person_agree() -> None:
    """The social-security card of the bearer of the identity card is nothing to worry about."""
    outcome = after(OPEN, CARD, social("11010519491231002X"))
    assert outcome.signs == (Wink("green"),)
    assert outcome.state.visit is not None
    assert not outcome.state.visit.mismatch


@pytest.mark.parametrize("other", [OTHER, social(None, "别人")])
def test_cards_of_two_people_are_told_at_once(other: Observation) -> None:
    """The fact is kept without a role, red answers and stands, the display asks for a role."""
    outcome = after(OPEN, CARD, other)
    assert names(outcome) == [("card.read", "v1")]
    (fact,) = outcome.facts
    assert isinstance(fact.data, CardRead)
    assert fact.data.party is None
    assert outcome.signs == (Wink("red"),)
    shown = scene(outcome.state)
    assert shown.red
    assert shown.screen == Screen("A001", ("证卡不一致", "请选择身份"))


def test_an_accepted_stranger_is_written_down_with_his_role() -> None:
    """From then on, and the lamp goes out."""
    state = after(OPEN, CARD, OTHER).state
    assert state.visit is not None
    state = accept(state, state.visit, "agent", NOW)
    assert not scene(state).red
    (fact,) = after(state, OTHER).facts
    assert isinstance(fact.data, CardRead)
    assert fact.data.party == "agent"
    (fact,) = after(state, CARD).facts
    assert isinstance(fact.data, IdentityRead)
    assert fact.data.party is None


def test_the_next_citizen_is_not_compared_with_the_last() -> None:
    """A new visit knows nobody's documents, and outside a visit none are remembered."""
    state = obey(after(OPEN, CARD).state, OpenVisit(ticket="A002"), "v2", "pad", NOW).state
    assert after(state, OTHER).signs == (Wink("green"),)
    assert after(NONE, CARD, OTHER).signs == (Wink("green"),)


@pytest.mark.parametrize("name", ["none", "open", "overdue"])
def test_a_press_without_a_request_is_no_fact(name: str) -> None:
    """Nobody asked, or the time to replace is over: red answers, nothing is kept."""
    outcome = observe(STATES[name], "pad", PRESS, NOW)
    assert outcome.facts == ()
    assert outcome.signs == (Wink("red"),)
    assert outcome.state.visit is None or outcome.state.visit.rating is None


def test_the_first_press_is_the_rating() -> None:
    """It carries the request, the latency since it was asked, and the raw key."""
    outcome = observe(ASKING, "pad", PRESS, NOW)
    assert [fact.data for fact in outcome.facts] == [
        RatingGiven(request="r1", level=5, raw_key="gpio26", latency_ms=5000)
    ]
    assert outcome.signs == (ConfirmLevel(5),)
    assert outcome.state.visit is not None
    assert outcome.state.visit.rating == Rated("r1", 5, 95.0, NOW + REPLACE_S)
    assert outcome.state.visit.rated


def test_a_second_press_in_time_replaces_the_first() -> None:
    """The fact names the level that it takes the place of; the time to replace begins anew."""
    outcome = observe(RATED, "pad", PRESS, NOW)
    assert [fact.data for fact in outcome.facts] == [
        RatingGiven(request="r1", level=5, raw_key="gpio26", latency_ms=5000, replaces=4)
    ]
    assert outcome.state.visit is not None
    assert outcome.state.visit.rating == Rated("r1", 5, 95.0, NOW + REPLACE_S)


def test_a_press_after_the_close_is_not_the_next_visits() -> None:
    """Neither when nobody is here, nor when the next one is and was not asked yet."""
    closed = obey(RATED, CloseVisit(), "v1", "pad", NOW).state
    following = obey(closed, OpenVisit(ticket="A002"), "v2", "pad", NOW).state
    for state in (closed, following):
        assert observe(state, "pad", PRESS, NOW) == Outcome(state, signs=(Wink("red"),))


def page(verdict: str) -> DocumentCaptured:
    laid = Page(
        hash="", size_bytes=0, width_px=1, height_px=1, dpi=200.0,
        sharpness=0.9, glare=0.0, skew_deg=0.0, verdict=verdict,
    )  # fmt: skip
    return DocumentCaptured(document="d1", pages=[laid])


def test_good_pages_are_counted() -> None:
    """A page that must be laid again is a fact of the visit too, and red answers."""
    good = photographed(OPEN, "camera", "v1", page("good"), NOW)
    assert (names(good), good.signs) == ([("document.captured", "v1")], (Wink("yellow"),))
    bad = photographed(good.state, "camera", "v1", page("blurred"), NOW)
    assert (names(bad), bad.signs) == ([("document.captured", "v1")], (Wink("red"),))
    assert bad.state.visit is not None
    assert bad.state.visit.pages == 1


def test_pages_of_a_document_are_numbered_through_a_restart() -> None:
    """Each document counts its own good pages; a page to be laid again takes no number."""
    state, numbers = OPEN, []
    for verdict, document in (
        ("good", "d1"), ("blurred", "d1"), ("good", "d2"), ("repeated", "d1"), ("good", "d1"),
    ):  # fmt: skip
        laid = msgspec.structs.replace(page(verdict), document=document)
        outcome = photographed(state, "camera", "v1", laid, NOW)
        data = outcome.facts[0].data
        assert isinstance(data, DocumentCaptured)
        numbers.append(data.pages[0].page)
        state = load(msgspec.json.decode(msgspec.json.encode(dump(outcome.state))), NOW)
    assert numbers == [1, None, 1, None, 2]


@pytest.mark.parametrize("state", [NONE, replace(OPEN, visit=Visit("v2", "A002"))])
def test_a_page_that_comes_too_late_is_nobodys(state: State) -> None:
    """Its visit is over: it is kept, bound neither to that one nor to the next."""
    outcome = photographed(state, "camera", "v1", page("good"), NOW)
    assert names(outcome) == [("document.captured", None)]
    assert (outcome.state, outcome.signs) == (state, (Wink("red"),))


def test_a_request_expires_unanswered() -> None:
    """At its time, not before, the pad stops asking and says that nobody pressed."""
    assert due_s(ASKING, IDLE_S) == 125.0
    assert elapse(ASKING, "pad", 124.9, IDLE_S) == Outcome(ASKING)
    outcome = elapse(ASKING, "pad", 125.0, IDLE_S)
    assert outcome.state == OPEN
    assert [fact.data for fact in outcome.facts] == [RatingExpired(request="r1")]


def test_the_time_to_replace_ends_without_a_fact() -> None:
    """A given rating stays given when its lamp goes out."""
    outcome = elapse(RATED, "pad", 103.0, IDLE_S)
    assert outcome == Outcome(replace(NONE, visit=replace(V1, rated=True)))


def test_nothing_runs_without_a_rating() -> None:
    """No time out is waited for in a state that has none."""
    assert due_s(NONE, IDLE_S) is None
    assert due_s(OPEN, IDLE_S) is None
    assert elapse(OPEN, "pad", 1e9, IDLE_S) == Outcome(OPEN)


def test_an_untouched_local_visit_closes() -> None:
    """Counted from the last thing that somebody did; a rating that was asked for expires."""
    local = replace(ASKING, visit=replace(V1, local=True, touched_s=0.0))
    state = observe(local, "reader", CARD, 50.0).state
    assert state.visit is not None
    state = replace(state, visit=replace(state.visit, rating=Asking("v1", 940.0, 30.0)))
    assert due_s(state, IDLE_S) == 950.0
    outcome = elapse(state, "pad", 950.0, IDLE_S)
    assert names(outcome) == [("rating.expired", "v1"), ("visit.closed", "v1")]
    assert outcome.facts[-1].data == VisitClosed(reason="idle")
    assert outcome.state.over == ("v0", "v1")


def test_a_card_left_inside_is_told_and_stands() -> None:
    """Bound to the visit that closed; red lamp, buzzer and voice until it is taken."""
    state = after(OPEN, IN).state
    outcome = obey(state, CloseVisit(), "v1", "pad", NOW)
    assert names(outcome) == [("card.left", "v1")]
    shown = scene(outcome.state)
    assert (shown.green, shown.red, shown.buzzer) == (False, True, True)
    assert shown.phrase == "请取回您的社会保障卡"
    assert "请取回社保卡" in shown.screen.lines
    taken = observe(outcome.state, "device-1", OUT, NOW)
    assert names(taken) == [("card.removed", None)]
    assert scene(taken.state) == scene(NONE)


def test_one_of_two_cards_left_goes_on_standing() -> None:
    """A window with two readers waits for both."""
    state = observe(after(OPEN, IN).state, "reader-2", IN, NOW).state
    closed = obey(state, CloseVisit(), "v1", "pad", NOW)
    assert names(closed) == [("card.left", "v1")] * 2
    one = observe(closed.state, "device-1", OUT, NOW).state
    assert scene(one).buzzer
    assert not scene(observe(one, "reader-2", OUT, NOW).state).buzzer


def test_a_reader_that_is_back_tells_of_the_card_or_it_is_gone() -> None:
    """Its silence frees the window; its word keeps the card where it is."""
    here = Inside("reader", "slot 0")
    state = replace(NONE, inside=(here,), left=True)
    state = notice(state, AbleSeen(frozenset({"card"})), NOW)
    assert due_s(state, IDLE_S) == NOW + READER_BACK_S
    again = observe(state, "reader", IN, NOW).state
    assert due_s(again, IDLE_S) is None
    assert again.left
    gone = elapse(state, "pad", NOW + READER_BACK_S, IDLE_S).state
    assert (gone.inside, gone.left, gone.unsure_s) == ((), False, None)


def test_a_reader_that_stays_away_does_not_block_the_window_for_ever() -> None:
    """While it works nothing is uncertain; when it goes, its card counts as taken in a while."""
    able = replace(NONE, around=replace(NONE.around, able=frozenset({"card"})))
    state = observe(able, "reader", IN, NOW).state
    assert due_s(notice(state, AbleSeen(frozenset({"card", "code"})), NOW), IDLE_S) is None
    away = notice(state, AbleSeen(frozenset()), NOW)
    due = due_s(away, IDLE_S)
    assert due is not None
    assert elapse(away, "pad", due, IDLE_S).state.inside == ()


@pytest.mark.parametrize("state", [NONE, OPEN], ids=["none", "open"])
def test_a_card_of_which_nobody_hears_is_told_as_taken(state: State) -> None:
    """At its time, not before: bound to the visit that is open then, or to nobody; told once."""
    inside = (Inside("reader", "slot 0"), Inside("reader-2", "slot 1"))
    unsure = notice(replace(state, inside=inside), AbleSeen(frozenset({"card"})), NOW)
    due = NOW + READER_BACK_S
    assert elapse(unsure, "pad", due - 0.1, IDLE_S) == Outcome(unsure)
    outcome = elapse(unsure, "pad", due, IDLE_S)
    assert [(fact.device, fact.data, fact.visit) for fact in outcome.facts] == [
        (each.device, CardRemoved(slot=each.slot), state.visit_id) for each in inside
    ]
    assert outcome.state == replace(unsure, inside=(), unsure_s=None)
    assert elapse(outcome.state, "pad", due, IDLE_S) == Outcome(outcome.state)


def test_a_card_that_was_left_is_bound_to_no_later_visit() -> None:
    """Presumed taken when its visit is over, its fact is nobody's; the window calls again."""
    left = obey(after(OPEN, IN).state, CloseVisit(), "v1", "pad", NOW).state
    outcome = elapse(replace(left, unsure_s=NOW), "pad", NOW, IDLE_S)
    assert names(outcome) == [("card.removed", None)]
    assert scene(outcome.state) == scene(NONE)
