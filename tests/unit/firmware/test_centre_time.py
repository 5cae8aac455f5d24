"""The centre's time by its own words, some of which were long on the way."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from firmware.centre_time import WINDOW_S, CentreTime
from hal.clock import Clock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Moving(Clock, Protocol):
    def pass_s(self, seconds: float) -> None: ...


@pytest.fixture
def centre_time(clock: Clock) -> CentreTime:
    return CentreTime(clock)


def test_nothing_is_known_before_the_first_word(centre_time: CentreTime) -> None:
    """There is no time and no offset until the centre has spoken."""
    assert (centre_time.now(), centre_time.offset_s()) == (None, None)


def test_time_goes_on_after_a_word(centre_time: CentreTime, clock: Moving) -> None:
    """The monotonic clock carries it on; our wall clock has no part in it."""
    centre_time.heard(NOON.isoformat())
    clock.pass_s(90.5)
    assert centre_time.now() == NOON + timedelta(seconds=90.5)


def test_the_offset_is_ours_minus_theirs(centre_time: CentreTime, clock: Moving) -> None:
    """Positive when our wall clock is ahead, whatever zone the centre writes."""
    ours = clock.now()
    theirs = (ours - timedelta(hours=2)).astimezone().isoformat()
    centre_time.heard(theirs)
    clock.pass_s(5.0)
    assert centre_time.offset_s() == pytest.approx(7200.0)


def test_a_late_word_changes_nothing(centre_time: CentreTime, clock: Moving) -> None:
    """A receipt that was on the way for a minute does not set the time back."""
    centre_time.heard(NOON.isoformat())
    clock.pass_s(60.0)
    centre_time.heard(NOON.isoformat())
    assert centre_time.now() == NOON + timedelta(seconds=60.0)


def test_a_quicker_word_mends_a_late_one(centre_time: CentreTime, clock: Moving) -> None:
    """The shortest delay within the window is the error that stays."""
    centre_time.heard((NOON - timedelta(seconds=30)).isoformat())
    clock.pass_s(1.0)
    centre_time.heard((NOON + timedelta(seconds=1)).isoformat())
    assert centre_time.now() == NOON + timedelta(seconds=1)


def test_a_centre_that_was_set_back_is_believed(centre_time: CentreTime, clock: Moving) -> None:
    """After one window of words that agree the old ones are forgotten."""
    centre_time.heard(NOON.isoformat())
    corrected = NOON - timedelta(hours=1)
    for passed_s in range(0, int(WINDOW_S) + 20, 10):
        centre_time.heard((corrected + timedelta(seconds=passed_s)).isoformat())
        clock.pass_s(10.0)
    assert centre_time.now() == corrected + timedelta(seconds=int(WINDOW_S) + 20)


def test_what_was_held_back_in_an_outage_is_not_believed(
    centre_time: CentreTime, clock: Moving
) -> None:
    """Receipts of before a night without a line, given out after it, do not set the time back."""
    centre_time.heard(NOON.isoformat())
    clock.pass_s(40_000.0)
    for late_s in (39_000, 38_000):
        centre_time.heard((NOON + timedelta(seconds=40_000 - late_s)).isoformat())
    assert centre_time.now() == NOON + timedelta(seconds=40_000)


@pytest.mark.parametrize("word", ["", "noon", "2026-11-23T12:00:00", "9999-12-31T23:59:59+00:00"])
def test_nonsense_is_no_word(centre_time: CentreTime, word: str) -> None:
    """What is no moment, has no offset or cannot be meant changes nothing."""
    centre_time.heard(NOON.isoformat())
    centre_time.heard(word)
    assert centre_time.now() == NOON
