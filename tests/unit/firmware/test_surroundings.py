"""What was told of the world stays as it is until it is told anew."""

import pytest

from firmware.surroundings import (
    AbleSeen,
    Around,
    CentreSeen,
    Change,
    ClockSeen,
    Disk,
    KeepFailed,
    Recovering,
    after,
)

BUSY = Around(
    centre=True,
    able=frozenset({"card"}),
    recovering=(("gun", "正在重连扫码枪"), ("camera", "正在重连高拍仪")),
    clock_wrong=True,
    disk_low=True,
    keep_failed=True,
)
ABLE = AbleSeen(frozenset({"card", "code"}), frozenset({"reader"}))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (CentreSeen(False), {"centre"}),
        (ABLE, {"able", "lost"}),
        (Recovering("gun", ""), {"recovering"}),
        (ClockSeen(False), {"clock_wrong"}),
        (Disk(False), {"disk_low"}),
        (KeepFailed(False), {"keep_failed"}),
    ],
)
def test_a_change_is_of_one_thing(change: Change, names: set[str]) -> None:
    """Everything else stays as it was told: a device that is able clears no other's text."""
    now = after(BUSY, change)
    assert {name for name in vars(now) if getattr(now, name) != getattr(BUSY, name)} == names


def test_the_text_about_a_device_is_its_own() -> None:
    """A new one replaces the old and comes first; an empty one ends it; others stay."""
    again = after(BUSY, Recovering("camera", "请联系技术员"))
    assert again.recovering == (("camera", "请联系技术员"), ("gun", "正在重连扫码枪"))
    over = after(again, Recovering("camera", ""))
    assert over.recovering == (("gun", "正在重连扫码枪"),)
    assert after(over, Recovering("camera", "")) == over


def test_either_sign_of_a_full_disk_is_enough() -> None:
    """Room measured and writing that works: both must be well before people are let in."""
    around = Around(disk_low=True, keep_failed=True)
    assert around.fault
    around = after(around, Disk(False))
    assert (around.disk_full, around.fault) == (True, True)
    around = after(around, KeepFailed(False))
    assert (around.disk_full, around.fault) == (False, False)
