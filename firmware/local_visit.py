"""Work without the centre (离线办理): reserved numbers, local visits, what a person may do then.

Pure, as `firmware.visit`; a wish that cannot be is a LocalRefused. A local visit goes on here to
its end even when the centre is back. A visit of the centre's may be finished here while it is away.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from firmware import screen_session
from firmware import visit as visits
from firmware.local_desk import (
    AskRating,
    ChooseParty,
    CloseLocalVisit,
    Code,
    LocalItem,
    LocalRefused,
    LocalStatus,
    OpenLocalVisit,
    ScreenWish,
    TakePage,
    Wish,
)
from firmware.session import (
    Asking,
    Capture,
    Happened,
    Outcome,
    State,
    Visit,
    ended,
    mode,
)
from hal.events.facts import TicketIssued, VisitClosed, VisitOpened

RATING_S = 30.0
REFUSED: dict[Code, tuple[str, str]] = {
    "online": ("与中心连接正常,请在柜员系统办理", "the centre is there: work with its pages"),
    "paused": ("窗口已暂停,请先恢复服务", "the window is paused: resume first"),
    "disk_full": ("存储已满,请联系技术员", "the disk is full: call a technician"),
    "card_inside": ("请先取回社会保障卡", "a card lies inside: have it taken first"),
    "visit_open": ("请先结束本次服务", "a visit is open: close it first"),
    "no_visit": ("没有进行中的服务,请先开始", "no visit is open: open one first"),
    "item": ("该事项不能离线办理,请选其他事项", "this item is not allowed offline: choose another"),
    "device": ("所需设备不可用,请检查设备", "a device that is needed is away: check it"),
    "no_number": ("今日预留号已用完,请等候联网", "no reserved number is left: wait for the centre"),
    "rating_pending": ("正在请群众评价,请稍候", "the pad is asking: wait for the rating"),
    "rated": ("本次服务已请过评价", "this visit has been asked for its rating"),
    "nobody_pending": ("没有待选择身份的人员", "nobody waits for a role"),
    "several_pending": ("请将该人员证件再读一次", "several people wait: lay that one's card again"),
    "page": ("未拍到清晰页面,请重新放置", "no good page: lay it again"),
    "not_asked": screen_session.NOT_ASKED,
}


@dataclass(frozen=True)
class Circumstances:
    """What a wish needs beside the state. `today` None: nobody knows the day."""

    now_s: float
    today: str | None
    pad: str
    new_id: Callable[[], str]


def refusal(code: Code) -> LocalRefused:
    """The refusal with its two sentences."""
    return LocalRefused(code, *REFUSED[code])


def carry_out(state: State, wish: Wish, now: Circumstances) -> Outcome:
    """What the wish leads to. LocalRefused if it cannot be."""
    if isinstance(wish, ScreenWish):
        return screen_session.carry_out(state, wish, now.now_s)
    if isinstance(wish, OpenLocalVisit):
        return _open(state, wish, now)
    visit = _mine(state)
    match wish:
        case ChooseParty():
            return _choose(state, visit, wish, now)
        case AskRating():
            return _ask(state, visit, now)
        case TakePage():
            return _capture(state, visit, now)
        case CloseLocalVisit(reason=reason):
            if isinstance(visit.rating, Asking) and reason == "finished":
                raise refusal("rating_pending")
            closed = Happened("visit", "visit", "closed", VisitClosed(reason=reason), visit.id)
            return ended(state, now.pad, closed)


def _mine(state: State) -> Visit:
    """The open visit, if it is this window's to go on with."""
    if state.visit is None:
        raise refusal("no_visit")
    if state.around.centre and not state.visit.local:
        raise refusal("online")
    return state.visit


def _open(state: State, wish: OpenLocalVisit, now: Circumstances) -> Outcome:
    """A number and a visit, in one transaction: neither is there without the other."""
    if (code := _hindrance(state, wish.item)) is not None:
        raise refusal(code)
    found = state.numbers.current(now.today).next(now.today)
    if found is None:
        raise refusal("no_number")
    number, numbers = found
    ticket, id = now.new_id(), now.new_id()
    window = None if state.work is None else state.work.window
    visit = Visit(
        id, number.text, window, local=True, item=wish.item, since_s=now.now_s, touched_s=now.now_s
    )
    issued = TicketIssued(ticket=ticket, number=number.text, lane=number.lane, day=number.day)
    opened = VisitOpened(ticket=ticket, item=wish.item)
    facts = (
        Happened("ticket", "ticket", "issued", issued, None),
        Happened("visit", "visit", "opened", opened, id),
    )
    return Outcome(replace(state, visit=visit, numbers=numbers), facts)


def _hindrance(state: State, item: str) -> Code | None:
    """Why no local visit for `item` may begin, the most lasting reason first."""
    chosen = next((each for each in items(state) if each.code == item), None)
    hindrances: tuple[tuple[Code, bool], ...] = (
        ("visit_open", state.visit is not None),
        ("online", state.around.centre),
        ("paused", state.paused),
        ("card_inside", bool(state.inside)),
        ("disk_full", state.around.disk_full),
        ("item", chosen is None),
        ("device", chosen is not None and bool(chosen.missing)),
    )
    return next((code for code, holds in hindrances if holds), None)


def _choose(state: State, visit: Visit, wish: ChooseParty, now: Circumstances) -> Outcome:
    waiting = len(visit.people.strangers)
    if waiting != 1:
        raise refusal("several_pending" if waiting else "nobody_pending")
    return Outcome(visits.accept(state, visit, wish.party, now.now_s))


def _ask(state: State, visit: Visit, now: Circumstances) -> Outcome:
    """The nonce is the visit's own id; in a visit of the centre's only the centre has one."""
    if isinstance(visit.rating, Asking):
        raise refusal("rating_pending")
    if visit.asked is not None:
        raise refusal("rated")
    if not visit.local:
        raise refusal("online")
    asking = Asking(visit.id, now.now_s, RATING_S)
    asked = replace(visit, rating=asking, asked=visit.id, touched_s=now.now_s)
    return Outcome(replace(state, visit=asked))


def _capture(state: State, visit: Visit, now: Circumstances) -> Outcome:
    if state.around.disk_full:
        raise refusal("disk_full")
    if "document" not in state.around.able:
        raise refusal("device")
    return Outcome(state, capture=Capture(visit.id, now.new_id()))


def items(state: State) -> tuple[LocalItem, ...]:
    """What the catalogue allows offline, each with the devices that it lacks now."""
    if state.work is None:
        return ()
    return tuple(
        LocalItem(
            item.code,
            item.name,
            tuple(item.devices),
            tuple(role for role in item.devices if role not in state.around.able),
        )
        for item in state.work.items
    )


def status(state: State, now_s: float, today: str | None) -> LocalStatus:
    """The window as the person at it needs to see it."""
    visit, around = state.visit, state.around
    of_window = LocalStatus(
        mode=mode(state),
        offline=not around.centre,
        card_inside=bool(state.inside),
        paused=state.paused,
        disk_full=around.disk_full,
        clock_wrong=around.clock_wrong,
        numbers_left=state.numbers.count(today),
        items=items(state),
    )
    if visit is None:
        return of_window
    return replace(
        of_window,
        visit=visit.id,
        local=visit.local,
        ticket=visit.ticket,
        item=visit.item,
        rating="asking" if isinstance(visit.rating, Asking) else "rated" if visit.rated else None,
        pages=visit.pages,
        mismatch=visit.mismatch,
        since_s=now_s - visit.since_s,
    )
