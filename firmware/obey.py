"""What the centre's orders do to the session. Pure; an order that cannot be is an OrderRefusal.

Opening what is open and closing what is not are done without a further effect. A new visit takes
the place of an older one of the centre's that is still open: which is older, their ULIDs say.
"""

from dataclasses import replace

from firmware import screen_session
from firmware import visit as visits
from firmware.reserve import Block
from firmware.session import (
    Asking,
    Blink,
    Capture,
    OrderRefusal,
    Outcome,
    Print,
    Speak,
    State,
    Visit,
    ended,
    past,
)
from firmware.work import pack
from hal.events.orders import (
    AcceptParty,
    Announce,
    CancelRating,
    CapturePage,
    CloseVisit,
    Configure,
    ConfirmSheet,
    Identify,
    OpenVisit,
    Pause,
    PreviewPage,
    PrintSheet,
    PrintSlip,
    RequestRating,
    Reserve,
    Resume,
    SetLights,
    ShowService,
)

OfVisit = (
    OpenVisit | CloseVisit | AcceptParty | RequestRating | CancelRating | CapturePage | ConfirmSheet
)
OfTerminal = Announce | Pause | Resume | Identify | Reserve | Configure | ShowService | PreviewPage
OfPrinter = PrintSlip | PrintSheet
Order = OfVisit | OfTerminal | OfPrinter | SetLights


def obey(state: State, order: Order, visit: str | None, pad: str, now_s: float) -> Outcome:
    """Carry out an order for `visit`; `pad` is the rating pad's name. OrderRefusal if it cannot."""
    if isinstance(order, OfPrinter):
        if state.around.disk_full:
            raise OrderRefusal("unavailable", "the disk is full")
        return Outcome(state, prints=Print(visit, order))
    if isinstance(order, SetLights):
        if visit is not None:
            _open_one(state, visit)
        return Outcome(replace(state, light=(order.colour, order.flash_rate)))
    if not isinstance(order, OfVisit):
        return _of_terminal(state, order)
    if visit is None:
        raise OrderRefusal("invalid", "the order names no visit")
    match order:
        case OpenVisit():
            return _open(state, visit, order, pad, now_s)
        case CloseVisit():
            return _close(state, visit, pad)
        case AcceptParty():
            return _accept(_open_one(state, visit), state, order, now_s)
        case RequestRating():
            return _ask(_open_one(state, visit), state, order, now_s)
        case CancelRating(request=request):
            return _cancel(state, request)
        case ConfirmSheet():
            return screen_session.read_back(state, _open_one(state, visit), order, now_s)
        case CapturePage(document=document):
            _open_one(state, visit)
            if state.around.disk_full:
                raise OrderRefusal("unavailable", "the disk is full")
            return Outcome(state, capture=Capture(visit, document))


def _of_terminal(state: State, order: OfTerminal) -> Outcome:
    match order:
        case Announce(text=text):
            return Outcome(state, signs=(Speak(text),))
        case PreviewPage(duration_s=duration_s):
            return Outcome(state, preview_s=duration_s)
        case Pause():
            return _pause(state)
        case Resume():
            return Outcome(replace(state, paused=False))
        case Identify(duration_s=duration_s):
            return Outcome(state, signs=(Blink(duration_s),))
        case Reserve(lane=lane, day=day, first=first, last=last):
            if last < first:
                raise OrderRefusal("invalid", "the last number lies before the first")
            return Outcome(
                replace(state, numbers=state.numbers.added(Block(lane, day, first, last)))
            )
        case ShowService():
            return screen_session.show_service(state, order)
        case Configure():
            return Outcome(replace(state, work=pack(order)))


def _open_one(state: State, visit: str) -> Visit:
    if state.visit is None or state.visit.id != visit:
        raise OrderRefusal("wrong_visit", "this visit is not open here")
    return state.visit


def _open(state: State, visit: str, order: OpenVisit, pad: str, now_s: float) -> Outcome:
    before = state.visit
    if before is not None and visit == before.id:
        return Outcome(state)
    if visit in state.over:
        raise OrderRefusal("wrong_visit", "this visit is over")
    if before is not None and before.local:
        raise OrderRefusal("busy", "a local visit is open")
    if before is not None and visit < before.id:
        raise OrderRefusal("wrong_visit", "a later visit is open")
    _refuse_hindered(state)
    closed = ended(state, pad)
    opened = Visit(visit, order.ticket, order.window, since_s=now_s, touched_s=now_s)
    signs = (Speak(order.announcement),) if order.announcement else ()
    return Outcome(replace(closed.state, visit=opened), closed.facts, signs)


def _refuse_hindered(state: State) -> None:
    """Why no visit of the centre may begin here now."""
    if state.inside:
        raise OrderRefusal("busy", "a card lies inside")
    if state.paused:
        raise OrderRefusal("unavailable", "the window is paused")
    if state.around.disk_full:
        raise OrderRefusal("unavailable", "the disk is full")


def _close(state: State, visit: str, pad: str) -> Outcome:
    if visit != state.visit_id:
        return Outcome(replace(state, over=past(state.over, visit)))
    return ended(state, pad)


def _accept(visit: Visit, state: State, order: AcceptParty, now_s: float) -> Outcome:
    waiting = len(visit.people.strangers)
    if waiting == 0:
        raise OrderRefusal("invalid", "nobody waits for a role")
    if waiting > 1:
        raise OrderRefusal("busy", "several people wait; have the one that is meant laid again")
    return Outcome(visits.accept(state, visit, order.party, now_s))


def _ask(visit: Visit, state: State, order: RequestRating, now_s: float) -> Outcome:
    current = visit.rating
    if current is not None and current.request == order.request:
        return Outcome(state)
    if visit.rated:
        if order.request == visit.asked:
            return Outcome(state)
        raise OrderRefusal("invalid", "this visit has its rating")
    if current is not None:
        raise OrderRefusal("busy", "the pad is asking already")
    asking = Asking(order.request, now_s, order.timeout_s)
    after = replace(visit, rating=asking, asked=order.request, touched_s=now_s)
    return Outcome(replace(state, visit=after))


def _cancel(state: State, request: str) -> Outcome:
    visit = state.visit
    if visit is None or not isinstance(visit.rating, Asking) or visit.rating.request != request:
        return Outcome(state)
    return Outcome(replace(state, visit=replace(visit, rating=None)))


def _pause(state: State) -> Outcome:
    if state.visit is not None:
        raise OrderRefusal("busy", "a visit is open")
    if state.inside:
        raise OrderRefusal("busy", "a card lies inside")
    return Outcome(replace(state, paused=True))
