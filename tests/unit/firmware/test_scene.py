"""What people see and hear, for everything that may stand in the way."""

from dataclasses import replace

import pytest

from firmware.people import People, Person
from firmware.scene import ALL_LEVELS, Scene, scene
from firmware.session import Asking, Inside, Rated, State, Visit, dump, ended, load
from firmware.surroundings import Around
from firmware.work import pack
from hal.events.orders import Configure, OfflineItem
from hal.interfaces import Screen
from hal.same_person import Bearer

THERE = Around(centre=True)
IDLE = State(around=THERE)
V1 = Visit("v1", "A001")
OPEN = replace(IDLE, visit=V1)
ASKING = replace(IDLE, visit=replace(V1, rating=Asking("r1", 0.0, 30.0)))
RATED = replace(IDLE, visit=replace(V1, rating=Rated("r1", 4, 0.0, 8.0)))
WORK = pack(Configure(catalogue_version="1", items=[OfflineItem(code="i1", name="示例事项")]))
LOST = replace(THERE, lost=frozenset({"reader"}))
CUT = People(
    (
        Person(
            (
                Bearer("示例丙丙丙丙丙丙丙丙丙丙丙丙丙丙丁", None),
                Bearer("示例丙丙丙丙丙丙丙丙丙丙丙丙丙", None, short=True),
            )
        ),
    )
)
NOTHING: frozenset[int] = frozenset()


@pytest.mark.parametrize(
    ("state", "green", "pad", "screen"),
    [
        (IDLE, False, NOTHING, Screen("欢迎", ("请等候叫号",))),
        (OPEN, True, NOTHING, Screen("A001", ("请到本窗口", "办理业务"))),
        (ASKING, True, ALL_LEVELS, Screen("请评价", ("A001", "请按评价键"))),
        (RATED, True, frozenset({4}), Screen("谢谢", ("满意", ""))),
    ],
    ids=["idle", "open", "asking", "rated"],
)
def test_lamps_and_display_follow_the_visit(
    state: State, green: bool, pad: frozenset[int], screen: Screen
) -> None:
    """Green while a visit is open; five lamps ask, one shows the choice; the words say the same."""
    assert scene(state) == Scene(
        green=green, pad=pad, screen=screen, number="A001" if green else ""
    )


def test_the_display_names_the_window() -> None:
    """Where the order says which window it is, the citizen reads it, after a restart too."""
    state = replace(IDLE, visit=replace(V1, window=3))
    assert scene(state).screen.lines[0] == "请到3号窗口"
    assert scene(load(dump(state), 0.0)).screen.lines[0] == "请到3号窗口"


def test_the_windows_number_stands_in_the_corner() -> None:
    """Where the centre has told it, always; the order of a visit knows better."""
    work = pack(Configure(catalogue_version="1", items=[], window=7))
    assert scene(replace(IDLE, work=work)).screen.corner == "7"
    assert scene(replace(OPEN, work=work)).screen.corner == "7"
    assert scene(replace(IDLE, work=work, visit=replace(V1, window=3))).screen.corner == "3"
    assert scene(IDLE).screen.corner == ""


SCREENS: list[tuple[State, Screen]] = [
    (State(), Screen("网络中断", ("请稍候", ""))),
    (State(work=WORK), Screen("网络中断", ("可离线办理", ""))),
    (replace(IDLE, paused=True), Screen("暂停服务", ("请到其他窗口", ""))),
    (State(paused=True), Screen("暂停服务", ("请到其他窗口", "网络中断"))),
    (replace(IDLE, around=LOST), Screen("设备故障", ("reader", ""))),
    (
        replace(IDLE, around=replace(LOST, recovering=(("reader", "读卡器正在恢复"),))),
        Screen("设备故障", ("读卡器正在恢复", "")),
    ),
    (
        replace(IDLE, around=replace(THERE, recovering=(("gun", "扫码枪正在恢复"),))),
        Screen("欢迎", ("扫码枪正在恢复", "")),
    ),
    (
        replace(IDLE, around=replace(LOST, disk_low=True)),
        Screen("存储已满", ("请联系技术员", "设备故障")),
    ),
    (
        replace(IDLE, around=replace(THERE, clock_wrong=True)),
        Screen("时钟错误", ("clock 请联系技术员", "")),
    ),
    (State(around=Around(clock_wrong=True)), Screen("网络中断", ("请稍候", "时钟错误"))),
    (
        State(inside=(Inside("r", "s"),), left=True),
        Screen("请取卡", ("请取回社保卡", "网络中断")),
    ),
    (
        replace(OPEN, around=Around(clock_wrong=True, disk_low=True)),
        Screen("A001", ("请到本窗口", "时钟错误 存储已满 网络中断")),
    ),
    (
        replace(OPEN, visit=replace(V1, people=CUT)),
        Screen("A001", ("请到本窗口", "姓名仅前段一致")),
    ),
    (replace(ASKING, around=LOST), Screen("请评价", ("A001", "设备故障"))),
    (replace(OPEN, inside=(Inside("r", "s"),)), Screen("A001", ("请到本窗口", "办理业务"))),
]


@pytest.mark.parametrize(("state", "screen"), SCREENS)
def test_what_stands_in_the_way_is_said(state: State, screen: Screen) -> None:
    """The weightiest first and large, the others in the last line; in a visit only there."""
    assert scene(state).screen == screen


@pytest.mark.parametrize(
    ("state", "red", "yellow", "buzzer"),
    [
        (IDLE, False, False, False),
        (State(), False, False, False),
        (replace(IDLE, paused=True), False, True, False),
        (replace(IDLE, around=LOST), True, False, False),
        (replace(IDLE, around=replace(THERE, keep_failed=True)), True, False, False),
        (replace(IDLE, inside=(Inside("r", "s"),)), False, False, False),
        (replace(IDLE, inside=(Inside("r", "s"),), left=True), True, False, True),
    ],
)
def test_lamps_without_a_visit(state: State, red: bool, yellow: bool, buzzer: bool) -> None:
    """Red calls for somebody, yellow is the pause, the buzzer is for a card left behind."""
    shown = scene(state)
    assert (shown.green, shown.pad) == (False, NOTHING)
    assert (shown.red, shown.yellow, shown.buzzer) == (red, yellow, buzzer)


def test_a_light_that_was_set_lasts_until_the_visit_ends() -> None:
    """It survives a restart; the close ends it, and the keypad's number with it."""
    lit = replace(OPEN, light=("green", "slow"))
    assert scene(lit).light == ("green", "slow")
    assert scene(lit).number == "A001"
    assert load(dump(lit), 0.0).light == ("green", "slow")
    after = scene(ended(lit, "pad").state)
    assert (after.light, after.number) == (None, "")


def test_a_light_that_was_set_hides_no_call_for_help() -> None:
    """Red stands while it calls for somebody, whatever was set; other lamps are as set."""
    calling = replace(IDLE, around=replace(THERE, lost=frozenset({"reader"})))
    assert scene(replace(calling, light=("red", "off"))).light is None
    assert scene(replace(calling, light=("green", "slow"))).light == ("green", "slow")
    assert scene(replace(IDLE, light=("red", "off"))).light == ("red", "off")
