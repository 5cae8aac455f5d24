"""The recovery ladder, by times that are passed in."""

from typing import get_args

import pytest

from firmware.ladder import Ladder, Rung, remedy, rungs, text
from hal.interfaces import Role

RUNG_S = 10.0
WHOLE = rungs(daemon=True, usb_port=True)


@pytest.fixture
def ladder() -> Ladder:
    return Ladder(WHOLE, RUNG_S)


def climbed(ladder: Ladder, until_s: float, step_s: float = 0.5) -> list[tuple[float, Rung]]:
    """The rungs entered from 0 to `until_s`, looked at every `step_s`, with their times."""
    times = [number * step_s for number in range(int(until_s / step_s) + 1)]
    return [(now_s, rung) for now_s in times if (rung := ladder.climb(now_s)) is not None]


@pytest.mark.parametrize(
    ("daemon", "usb_port", "between"),
    [
        (True, True, ["restart_daemon", "power_cycle"]),
        (True, False, ["restart_daemon"]),
        (False, True, ["power_cycle"]),
        (False, False, []),
    ],
)
def test_a_device_climbs_the_rungs_that_it_has(
    daemon: bool, usb_port: bool, between: list[str]
) -> None:
    """Always from reopening to the technician; what it cannot have is skipped."""
    ladder = Ladder(rungs(daemon=daemon, usb_port=usb_port), RUNG_S)
    assert ladder.lose(0.0) == "reopen"
    entered = [*between, "technician"]
    times = [RUNG_S * (number + 1) for number in range(len(entered))]
    assert climbed(ladder, 100.0) == list(zip(times, entered, strict=True))
    assert ladder.due_s is None


def test_nothing_is_climbed_while_the_device_is_there(ladder: Ladder) -> None:
    """Neither before the first loss nor after a return."""
    assert climbed(ladder, 100.0) == []
    ladder.lose(0.0)
    ladder.regain(9.9)
    assert climbed(ladder, 100.0) == []


@pytest.mark.parametrize("rung", WHOLE)
def test_a_return_begins_anew_from_every_rung(ladder: Ladder, rung: Rung) -> None:
    """A loss long after the return is a new loss."""
    entered = ladder.lose(0.0)
    now_s = 0.0
    while entered != rung:
        now_s += RUNG_S
        entered = ladder.climb(now_s)
    ladder.regain(now_s)
    assert ladder.lose(now_s + RUNG_S) == "reopen"


def test_a_flapping_device_goes_on_where_it_was(ladder: Ladder) -> None:
    """Only the time in which it is lost counts, and no rung is entered twice."""
    ladder.lose(0.0)
    entered = []
    for second in range(80):  # lost for half of each second
        ladder.climb(second + 0.4)
        ladder.regain(second + 0.5)
        entered.append(ladder.lose(second + 1.0))
    assert set(entered) == {None}
    assert ladder.rung == "technician"


def test_a_loss_soon_after_the_first_opening_is_no_flapping(ladder: Ladder) -> None:
    """It was never lost before, so its ladder begins."""
    ladder.regain(0.0)
    assert ladder.lose(0.1) == "reopen"


def test_a_rung_lasts_from_the_end_of_its_work(ladder: Ladder) -> None:
    """A restart that takes six seconds leaves the daemon ten to come up."""
    ladder.lose(0.0)
    assert ladder.climb(10.0) == "restart_daemon"
    ladder.hold(10.0, 30.0)
    ladder.settle(16.0, done=True)
    assert climbed(ladder, 36.0) == [(26.0, "power_cycle"), (36.0, "technician")]


def test_work_that_cannot_be_done_is_left_at_once(ladder: Ladder) -> None:
    """The next rung is due when the failure is known."""
    ladder.lose(0.0)
    ladder.climb(10.0)
    ladder.hold(10.0, 30.0)
    assert ladder.climb(11.9) is None
    ladder.settle(12.0, done=False)
    assert ladder.climb(12.0) == "power_cycle"


def test_work_that_never_ends_is_left(ladder: Ladder) -> None:
    """And its end, should it come later, says nothing of the rung that is tried by then."""
    ladder.lose(0.0)
    ladder.climb(10.0)
    ladder.hold(10.0, 30.0)
    assert ladder.climb(39.9) is None
    assert ladder.climb(40.0) == "power_cycle"
    ladder.settle(41.0, done=False)
    assert climbed(ladder, 49.5) == []


def test_work_that_ends_after_the_return(ladder: Ladder) -> None:
    """The device came back meanwhile: nothing is due, and a flap goes on from that rung."""
    ladder.lose(0.0)
    ladder.climb(10.0)
    ladder.hold(10.0, 30.0)
    ladder.regain(11.0)
    ladder.settle(12.0, done=True)
    assert ladder.due_s is None
    assert ladder.lose(13.0) is None
    assert (ladder.rung, ladder.due_s) == ("restart_daemon", 23.0)


def test_what_people_are_told() -> None:
    """Each role and rung has its words in two languages; the card reader's service has a name."""
    assert text("card", "restart_daemon")[0] == "社保卡读卡器: 正在重启读卡服务"
    assert text("code", "technician") == ("扫码枪: 请联系技术员", "barcode gun: call a technician")
    said = [text(role, rung) for role in get_args(Role) for rung in get_args(Rung)]
    assert len(set(said)) == len(said)
    assert all(en.isascii() and not zh.isascii() for zh, en in said)


def test_remedies_are_the_rungs_but_for_the_first() -> None:
    """While it is only opened again, the driver's own word stands."""
    assert [remedy(rung, "configure") for rung in WHOLE] == [
        "configure",
        "reset",
        "reset",
        "maintain",
    ]
