"""A wrong clock is told once, whichever of its two signs shows it."""

from queue import SimpleQueue

import pytest

from firmware.clock_watch import ClockWatch
from hal.clock import SystemClock
from hal.events.envelope import Clock as Quality

WAIT_S = 5.0


class DatedClock(SystemClock):
    """The machine's, trusted as far as a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.trusted: Quality = "synced"

    def quality(self) -> Quality:
        return self.trusted


@pytest.fixture
def clock() -> DatedClock:
    return DatedClock()


def test_a_good_clock_is_not_spoken_of(clock: DatedClock) -> None:
    """Neither one that follows a time server nor one that runs freely but plausibly."""
    told: list[bool] = []
    watch = ClockWatch(clock, told.append)
    watch.look()
    clock.trusted = "holdover"
    watch.look()
    watch.certificate(False)
    assert told == []


def test_each_change_is_told_once(clock: DatedClock) -> None:
    """A date that cannot be right, as long as it stays, is one word; and so is its end."""
    told: list[bool] = []
    watch = ClockWatch(clock, told.append)
    clock.trusted = "unknown"
    watch.look()
    watch.look()
    clock.trusted = "synced"
    watch.look()
    watch.look()
    assert told == [True, False]


@pytest.mark.parametrize("date_first", [True, False])
def test_two_signs_are_one_wrong_clock(clock: DatedClock, date_first: bool) -> None:
    """It is right again only when the date is plausible and certificates are valid at it."""
    told: list[bool] = []
    watch = ClockWatch(clock, told.append)

    def date(trusted: Quality) -> None:
        clock.trusted = trusted
        watch.look()

    watch.certificate(True)
    assert told == [True]
    date("unknown")
    watch.certificate(False) if date_first else date("synced")
    assert told == [True]
    date("synced") if date_first else watch.certificate(False)
    assert told == [True, False]


def test_it_looks_by_itself(clock: DatedClock) -> None:
    """A jump that no connection shows is found by its own thread, and its end too."""
    told: SimpleQueue[bool] = SimpleQueue()
    watch = ClockWatch(clock, told.put, period_s=0.01)
    watch.start()
    clock.trusted = "unknown"
    assert told.get(timeout=WAIT_S)
    clock.trusted = "synced"
    assert not told.get(timeout=WAIT_S)
    watch.stop()
    assert told.empty()
