"""What the centre answers with: the shapes of the HTTP interface, built from rows."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class View(BaseModel):
    """The base of every answer: immutable, written by the names of the interface."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)


class TicketView(View):
    """号票. `barcode` is what the slip's barcode says."""

    id: str
    number: str
    site: str
    lane: str
    state: str
    barcode: str
    terminal: str | None
    issued_at: str
    presented_at: str | None


class TrayItem(View):
    """A personal fact in the tray, by its mask. `placed_case` and `party` once it is placed."""

    fact: str
    type: str
    masked: dict[str, Any]
    placed_case: str | None
    party: str | None


class Applicant(View):
    """申请人, by the fact that read the document and its mask."""

    fact: str
    masked: dict[str, Any]


class CaseEvent(View):
    """One step of a case's way; `from` is null for the first."""

    at: str
    from_state: str | None = Field(serialization_alias="from")
    to_state: str = Field(serialization_alias="to")
    by: str


class ReadBackView(View):
    """核对: the application as it was shown to the citizen, and the answer.

    `sheet` is the hash of what was shown; `disputed` are labels, never values; `reason` says why
    there was no answer. `picture` names the sealed picture of the signature.
    """

    order: str
    sheet: str
    sign: bool
    state: str
    asked_at: str
    answered_at: str | None
    disputed: list[str]
    reason: str | None
    signed_at: str | None
    picture: str | None


class CaseView(View):
    """办件 with its whole way so far."""

    id: str
    number: str
    item_code: str
    item_name: str
    risk: str
    visit: str
    state: str
    applicant: Applicant
    clock_started_at: str
    events: list[CaseEvent]
    read_backs: list[ReadBackView]


class RatingView(View):
    """评价 of a visit; `level` is 1-5, null until rated."""

    request: str
    state: str
    level: int | None


class PrintedView(View):
    """A slip or sheet that was ordered from the printer. `verdict` is null until it is known.

    `unknown`: nobody knows whether it lies in the tray; print a copy (补打), which voids it.
    """

    slip: str
    kind: str
    case: str | None
    ordered_at: str
    verdict: str | None
    told_at: str | None
    voided_by: str | None


class VisitView(View):
    """本次服务 with everything that belongs to it."""

    id: str
    terminal: str
    ticket: TicketView
    state: str
    opened_at: str
    closed_at: str | None
    tray: list[TrayItem]
    cases: list[CaseView]
    rating: RatingView | None
    prints: list[PrintedView]
    notes: list[dict[str, Any]]


class SessionView(View):
    """签到: who serves at a window, since when and until when."""

    id: str
    terminal: str
    teller: str
    state: str
    opened_at: str
    closed_at: str | None


class CallView(View):
    """The number that was called, the visit that began, and what is called out in the hall."""

    ticket: TicketView
    visit: VisitView
    announcement: str


class RatingRequestView(View):
    """The rating that is being asked for; `order` is on its way to the pad."""

    visit: str
    request: str
    order: str
    state: str


class CaptureView(View):
    """The page that is being taken: as a part of `document`, by `order`."""

    visit: str
    document: str
    order: str


class ConfirmView(View):
    """The application that is being read back: `sheet` is its hash, `order` brings it there."""

    visit: str
    case: str
    sheet: str
    sign: bool
    order: str


class CheckView(View):
    """What a check code (校验码) tells anybody: the item, and the day it was applied for."""

    item_name: str
    applied_on: str


class SlipView(View):
    """One slip on its way to the printer. `voids`: the copies that it takes the place of (补打)."""

    slip: str
    order: str
    case: str | None
    voids: list[str]


class PrintView(View):
    """What is being printed for a visit; how each slip went is told by a fact `slip.printed`."""

    visit: str
    kind: str
    slips: list[SlipView]


class CasePage(View):
    """`next`: what to pass as `after` to go on."""

    items: list[CaseView]
    next: str


class OpenVisit(View):
    """The visit that is open at a window."""

    id: str
    ticket: str
    ticket_state: str
    opened_at: str


class DeviceView(View):
    """The last word of a device: an XFS4IoT state, what to do, and the two texts."""

    device: str
    status: dict[str, Any]


class WindowView(View):
    """窗口: its terminal, the state it last told, who is signed in, and the visit open there.

    `able`: the roles of its devices that work; `possible` of the catalogue's `items` can be taken
    in with them. `why` it is paused: `teller`, `fault`, `disk`. `card_left`: 遗留卡 lies inside.
    """

    terminal: str
    site: str
    window: int | None
    state: str | None
    seen_at: str | None
    teller: str | None
    visit: OpenVisit | None
    devices: list[DeviceView]
    offline: bool
    able: list[str]
    why: str | None
    possible: int
    items: int
    card_left: bool


class WindowOrderView(View):
    """What a window was ordered to do; `order` is on its way."""

    terminal: str
    order: str


class LeftCardView(View):
    """遗留卡: a card that a visit left in a reader; `removed_at` null while it lies there."""

    fact_id: str
    terminal: str
    visit: str | None
    slot: str
    left_at: str
    removed_at: str | None
    removed_by: str | None


class LeftCardsView(View):
    items: list[LeftCardView]


class BlockView(View):
    """预留号段: numbers that a terminal may give out by itself; `order` pending, done, …."""

    day: str
    lane: str
    first: int
    last: int
    used: int
    order: str


class TerminalView(View):
    """窗口终端: all that it says about itself. `health` is its own, as it was told last."""

    terminal: str
    site: str
    window: int
    state: str | None
    offline: bool
    since: str | None
    able: list[str]
    why: str | None
    epoch: str | None
    boot: str | None
    version: str | None
    seen_at: str | None
    health: dict[str, Any] | None
    health_at: str | None
    devices: list[DeviceView]
    blocks: list[BlockView]


class LogView(View):
    """The last log lines of a terminal, newest first, since the centre was started."""

    terminal: str
    lines: list[dict[str, Any]]


class QueueView(View):
    """How many numbers wait today."""

    site: str
    lane: str
    waiting: int


class WindowsView(View):
    items: list[WindowView]
    queue: list[QueueView]


class WaitingView(View):
    """The numbers that wait in a lane, whoever is next first."""

    site: str
    lane: str
    numbers: list[str]


class LevelCount(View):
    """How many citizens gave this level today; `level` null: asked, and not rated (yet)."""

    level: int | None
    count: int


class LiveView(View):
    """The hall for who watches it. `visits`: what is open at each terminal, by masks."""

    hall: WindowsView
    visits: dict[str, VisitView]
    waiting: list[WaitingView]
    ratings: list[LevelCount]


class FactView(View):
    """One stored fact. `data` stays sealed unless the caller may open it and says what for.

    A quarantined message may lack what could not be read from it.
    """

    cursor: int
    terminal: str | None
    epoch: str | None
    sequence: int | None
    id: str | None
    type: str | None
    device: str | None
    time: str | None
    visit: str | None
    stored_at: str
    state: str
    reason: str | None
    data: Any


class FactPage(View):
    """`next`: the commit cursor to pass as `after` to go on; it is never a sequence."""

    items: list[FactView]
    next: int


class Health(View):
    status: str
    broker: bool
