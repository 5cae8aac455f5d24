"""Orders to a terminal, written in the transaction that decides on them; dispatch sends them."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec
from sqlalchemy import RowMapping, insert, select, update

from central.service import moments
from central.service.context import Context
from central.service.places import Place
from central.store import schema
from hal.events.facts import Party
from hal.events.orders import (
    AcceptParty,
    CapturePage,
    CloseVisit,
    Configure,
    ConfirmSheet,
    OpenVisit,
    Order,
    Pause,
    PrintSheet,
    PrintSlip,
    RequestRating,
    Reserve,
    Resume,
    ShowService,
    encode,
)

VISIT_DEVICE, OPEN_VERB = "visit", "open"
TERMINAL_DEVICE = "terminal"
SCREEN_DEVICE, CONFIRM_VERB, SHOW_VERB = "screen", "confirm", "show"
RATING_VERB = "request"
PRINT_VERB, SHEET_VERB = "print", "print-sheet"
VISIT_ORDER_LIFE = timedelta(hours=12)
RATING_ORDER_LIFE = timedelta(seconds=60)
CAPTURE_ORDER_LIFE = timedelta(seconds=60)
PAUSE_ORDER_LIFE = timedelta(seconds=60)
PRINT_ORDER_LIFE = timedelta(seconds=60)
CONFIRM_ORDER_LIFE = timedelta(seconds=60)
TERMINAL_ORDER_LIFE = timedelta(days=1)
RATING_TIMEOUT_S = 30.0


PENDING, SUPERSEDED = "pending", "superseded"


@dataclass(frozen=True)
class Window:
    """Where an order goes."""

    terminal: str
    site: str


def open_visit(context: Context, place: Place, visit: str, number: str, announcement: str) -> str:
    """`visit/open`; returns the order's id."""
    window = Window(place.terminal, place.site)
    data = OpenVisit(ticket=number, window=place.window, announcement=announcement)
    return _write(context, window, visit, (VISIT_DEVICE, OPEN_VERB), data, VISIT_ORDER_LIFE)


def close_visit(context: Context, window: Window, visit: str) -> str:
    """`visit/close`; returns the order's id."""
    return _write(context, window, visit, (VISIT_DEVICE, "close"), CloseVisit(), VISIT_ORDER_LIFE)


def request_rating(context: Context, window: Window, visit: str, pad: str, request: str) -> str:
    """`{pad}/request`; returns the order's id."""
    data = RequestRating(request=request, timeout_s=RATING_TIMEOUT_S)
    return _write(context, window, visit, (pad, RATING_VERB), data, RATING_ORDER_LIFE)


def capture_page(context: Context, window: Window, visit: str, camera: str, document: str) -> str:
    """`{camera}/capture`; returns the order's id."""
    data = CapturePage(document=document)
    return _write(context, window, visit, (camera, "capture"), data, CAPTURE_ORDER_LIFE)


def print_slip(
    context: Context, window: Window, visit: str | None, printer: str, slip: PrintSlip
) -> str:
    """`{printer}/print`; returns the order's id."""
    return _write(context, window, visit, (printer, PRINT_VERB), slip, PRINT_ORDER_LIFE)


def print_sheet(
    context: Context, window: Window, visit: str | None, printer: str, sheet: PrintSheet
) -> str:
    """`{printer}/print-sheet`; returns the order's id. The sheet must be kept before."""
    return _write(context, window, visit, (printer, SHEET_VERB), sheet, PRINT_ORDER_LIFE)


def confirm_sheet(context: Context, window: Window, visit: str, sheet: ConfirmSheet) -> str:
    """`screen/confirm`; returns the order's id. The sheet must be kept before."""
    verb = (SCREEN_DEVICE, CONFIRM_VERB)
    return _write(context, window, visit, verb, sheet, CONFIRM_ORDER_LIFE)


def show_service(context: Context, window: Window, who: ShowService) -> str:
    """`screen/show`, in the place of one that is still on its way; returns its id."""
    verb = (SCREEN_DEVICE, SHOW_VERB)
    _supersede(context, window, verb)
    return _write(context, window, None, verb, who, TERMINAL_ORDER_LIFE)


def accept_party(context: Context, window: Window, visit: str, party: Party) -> str:
    """`visit/party`; returns the order's id."""
    data = AcceptParty(party=party)
    return _write(context, window, visit, (VISIT_DEVICE, "party"), data, VISIT_ORDER_LIFE)


def pause(context: Context, window: Window) -> str:
    """`terminal/pause`; returns the order's id."""
    return _write(context, window, None, (TERMINAL_DEVICE, "pause"), Pause(), PAUSE_ORDER_LIFE)


def resume(context: Context, window: Window) -> str:
    """`terminal/resume`; returns the order's id."""
    return _write(context, window, None, (TERMINAL_DEVICE, "resume"), Resume(), PAUSE_ORDER_LIFE)


def reserve(context: Context, window: Window, block: Reserve) -> str:
    """`terminal/reserve`; returns the order's id."""
    verb = (TERMINAL_DEVICE, "reserve")
    return _write(context, window, None, verb, block, TERMINAL_ORDER_LIFE)


def configure(context: Context, window: Window, what: Configure) -> str:
    """`terminal/configure`, in the place of one that is still on its way; returns its id."""
    verb = (TERMINAL_DEVICE, "configure")
    _supersede(context, window, verb)
    return _write(context, window, None, verb, what, TERMINAL_ORDER_LIFE)


def opening_of(context: Context, visit: str) -> RowMapping | None:
    """The order that opens `visit` at its window; None if the terminal opened it by itself."""
    table = schema.order_outbox
    query = select(table).where(
        table.c.visit == visit, table.c.device == VISIT_DEVICE, table.c.verb == OPEN_VERB
    )
    return context.connection.execute(query).mappings().one_or_none()


def opens_visit(order: RowMapping) -> bool:
    """Whether a row of the outbox is the order that opens a visit."""
    kind = (order["device"], order["verb"])
    return kind == (VISIT_DEVICE, OPEN_VERB) and order["visit"] is not None


def withdraw(context: Context, id: str) -> None:
    """Send an order no more; it may have arrived already."""
    table = schema.order_outbox
    pending = update(table).where(table.c.id == id, table.c.state == PENDING)
    context.connection.execute(pending.values(state=SUPERSEDED))


def _supersede(context: Context, window: Window, verb: tuple[str, str]) -> None:
    table = schema.order_outbox
    older = update(table).where(table.c.terminal == window.terminal, table.c.state == PENDING)
    older = older.where(table.c.device == verb[0], table.c.verb == verb[1])
    context.connection.execute(older.values(state=SUPERSEDED))


def _write(
    context: Context,
    window: Window,
    visit: str | None,
    verb: tuple[str, str],
    data: msgspec.Struct,
    life: timedelta,
) -> str:
    order = Order(
        id=context.new_id(),
        issued_at=context.moment,
        expires_at=moments.written(context.now + life),
        by=context.actor.name,
        visit=visit,
        data=msgspec.Raw(encode(data)),
    )
    context.connection.execute(
        insert(schema.order_outbox).values(
            id=order.id,
            terminal=window.terminal,
            site=window.site,
            device=verb[0],
            verb=verb[1],
            body=encode(order),
            visit=visit,
            created_at=order.issued_at,
            expires_at=order.expires_at,
        )
    )
    return order.id
