"""How far the terminal's clock is trusted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from hal.clock import RELEASED, SystemClock, hall_day, kernel_synchronized, offset_s

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class SetClock(SystemClock):
    """Shows the time it was set to; everything else is the system clock's."""

    def __init__(
        self, shown: datetime, synchronized: bool, reference: Callable[[], datetime | None]
    ) -> None:
        super().__init__(reference, lambda: synchronized)
        self.shown = shown

    def now(self) -> datetime:
        return self.shown


@pytest.mark.parametrize(
    ("shown", "synchronized", "centre", "quality"),
    [
        (NOON, True, None, "synced"),
        (NOON, False, None, "holdover"),
        (NOON, False, NOON + timedelta(seconds=60), "holdover"),
        (NOON, True, NOON + timedelta(seconds=61), "unknown"),
        (NOON, True, NOON - timedelta(seconds=61), "unknown"),
        (NOON.replace(year=2016), True, None, "unknown"),
        (RELEASED - timedelta(seconds=1), True, None, "unknown"),
        (NOON.replace(year=2036), True, NOON, "unknown"),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), True, None, "synced"),
    ],
)
def test_the_clock_is_trusted_as_far_as_it_deserves(
    shown: datetime, synchronized: bool, centre: datetime | None, quality: str
) -> None:
    """Implausible or unlike the centre's: unknown; else what the kernel says."""
    assert SetClock(shown, synchronized, lambda: centre).quality() == quality


def test_the_reference_may_come_later() -> None:
    """A clock that was made before the line to the centre learns of it then."""
    clock = SetClock(NOON, True, lambda: None)
    assert clock.quality() == "synced"
    clock.reference = lambda: NOON + timedelta(hours=1)
    assert clock.quality() == "unknown"


def test_offsets_do_not_mind_where_they_are_written() -> None:
    """Two moments that are one, in different zones, are no offset apart."""
    there = NOON.astimezone()
    assert offset_s(there, lambda: NOON) == 0.0
    assert offset_s(there + timedelta(seconds=90), lambda: NOON) == 90.0
    assert offset_s(there, None) is None
    assert offset_s(there, lambda: None) is None


def test_asking_the_kernel_never_raises() -> None:
    """Where adjtimex is forbidden, or says nothing good, the answer is no."""
    assert kernel_synchronized() in (True, False)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 25, 15, 59, 59, tzinfo=UTC), "2026-11-25"),
        (datetime(2026, 11, 25, 16, 0, tzinfo=UTC), "2026-11-26"),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), "2028-02-29"),
    ],
)
def test_the_day_is_the_halls(moment: datetime, day: str) -> None:
    """Whatever time zone a terminal has, its day changes when the hall's does."""
    assert hall_day(moment) == day
