"""What a window is doing, as a pure state machine: no clock, no disk, no device.

    no visit ──visit/open──▶ visit ──rating/request──▶ asking ──press──▶ rated ──8 s──▶ visit
       ▲                       │                          │ time out, cancel ──▶ visit
       └──────visit/close──────┴──────────────────────────┘

Observations and orders go in with the present moment; out come facts to keep, signs to give once
they are kept, and the new state. Moments are seconds of a monotonic clock.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from hal.events.facts import (
    CardPresented,
    CardRemoved,
    Data,
    RatingExpired,
    RatingGiven,
    RefusalReason,
)
from hal.events.orders import CancelRating, CapturePage, CloseVisit, OpenVisit, RequestRating
from hal.interfaces import (
    CardInserted,
    CardTaken,
    CodeRead,
    Colour,
    IdentityCardRead,
    LevelPressed,
    Observation,
    Screen,
    SocialSecurityCardRead,
    Unreadable,
)
from hal.same_person import Bearer, difference

LEVELS = {1: "非常不满意", 2: "不满意", 3: "基本满意", 4: "满意", 5: "非常满意"}
REPLACE_S = 8.0
"""A second press within this time takes the place of the first (docs: 好差评, one per visit)."""
REMEMBERED_VISITS = 32
REMEMBERED_BEARERS = 8
BLANK = Screen()

Order = OpenVisit | CloseVisit | RequestRating | CancelRating | CapturePage


@dataclass(frozen=True)
class Asking:
    """The pad asks (请评价)."""

    request: str
    since_s: float
    timeout_s: float


@dataclass(frozen=True)
class Rated:
    """The citizen has pressed; until `until_s` another press replaces it."""

    request: str
    level: int
    since_s: float
    until_s: float


@dataclass(frozen=True)
class State:
    """`visit`: the open visit (本次服务). `over`: those that were closed or gave way, newest last.

    An order may come late: what is over is not opened again. `bearers`: whose documents were read
    in this visit, in memory only. `mismatch`: two of them are of different people (证卡不一致).
    """

    visit: str | None = None
    ticket: str | None = None
    window: int | None = None
    over: tuple[str, ...] = ()
    rating: Asking | Rated | None = None
    mismatch: bool = False
    bearers: tuple[Bearer, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Happened:
    """A fact to keep, of the device it came from. `visit` None: it is bound to nobody."""

    device: str
    role: str
    name: str
    data: Data
    visit: str | None


@dataclass(frozen=True)
class Wink:
    """An answer to a person: one lamp changes for a moment."""

    colour: Colour


@dataclass(frozen=True)
class ConfirmLevel:
    """An answer to a press: all lamps of the pad go out, then that of the level goes on."""

    level: int


Sign = Wink | ConfirmLevel


@dataclass(frozen=True)
class Scene:
    """What lamps and display show while nothing happens."""

    green: bool
    pad: frozenset[int]
    screen: Screen = BLANK


@dataclass(frozen=True)
class Capture:
    """A page is to be taken for this visit; the order is answered when it was."""

    visit: str
    document: str


@dataclass(frozen=True)
class Outcome:
    """What follows. `signs` may be given only after `facts` are on disk."""

    state: State
    facts: tuple[Happened, ...] = ()
    signs: tuple[Sign, ...] = ()
    capture: Capture | None = None


class OrderRefusal(Exception):
    """The order cannot be carried out in this state; it is answered with this reason."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def scene(state: State) -> Scene:
    """The lamps of a state: green while a visit is open; the pad asks, or shows the choice."""
    match state.rating:
        case Asking():
            lit = frozenset({1, 2, 3, 4, 5})
        case Rated(level=level):
            lit = frozenset({level})
        case None:
            lit = frozenset()
    return Scene(green=state.visit is not None, pad=lit, screen=_screen(state))


def _screen(state: State) -> Screen:
    """The words for the citizen; a mismatch stands before everything else."""
    ticket = state.ticket or ""
    if state.mismatch:
        return Screen(ticket, ("证卡不一致", "请核对人员"))
    match state.rating:
        case Asking():
            return Screen("请评价", (ticket, "请按评价键"))
        case Rated(level=level):
            return Screen("谢谢", (LEVELS[level],))
    if state.visit is None:
        return Screen("欢迎", ("请等候叫号",))
    place = "本窗口" if state.window is None else f"{state.window}号窗口"
    return Screen(ticket, (f"请到{place}", "办理业务"))


def observe(state: State, device: str, seen: Observation, now_s: float) -> Outcome:
    """A person did something at `device`."""
    match seen:
        case IdentityCardRead(data=data):
            fact = Happened(device, "identity", "read", data, state.visit)
            return _read(state, fact, Bearer(data.name, data.number))
        case CardInserted(slot=slot, atr_family=family):
            presented = CardPresented(slot=slot, atr_family=family)
            return Outcome(state, (Happened(device, "card", "presented", presented, state.visit),))
        case SocialSecurityCardRead(data=card):
            fact = Happened(device, "card", "read", card, state.visit)
            bearer = Bearer(card.name, card.social_security_number, card.name_extension is None)
            return _read(state, fact, bearer)
        case CardTaken(slot=slot):
            removed = CardRemoved(slot=slot)
            return Outcome(state, (Happened(device, "card", "removed", removed, state.visit),))
        case CodeRead(data=code):
            fact = Happened(device, "code", "scanned", code, state.visit)
            return Outcome(state, (fact,), (Wink("yellow"),))
        case LevelPressed():
            return _pressed(state, device, seen, now_s)
        case Unreadable():
            return Outcome(state, signs=(Wink("red"),))


def _read(state: State, fact: Happened, bearer: Bearer) -> Outcome:
    """A document was read: kept, and told at once when it is another person's than those before."""
    if state.visit is None:
        return Outcome(state, (fact,), (Wink("green"),))
    differs = any(difference(bearer, known) is not None for known in state.bearers)
    bearers = state.bearers if bearer in state.bearers else (*state.bearers, bearer)
    after = replace(state, mismatch=differs, bearers=bearers[-REMEMBERED_BEARERS:])
    return Outcome(after, (fact,), (Wink("red" if differs else "green"),))


def _pressed(state: State, device: str, seen: LevelPressed, now_s: float) -> Outcome:
    asked = state.rating
    if asked is None or (isinstance(asked, Rated) and now_s >= asked.until_s):
        return Outcome(replace(state, rating=None), signs=(Wink("red"),))
    given = RatingGiven(
        request=asked.request,
        level=seen.level,
        raw_key=seen.raw_key,
        latency_ms=max(0, round((now_s - asked.since_s) * 1000)),
        replaces=asked.level if isinstance(asked, Rated) else None,
    )
    rated = Rated(asked.request, seen.level, asked.since_s, now_s + REPLACE_S)
    fact = Happened(device, "rating", "given", given, state.visit)
    return Outcome(replace(state, rating=rated), (fact,), (ConfirmLevel(seen.level),))


def due_s(state: State) -> float | None:
    """When `elapse` wants to be called, None if nothing runs."""
    match state.rating:
        case Asking(since_s=since_s, timeout_s=timeout_s):
            return since_s + timeout_s
        case Rated(until_s=until_s):
            return until_s
        case None:
            return None


def later(state: State, seconds: float) -> State:
    """The same, with what runs running on for `seconds`: its end could not be kept."""
    match state.rating:
        case Asking() as asking:
            rating: Asking | Rated | None = replace(asking, timeout_s=asking.timeout_s + seconds)
        case Rated() as rated:
            rating = replace(rated, until_s=rated.until_s + seconds)
        case None:
            rating = None
    return replace(state, rating=rating)


def elapse(state: State, device: str, now_s: float) -> Outcome:
    """Time went by. `device` is the rating pad's: an unanswered request expires (未评价)."""
    due = due_s(state)
    if due is None or now_s < due:
        return Outcome(state)
    after = replace(state, rating=None)
    return Outcome(after, _expired(state, device))


def obey(state: State, order: Order, visit: str | None, device: str, now_s: float) -> Outcome:
    """Carry out an order for `visit`; `device` is the rating pad's. OrderRefusal if it cannot be.

    Opening what is open and closing what is not are done without a further effect. A new visit
    takes the place of an older one that is still open: the centre has one per window. Which is the
    older one their ULIDs say.
    """
    if visit is None:
        raise OrderRefusal("invalid", "the order names no visit")
    match order:
        case OpenVisit():
            return _open(state, visit, order, device)
        case CloseVisit():
            return _close(state, visit, device)
        case RequestRating(request=request, timeout_s=timeout_s):
            return _ask(state, visit, Asking(request, now_s, timeout_s))
        case CancelRating(request=request):
            return _cancel(state, request)
        case CapturePage(document=document):
            if visit != state.visit:
                raise OrderRefusal("wrong_visit", "this visit is not open here")
            return Outcome(state, capture=Capture(visit, document))


def _open(state: State, visit: str, order: OpenVisit, device: str) -> Outcome:
    if visit == state.visit:
        return Outcome(state)
    if visit in state.over:
        raise OrderRefusal("wrong_visit", "this visit is over")
    if state.visit is not None and visit < state.visit:
        raise OrderRefusal("wrong_visit", "a later visit is open")
    over = _with(state.over, state.visit)
    after = State(visit=visit, ticket=order.ticket, window=order.window, over=over)
    return Outcome(after, _expired(state, device))


def _close(state: State, visit: str, device: str) -> Outcome:
    over = _with(state.over, visit)
    if visit != state.visit:
        return Outcome(replace(state, over=over))
    return Outcome(State(over=over), _expired(state, device))


def _with(over: tuple[str, ...], visit: str | None) -> tuple[str, ...]:
    if visit is None or visit in over:
        return over
    return (*over, visit)[-REMEMBERED_VISITS:]


def _ask(state: State, visit: str, asking: Asking) -> Outcome:
    if visit != state.visit:
        raise OrderRefusal("wrong_visit", "this visit is not open here")
    current = state.rating
    if current is not None and current.request == asking.request:
        return Outcome(state)
    if isinstance(current, Asking):
        raise OrderRefusal("busy", "the pad is asking already")
    return Outcome(replace(state, rating=asking))


def _cancel(state: State, request: str) -> Outcome:
    if isinstance(state.rating, Asking) and state.rating.request == request:
        return Outcome(replace(state, rating=None))
    return Outcome(state)


def _expired(state: State, device: str) -> tuple[Happened, ...]:
    """The fact that nobody answered, if the pad was asking."""
    if not isinstance(state.rating, Asking):
        return ()
    expired = RatingExpired(request=state.rating.request)
    return (Happened(device, "rating", "expired", expired, state.visit),)


def dump(state: State) -> dict[str, Any]:
    """What a restart must know. Moments of a monotonic clock mean nothing then, and stay out.

    So does whose documents were read: nothing personal goes to the disk unsealed.
    """
    rating: dict[str, Any] | None = None
    match state.rating:
        case Asking(request=request, timeout_s=timeout_s):
            rating = {"request": request, "timeout_s": timeout_s}
        case Rated(request=request, level=level):
            rating = {"request": request, "level": level}
        case None:
            pass
    visit = {"visit": state.visit, "ticket": state.ticket, "window": state.window}
    return {**visit, "over": list(state.over), "rating": rating}


def load(kept: dict[str, Any], now_s: float) -> State:
    """The state after a restart. What was running begins anew: the citizen has not seen it end."""
    rating: Asking | Rated | None = None
    if saved := kept.get("rating"):
        if "level" in saved:
            rating = Rated(saved["request"], saved["level"], now_s, now_s + REPLACE_S)
        else:
            rating = Asking(saved["request"], now_s, saved["timeout_s"])
    return State(
        visit=kept.get("visit"),
        ticket=kept.get("ticket"),
        window=kept.get("window"),
        over=tuple(kept.get("over", ())),
        rating=rating,
    )
