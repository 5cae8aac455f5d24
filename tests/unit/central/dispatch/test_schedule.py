"""When an unanswered order is due: moments are handed in."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from central.dispatch.schedule import FIRST_S, LONGEST_S, SPREAD, Schedule


def middle(low: float, high: float) -> float:
    return (low + high) / 2


@pytest.fixture
def schedule() -> Schedule:
    return Schedule(middle)


def test_an_order_nobody_has_met_is_due(schedule: Schedule) -> None:
    """It is sent at once, and no moment is known for it before."""
    assert schedule.is_due("o1", 100.0)
    assert schedule.next_s() is None


def test_pauses_double_up_to_ten_seconds(schedule: Schedule) -> None:
    """1, 2, 4, 8, 10, 10 s: neither a flood nor a silence."""
    moments = [0.0]
    for _ in range(6):
        schedule.sent("o1", moments[-1])
        due_s = schedule.next_s()
        assert due_s is not None
        assert not schedule.is_due("o1", due_s - 0.001)
        assert schedule.is_due("o1", due_s)
        moments.append(due_s)
    assert [late - early for early, late in pairwise(moments)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@pytest.mark.parametrize("edge", [min, max])
def test_pauses_are_spread(edge: Callable[[float, float], float]) -> None:
    """Each is up to a fifth shorter or longer, so that a hall's orders do not march in step."""
    schedule = Schedule(edge)
    schedule.sent("o1", 0.0)
    assert schedule.next_s() == FIRST_S * edge(1 - SPREAD, 1 + SPREAD)


def test_a_new_line_makes_all_due(schedule: Schedule) -> None:
    """What went over the old one may never have arrived; the pauses begin anew."""
    for _ in range(5):
        schedule.sent("o1", 0.0)
    schedule.all_due()
    assert schedule.is_due("o1", 0.0)
    schedule.sent("o1", 0.0)
    assert schedule.next_s() == FIRST_S < LONGEST_S


def test_only_pending_orders_are_remembered(schedule: Schedule) -> None:
    """An answered order is forgotten, the others keep their moments."""
    schedule.sent("o1", 0.0)
    schedule.sent("o2", 5.0)
    schedule.keep(["o2", "o3"])
    assert schedule.next_s() == 6.0
    assert not schedule.is_due("o2", 5.5)
