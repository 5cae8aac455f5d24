"""What people at the window see and hear while nothing happens, derived from the session.

docs/terminal-states.md has the same as a table, made from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from firmware.local_visit import items
from firmware.session import Asking, Rated, State, Visit
from hal.interfaces import Colour, FlashRate, Screen

LEVELS = {1: "非常不满意", 2: "不满意", 3: "基本满意", 4: "满意", 5: "非常满意"}
TAKE_CARD = "请取回社保卡"
TAKE_CARD_ALOUD = "请取回您的社会保障卡"
ALL_LEVELS = frozenset({1, 2, 3, 4, 5})


@dataclass(frozen=True)
class Scene:
    """Lamps that stand, pad, display, and the phrase that is said again while it holds.

    `light`: how one lamp is instead. `number`: what a keypad (叫号键盘) shows its teller.
    """

    green: bool
    pad: frozenset[int]
    screen: Screen = field(default_factory=Screen)
    red: bool = False
    yellow: bool = False
    buzzer: bool = False
    phrase: str | None = None
    light: tuple[Colour, FlashRate] | None = None
    number: str = ""


@dataclass(frozen=True)
class _Notice:
    """Something that stands in the way: `large` and `line` fill a screen, `short` half a line."""

    large: str
    line: str
    short: str


def scene(state: State) -> Scene:
    """Green invites, so it stands only while a visit is open. Red calls for somebody.

    Without the centre and without a visit no lamp stands: nobody is invited, the text says why.
    The centre may wish one lamp otherwise, but red that calls stays.
    """
    visit, light = state.visit, state.light
    red = state.around.fault or state.left or (visit is not None and visit.mismatch)
    return Scene(
        green=visit is not None,
        pad=frozenset() if visit is None else _pad(visit),
        screen=replace(
            _waiting(state) if visit is None else _busy(state, visit), corner=_corner(state)
        ),
        red=red,
        yellow=state.paused,
        buzzer=state.left,
        phrase=TAKE_CARD_ALOUD if state.left else None,
        light=None if red and light is not None and light[0] == "red" else light,
        number="" if visit is None else visit.ticket,
    )


def _corner(state: State) -> str:
    """The window's number, where the centre has told it; citizens look for it."""
    window = state.work.window if state.work is not None else None
    if state.visit is not None and state.visit.window is not None:
        window = state.visit.window
    return "" if window is None else str(window)


def _pad(visit: Visit) -> frozenset[int]:
    match visit.rating:
        case Asking():
            return ALL_LEVELS
        case Rated(level=level):
            return frozenset({level})
        case None:
            return frozenset()


def _busy(state: State, visit: Visit) -> Screen:
    """A visit is open. What stands in the way is the second line; a stranger the whole screen."""
    notices = " ".join(notice.short for notice in _notices(state))
    if visit.people.by_prefix and not visit.mismatch:
        notices = f"{_NAME_CUT} {notices}".rstrip()
    if visit.mismatch:
        clock = " 时钟" if state.around.clock_wrong else ""
        return Screen(visit.ticket, ("证卡不一致", f"请选择身份{clock}"))
    match visit.rating:
        case Asking():
            return Screen("请评价", (visit.ticket, notices or "请按评价键"))
        case Rated(level=level):
            return Screen("谢谢", (LEVELS[level], notices))
    place = "本窗口" if visit.window is None else f"{visit.window}号窗口"
    return Screen(visit.ticket, (f"请到{place}", notices or "办理业务"))


def _waiting(state: State) -> Screen:
    """No visit is open. The first notice is large, the others share the last line."""
    notices = list(_notices(state))
    if not notices:
        return Screen("欢迎", ("请等候叫号",))
    # The clock is named whatever else is wrong: a wrong time makes every other sign doubtful.
    first = next((each for each in notices if each is not _CLOCK), _CLOCK)
    others = [each.short for each in notices if each is not first]
    return Screen(first.large, (first.line, " ".join(others)))


_NAME_CUT = "姓名仅前段一致"
_CLOCK = _Notice("时钟错误", "clock 请联系技术员", "时钟错误")
_CARD = _Notice("请取卡", TAKE_CARD, TAKE_CARD)
_PAUSED = _Notice("暂停服务", "请到其他窗口", "暂停服务")
_DISK = _Notice("存储已满", "请联系技术员", "存储已满")


def _notices(state: State) -> Iterator[_Notice]:
    """In the order of their weight, but the clock early: the line it shares is cut at the edge."""
    around = state.around
    texts = [text for _, text in around.recovering]
    if state.inside and state.visit is None:
        yield _CARD
    if around.clock_wrong:
        yield _CLOCK
    if around.disk_full:
        yield _DISK
    if around.lost:
        yield _Notice("设备故障", next(iter(texts), " ".join(sorted(around.lost))), "设备故障")
    if state.paused:
        yield _PAUSED
    if not around.centre:
        line = "可离线办理" if items(state) else "请稍候"
        yield _Notice("网络中断", line, "网络中断")
    if texts and not around.lost:
        yield _Notice("欢迎", texts[0], texts[0])
