"""What a window is doing, as plain values: no clock, no disk, no device.

    no visit ──open──▶ called ──something is bound──▶ serving ──request──▶ rating
       ▲                  │                              │  ▲                 │ press, time out,
       └──────close───────┴──────────────────────────────┘  └─────────────────┘ cancel

Beside the visit stand, each by itself: paused (暂停服务), a card inside, and the surroundings
(centre, devices, disk, clock). `mode` is derived from all of them; docs/terminal-states.md has the
table. `firmware.visit` and `firmware.local_visit` move from one state to the next. Moments are
seconds of a monotonic clock.
"""

from dataclasses import astuple, dataclass, field, replace
from typing import Any, Literal

import msgspec

from firmware import reserve
from firmware.people import People
from firmware.surroundings import Around
from firmware.work import Work, unpack
from hal.events.facts import CardLeft, Data, RatingExpired, RefusalReason, SheetExpired
from hal.events.orders import PrintSheet, PrintSlip, ShowService
from hal.interfaces import Colour, FlashRate

REPLACE_S = 8.0
"""A second press within this time takes the place of the first (docs: 好差评, one per visit)."""
REMEMBERED_VISITS = 16
"""An order for an older one has long expired; each is written again with every change."""
READER_AWAY_S = 60.0
"""A card in a reader that is away, or has not come up since the start, is taken out by then."""
SCREEN = "screen"
"""The device that facts of the customer screen (用户交互终端) come from."""

Mode = Literal["idle", "called", "serving", "rating", "paused", "offline", "fault"]


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
class Reading:
    """A sheet is read back to the citizen (免填单), who confirms it and then signs if `sign`.

    `sheet` is the hash of what is shown; what it says is not the session's.
    """

    sheet: str
    sign: bool
    since_s: float
    timeout_s: float
    confirmed: bool = False

    @property
    def until_s(self) -> float:
        return self.since_s + self.timeout_s


@dataclass(frozen=True)
class Visit:
    """An open visit (本次服务).

    `served`: something was bound to it. `asked`: the last request for a rating; `rated`: it was
    answered. `item`: the service item of a local visit. `touched_s`: when somebody last did
    something in it. `documents`: how many good pages each document has that was begun in it.
    """

    id: str
    ticket: str
    window: int | None = None
    served: bool = False
    rating: Asking | Rated | None = None
    asked: str | None = None
    rated: bool = False
    reading: Reading | None = None
    pages: int = 0
    documents: tuple[tuple[str, int], ...] = ()
    local: bool = False
    item: str | None = None
    since_s: float = 0.0
    touched_s: float = 0.0
    people: People = field(default_factory=People, repr=False)

    @property
    def mismatch(self) -> bool:
        """证卡不一致: somebody's document was read who has no role here."""
        return bool(self.people.strangers)


@dataclass(frozen=True)
class Inside:
    """A card lies in this slot of this reader."""

    device: str
    slot: str


@dataclass(frozen=True)
class Begun:
    """A print that was begun and whose fate nobody has told yet: after a restart it is unknown."""

    order: str
    device: str
    slip: str
    kind: str
    visit: str | None


@dataclass(frozen=True)
class State:
    """`over`: visits that were closed or gave way, newest last: none of them is opened again.

    `left`: a visit closed with the card inside (遗留卡). `unsure_s`: without a word of the reader,
    the card counts as taken then. `service`: who serves here (三亮明). `light`: what the centre
    wishes of one lamp.
    """

    visit: Visit | None = None
    over: tuple[str, ...] = ()
    inside: tuple[Inside, ...] = ()
    left: bool = False
    unsure_s: float | None = None
    paused: bool = False
    service: ShowService | None = None
    light: tuple[Colour, FlashRate] | None = None
    numbers: reserve.Numbers = field(default_factory=reserve.Numbers)
    work: Work | None = None
    prints: tuple[Begun, ...] = ()
    around: Around = field(default_factory=Around)

    @property
    def visit_id(self) -> str | None:
        return None if self.visit is None else self.visit.id


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


@dataclass(frozen=True)
class Blink:
    """All lamps blink, so that somebody finds the window."""

    duration_s: float


@dataclass(frozen=True)
class Speak:
    """Say this aloud once. Numbers, never names."""

    text: str


@dataclass(frozen=True)
class Explain:
    """Show on the display for a moment why something was not done, and what to do."""

    text: str


Sign = Wink | ConfirmLevel | Blink | Speak | Explain


@dataclass(frozen=True)
class Capture:
    """A page is to be taken for this visit; the order is answered when it was."""

    visit: str
    document: str


@dataclass(frozen=True)
class Print:
    """A slip or a sheet is to be printed; the order is answered when its fate is known.

    `visit`: the one that the order names. A receipt may be printed after it has closed.
    """

    visit: str | None
    wish: PrintSlip | PrintSheet


@dataclass(frozen=True)
class Outcome:
    """What follows. `signs` may be given only after `facts` are on disk.

    `preview_s`: what lies under the camera is to be shown for so long.
    """

    state: State
    facts: tuple[Happened, ...] = ()
    signs: tuple[Sign, ...] = ()
    capture: Capture | None = None
    preview_s: float | None = None
    prints: Print | None = None


class OrderRefusal(Exception):
    """The order cannot be carried out in this state; it is answered with this reason."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def mode(state: State) -> Mode:
    """What the window is, in one word; what stands first here stands before the rest.

    A fault tells that no further citizen can be called, also while a visit goes on. A visit goes
    on whether the centre is there or not, and none is open while the window is paused.
    """
    visit = state.visit
    if state.around.fault:
        return "fault"
    if visit is not None:
        if isinstance(visit.rating, Asking):
            return "rating"
        return "serving" if visit.served else "called"
    if state.paused:
        return "paused"
    return "idle" if state.around.centre else "offline"


def ended(state: State, pad: str, *closing: Happened) -> Outcome:
    """The open visit ends: an unanswered request expires, a card inside is left behind (遗留卡).

    `closing` are the facts that say why, behind those two.
    """
    visit = state.visit
    if visit is None:
        return Outcome(state)
    left = tuple(
        Happened(inside.device, "card", "left", CardLeft(slot=inside.slot), visit.id)
        for inside in state.inside
    )
    over = past(state.over, visit.id)
    after = replace(state, visit=None, over=over, left=bool(left), light=None)
    return Outcome(after, (*expired(visit, pad), *unread(visit, "closed"), *left, *closing))


def past(over: tuple[str, ...], visit: str) -> tuple[str, ...]:
    """`over` with one visit more."""
    return over if visit in over else (*over, visit)[-REMEMBERED_VISITS:]


def expired(visit: Visit, pad: str) -> tuple[Happened, ...]:
    """The fact that nobody answered, if the pad was asking."""
    if not isinstance(visit.rating, Asking):
        return ()
    data = RatingExpired(request=visit.rating.request)
    return (Happened(pad, "rating", "expired", data, visit.id),)


def unread(
    visit: Visit, reason: Literal["no_answer", "closed", "replaced", "unavailable"]
) -> tuple[Happened, ...]:
    """The fact that a sheet on the screen, if there is one, is asked about no more."""
    if visit.reading is None:
        return ()
    data = SheetExpired(shown_hash=visit.reading.sheet, reason=reason)
    return (Happened(SCREEN, "sheet", "expired", data, visit.id),)


def dump(state: State) -> dict[str, Any]:
    """What a restart must know. Moments of a monotonic clock mean nothing then, and stay out.

    So does whose documents were read: nothing personal goes to the disk unsealed.
    """
    return {
        "visit": None if state.visit is None else _dump_visit(state.visit),
        "over": list(state.over),
        "inside": [[inside.device, inside.slot] for inside in state.inside],
        "left": state.left,
        "paused": state.paused,
        "service": None if state.service is None else msgspec.to_builtins(state.service),
        "light": None if state.light is None else list(state.light),
        "numbers": reserve.dump(state.numbers),
        "work": None if state.work is None else state.work.packed,
        "prints": [list(astuple(each)) for each in state.prints],
    }


def _dump_visit(visit: Visit) -> dict[str, Any]:
    names = ("id", "ticket", "window", "served", "asked", "rated", "pages", "local", "item")
    kept = {name: getattr(visit, name) for name in names}
    kept["documents"] = [list(each) for each in visit.documents]
    match visit.rating:
        case Asking(request=request, timeout_s=timeout_s):
            kept["rating"] = {"request": request, "timeout_s": timeout_s}
        case Rated(request=request, level=level):
            kept["rating"] = {"request": request, "level": level}
        case None:
            pass
    if (reading := visit.reading) is not None:
        kept["reading"] = [reading.sheet, reading.sign, reading.timeout_s, reading.confirmed]
    return kept


def load(kept: dict[str, Any], now_s: float) -> State:
    """The state after a restart. What was running begins anew: the citizen has not seen it end."""
    visit, work, service = (kept.get(name) for name in ("visit", "work", "service"))
    light = kept.get("light")
    inside = tuple(Inside(*each) for each in kept.get("inside", ()))
    return State(
        visit=None if visit is None else _load_visit(visit, now_s),
        over=tuple(kept.get("over", ())),
        inside=inside,
        left=kept.get("left", False),
        unsure_s=now_s + READER_AWAY_S if inside else None,
        paused=kept.get("paused", False),
        service=None if service is None else msgspec.convert(service, ShowService),
        light=None if light is None else (light[0], light[1]),
        numbers=reserve.load(kept.get("numbers", {})),
        work=None if work is None else unpack(work),
        prints=tuple(Begun(*each) for each in kept.get("prints", ())),
    )


def _load_visit(kept: dict[str, Any], now_s: float) -> Visit:
    known = {name: value for name, value in kept.items() if name not in ("rating", "reading")}
    known["documents"] = tuple((name, count) for name, count in kept.get("documents", ()))
    reading: Reading | None = None
    if saved := kept.get("reading"):
        sheet, sign, timeout_s, confirmed = saved
        reading = Reading(sheet, sign, now_s, timeout_s, confirmed)
    rating: Asking | Rated | None = None
    if saved := kept.get("rating"):
        if "level" in saved:
            rating = Rated(saved["request"], saved["level"], now_s, now_s + REPLACE_S)
        else:
            rating = Asking(saved["request"], now_s, saved["timeout_s"])
    return Visit(**known, rating=rating, reading=reading, since_s=now_s, touched_s=now_s)
