"""Orders to a terminal, written in the transaction that decides on them; dispatch sends them."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec
from sqlalchemy import insert

from central.service import moments
from central.service.context import Context
from central.service.places import Place
from central.store import schema
from hal.events.orders import CapturePage, CloseVisit, OpenVisit, Order, RequestRating, encode

VISIT_DEVICE = "visit"
RATING_VERB = "request"
VISIT_ORDER_LIFE = timedelta(hours=12)
RATING_ORDER_LIFE = timedelta(seconds=60)
CAPTURE_ORDER_LIFE = timedelta(seconds=60)
RATING_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Window:
    """Where an order goes."""

    terminal: str
    site: str


def open_visit(context: Context, place: Place, visit: str, number: str, announcement: str) -> str:
    """`visit/open`; returns the order's id."""
    window = Window(place.terminal, place.site)
    data = OpenVisit(ticket=number, window=place.window, announcement=announcement)
    return _write(context, window, visit, (VISIT_DEVICE, "open"), data, VISIT_ORDER_LIFE)


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


def _write(
    context: Context,
    window: Window,
    visit: str,
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
