"""The customer screen's part in the session (用户交互终端): what it shows, and what is done on it.

    screen/confirm ──▶ sheet ──确认无误──▶ sign ──signature──▶ done      (order with a signature)
                         │                   │
                         └─有误, time out, close, a newer sheet─▶ done

Pure, as `firmware.visit`. What a sheet says is personal and never comes here: the session knows its
hash. Whatever a citizen does names what the screen showed, and counts for nothing else.
"""

from dataclasses import dataclass, replace
from typing import Literal

from firmware import visit as visits
from firmware.local_desk import (
    ConfirmShown,
    DisputeShown,
    GiveUpSheet,
    LocalRefused,
    PressLevel,
    ScreenWish,
    SignShown,
)
from firmware.session import (
    SCREEN,
    Asking,
    Happened,
    OrderRefusal,
    Outcome,
    Rated,
    Reading,
    State,
    Visit,
    mode,
    unread,
)
from hal.events.facts import Data, SheetConfirmed, SheetDisputed, SignatureGiven
from hal.events.orders import ConfirmSheet, ShowService
from hal.interfaces import LevelPressed

NOT_ASKED = (
    "屏幕内容已更新,请按新的提示操作",
    "the screen shows something else: look again",
)
RAW_KEY = "screen"

Scenery = Literal[
    "idle", "paused", "offline", "fault", "card", "called", "serving", "sheet", "sign", "rating",
    "rated",
]  # fmt: skip
"""`card`: one lies inside and nobody is served. `rated`: for as long as a press may be replaced."""


@dataclass(frozen=True)
class Shown:
    """All that the session has for the screen; nothing personal.

    `visit` is the open visit's id, `sheet` the hash of what is read back. `request` is the nonce
    of the rating, `level` what was pressed.
    """

    scenery: Scenery = "idle"
    window: int | None = None
    visit: str | None = None
    ticket: str | None = None
    service: ShowService | None = None
    sheet: str | None = None
    sign: bool = False
    request: str | None = None
    level: int | None = None


def shown(state: State) -> Shown:
    """What the screen shows now."""
    visit = state.visit
    if visit is None:
        window = None if state.work is None else state.work.window
        return Shown(_waiting(state), window, service=state.service)
    reading, rating = visit.reading, visit.rating
    return Shown(
        scenery=_busy(visit),
        window=visit.window,
        visit=visit.id,
        ticket=visit.ticket,
        service=state.service,
        sheet=None if reading is None else reading.sheet,
        sign=reading is not None and reading.sign,
        request=None if rating is None else rating.request,
        level=rating.level if isinstance(rating, Rated) else None,
    )


def _waiting(state: State) -> Scenery:
    if state.inside:
        return "card"
    now = mode(state)
    return now if now in ("fault", "paused", "offline") else "idle"


def _busy(visit: Visit) -> Scenery:
    """Whoever is asked for a rating is asked for it first: it stands for a short time only."""
    if isinstance(visit.rating, Asking):
        return "rating"
    if visit.reading is not None:
        return "sign" if visit.reading.confirmed else "sheet"
    if isinstance(visit.rating, Rated):
        return "rated"
    return "serving" if visit.served else "called"


def show_service(state: State, order: ShowService) -> Outcome:
    """From now on this person serves; nobody, if the name is empty."""
    return Outcome(replace(state, service=order if order.teller else None))


def read_back(state: State, visit: Visit, order: ConfirmSheet, now_s: float) -> Outcome:
    """Ask the citizen about a sheet. A newer one takes the place of one not yet answered for."""
    if visit.reading is not None and visit.reading.sheet == order.sheet:
        return Outcome(state)
    if state.around.disk_full:
        raise OrderRefusal("unavailable", "the disk is full")
    if not state.around.screen:
        raise OrderRefusal("unavailable", "the customer screen is not open")
    reading = Reading(order.sheet, order.sign, now_s, order.timeout_s)
    after = replace(visit, reading=reading, served=True, touched_s=now_s)
    return Outcome(replace(state, visit=after), unread(visit, "replaced"))


def carry_out(state: State, wish: ScreenWish, now_s: float) -> Outcome:
    """What a citizen did on the screen. LocalRefused if that is not what it asks for."""
    if isinstance(wish, PressLevel):
        return _press(state, wish, now_s)
    visit, reading = _asked(state, wish.shown)
    if isinstance(wish, GiveUpSheet):
        return Outcome(_with(state, visit, None, now_s), unread(visit, "unavailable"))
    match wish:
        case ConfirmShown(shown=shown) if not reading.confirmed:
            name, data = "confirmed", _confirmed(shown)
            after = replace(reading, confirmed=True) if reading.sign else None
        case DisputeShown(shown=shown, rows=rows):
            name, data = "disputed", SheetDisputed(shown_hash=shown, rows=list(rows))
            after = None
        case SignShown() if reading.confirmed:
            return _sign(state, visit, wish, now_s)
        case _:
            raise not_asked()
    fact = Happened(SCREEN, "sheet", name, data, visit.id)
    return Outcome(_with(state, visit, after, now_s), (fact,))


def _confirmed(shown: str) -> Data:
    return SheetConfirmed(shown_hash=shown)


def _sign(state: State, visit: Visit, wish: SignShown, now_s: float) -> Outcome:
    data = SignatureGiven(
        shown_hash=wish.shown,
        strokes_hash=wish.strokes_hash,
        picture=wish.picture,
        size_bytes=wish.size_bytes,
    )
    fact = Happened(SCREEN, "signature", "given", data, visit.id)
    return Outcome(_with(state, visit, None, now_s), (fact,))


def _press(state: State, wish: PressLevel, now_s: float) -> Outcome:
    """A second way to rate: the same rule as for a key of the pad, for the request shown only."""
    rating = None if state.visit is None else state.visit.rating
    if rating is None or rating.request != wish.request:
        raise not_asked()
    pressed = visits.observe(state, SCREEN, LevelPressed(wish.level, RAW_KEY), now_s)
    if not pressed.facts:
        raise not_asked()
    return pressed


def _asked(state: State, shown: str) -> tuple[Visit, Reading]:
    """The open visit and its sheet, if that is what was shown and it can be answered for."""
    visit = state.visit
    if visit is None or visit.reading is None or visit.reading.sheet != shown:
        raise not_asked()
    return visit, visit.reading


def _with(state: State, visit: Visit, reading: Reading | None, now_s: float) -> State:
    return replace(state, visit=replace(visit, reading=reading, touched_s=now_s))


def not_asked() -> LocalRefused:
    """The screen asks for something else by now."""
    return LocalRefused("not_asked", *NOT_ASKED)
