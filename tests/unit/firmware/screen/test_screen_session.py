"""What the customer screen shows, and what is done on it, as plain values."""

from dataclasses import replace

import pytest

from firmware.local_desk import (
    ConfirmShown,
    DisputeShown,
    GiveUpSheet,
    LocalRefused,
    PressLevel,
    ScreenWish,
    SignShown,
)
from firmware.obey import obey
from firmware.screen_session import Scenery, carry_out, shown
from firmware.session import (
    Asking,
    ConfirmLevel,
    Inside,
    OrderRefusal,
    Rated,
    Reading,
    State,
    Visit,
    dump,
    ended,
    load,
)
from firmware.surroundings import Around
from firmware.visit import due_s, elapse
from hal.events.facts import (
    RatingGiven,
    SheetConfirmed,
    SheetDisputed,
    SheetExpired,
    SignatureGiven,
)
from hal.events.orders import ConfirmSheet, ShowService

NOW, SHEET, OTHER = 100.0, "a" * 64, "b" * 64
THERE = Around(centre=True, screen=True)
FULL = replace(THERE, disk_low=True)
IDLE = State(around=THERE)
SERVICE = ShowService(teller="示例甲", post="综合窗口", promises=["一次办好"])
VISIT = Visit("v1", "A001", window=3, since_s=NOW, touched_s=NOW)
READING = Reading(SHEET, True, NOW, 300.0)
READ = replace(IDLE, visit=replace(VISIT, served=True, reading=READING))
CONFIRMED = replace(
    IDLE, visit=replace(VISIT, served=True, reading=replace(READING, confirmed=True))
)
ASKED = replace(IDLE, visit=replace(VISIT, rating=Asking("r1", NOW, 30.0), asked="r1"))
SIGNED = SignShown(SHEET, OTHER, "c" * 64, 900)


def reading(state: State) -> Reading | None:
    return None if state.visit is None else state.visit.reading


@pytest.mark.parametrize(
    ("state", "scenery"),
    [
        (IDLE, "idle"),
        (State(), "offline"),
        (replace(IDLE, paused=True), "paused"),
        (replace(IDLE, around=replace(THERE, lost=frozenset({"card"}))), "fault"),
        (replace(IDLE, inside=(Inside("card", "slot 0"),), paused=True), "card"),
        (replace(IDLE, visit=VISIT), "called"),
        (replace(IDLE, visit=replace(VISIT, served=True)), "serving"),
        (READ, "sheet"),
        (CONFIRMED, "sign"),
        (ASKED, "rating"),
        (replace(READ, visit=replace(READ.visit, rating=Asking("r1", NOW, 30.0))), "rating"),
        (replace(IDLE, visit=replace(VISIT, rating=Rated("r1", 4, NOW, NOW + 8))), "rated"),
        (replace(State(), visit=replace(VISIT, local=True)), "called"),
    ],
)
def test_the_scenery_is_derived(state: State, scenery: Scenery) -> None:
    """Each situation of the window has one picture, with the centre or without it."""
    assert shown(state).scenery == scenery


def test_who_serves_stands_until_another_does() -> None:
    """With and without a visit, and after a restart; an empty name ends it."""
    served = obey(IDLE, SERVICE, None, "pad", NOW).state
    assert shown(served).service == SERVICE
    assert shown(replace(served, visit=VISIT)).service == SERVICE
    assert shown(load(dump(served), 7.0)).service == SERVICE
    assert shown(obey(served, ShowService(teller=""), None, "pad", NOW).state).service is None


def test_a_sheet_is_confirmed_and_then_signed() -> None:
    """Two facts of the visit, each of what was shown, and the screen asks no more."""
    asked = obey(replace(IDLE, visit=VISIT), ConfirmSheet(sheet=SHEET), "v1", "pad", NOW)
    assert (shown(asked.state).scenery, shown(asked.state).sheet) == ("sheet", SHEET)
    confirmed = carry_out(asked.state, ConfirmShown(SHEET), NOW)
    assert shown(confirmed.state).scenery == "sign"
    signed = carry_out(confirmed.state, SIGNED, NOW)
    assert reading(signed.state) is None
    facts = [*confirmed.facts, *signed.facts]
    assert [(each.device, each.role, each.name, each.visit) for each in facts] == [
        ("screen", "sheet", "confirmed", "v1"),
        ("screen", "signature", "given", "v1"),
    ]
    assert facts[0].data == SheetConfirmed(shown_hash=SHEET)
    assert facts[1].data == SignatureGiven(
        shown_hash=SHEET, strokes_hash=OTHER, picture="c" * 64, size_bytes=900
    )


def test_without_a_signature_the_confirmation_ends_it() -> None:
    """An order may do without a signature."""
    order = ConfirmSheet(sheet=SHEET, sign=False)
    asked = obey(replace(IDLE, visit=VISIT), order, "v1", "pad", NOW)
    assert reading(carry_out(asked.state, ConfirmShown(SHEET), NOW).state) is None


@pytest.mark.parametrize("state", [READ, CONFIRMED])
def test_what_is_wrong_is_told_by_its_labels(state: State) -> None:
    """有误 is a fact of its own, also while the signature is awaited."""
    outcome = carry_out(state, DisputeShown(SHEET, ("户籍地址",)), NOW)
    (fact,) = outcome.facts
    assert (fact.name, fact.data) == (
        "disputed",
        SheetDisputed(shown_hash=SHEET, rows=["户籍地址"]),
    )
    assert reading(outcome.state) is None


@pytest.mark.parametrize(
    ("state", "wish"),
    [
        (IDLE, ConfirmShown(SHEET)),
        (READ, ConfirmShown(OTHER)),
        (READ, SIGNED),
        (CONFIRMED, ConfirmShown(SHEET)),
        (CONFIRMED, replace(SIGNED, shown=OTHER)),
        (replace(IDLE, visit=VISIT), DisputeShown(SHEET)),
        (IDLE, GiveUpSheet(SHEET)),
        (IDLE, PressLevel("r1", 5)),
        (ASKED, PressLevel("r0", 5)),
        (replace(IDLE, visit=replace(VISIT, rating=Rated("r1", 4, 80, 88))), PressLevel("r1", 5)),
    ],
)
def test_only_what_is_shown_can_be_answered(state: State, wish: ScreenWish) -> None:
    """A press on what is no longer shown counts for nothing, and never for what came after it."""
    with pytest.raises(LocalRefused) as refused:
        carry_out(state, wish, NOW)
    assert refused.value.code == "not_asked"


def test_the_screen_rates_by_the_same_rule_as_the_pad() -> None:
    """One rating by its nonce; within 8 s a second press takes the place of the first."""
    first = carry_out(ASKED, PressLevel("r1", 2), NOW + 3)
    second = carry_out(first.state, PressLevel("r1", 5), NOW + 5)
    assert [each.data for each in (*first.facts, *second.facts)] == [
        RatingGiven(request="r1", level=2, raw_key="screen", latency_ms=3000),
        RatingGiven(request="r1", level=5, raw_key="screen", latency_ms=5000, replaces=2),
    ]
    assert second.signs == (ConfirmLevel(5),)
    assert second.facts[0].device == "screen"


@pytest.mark.parametrize(
    ("state", "order"),
    [
        (replace(IDLE, visit=VISIT, around=Around(centre=True)), ConfirmSheet(sheet=SHEET)),
        (replace(IDLE, visit=VISIT, around=FULL), ConfirmSheet(sheet=SHEET)),
        (IDLE, ConfirmSheet(sheet=SHEET)),
    ],
)
def test_nobody_waits_for_a_screen_that_cannot_answer(state: State, order: ConfirmSheet) -> None:
    """No browser, no room, no visit: the teller hears it at once."""
    with pytest.raises(OrderRefusal):
        obey(state, order, "v1", "pad", NOW)


def test_every_sheet_comes_to_an_end() -> None:
    """A newer sheet, the time, the close and a sheet that cannot be had: each is told."""
    newer = obey(READ, ConfirmSheet(sheet=OTHER), "v1", "pad", NOW)
    assert reading(newer.state) == Reading(OTHER, True, NOW, 300.0)
    assert due_s(READ, 900.0) == NOW + 300.0
    late = elapse(READ, "pad", NOW + 300.0, 900.0)
    away = carry_out(READ, GiveUpSheet(SHEET), NOW)
    closed = ended(READ, "pad")
    assert [outcome.facts[0].data for outcome in (newer, late, closed, away)] == [
        SheetExpired(shown_hash=SHEET, reason="replaced"),
        SheetExpired(shown_hash=SHEET, reason="no_answer"),
        SheetExpired(shown_hash=SHEET, reason="closed"),
        SheetExpired(shown_hash=SHEET, reason="unavailable"),
    ]
    assert reading(late.state) is reading(away.state) is None
    assert obey(READ, ConfirmSheet(sheet=SHEET), "v1", "pad", NOW).state == READ


def test_a_restart_asks_again() -> None:
    """The citizen has not answered, so the time begins anew."""
    assert reading(load(dump(CONFIRMED), 7.0)) == Reading(SHEET, True, 7.0, 300.0, confirmed=True)
