"""Taking pages (高拍), asking for the rating (请求评价) and closing a visit (结束服务)."""

from sqlalchemy import RowMapping, insert, select

from central.domain import rating, ticket, visit
from central.domain.errors import Refused
from central.service import moments, orders, ratings, reading, records, terminals
from central.service.context import Context
from central.service.orders import Window
from central.service.views import CaptureView, RatingRequestView, VisitView
from central.store import schema

RATING, DOCUMENT = "rating", "document"


def request_rating(context: Context, visit_id: str) -> RatingRequestView:
    """Ask the citizen of an open visit for a level; once per visit (一次一评)."""
    connection = context.connection
    row = records.visit(connection, visit_id)
    visit.after(visit.State(row["state"]), visit.Command.ASK_RATING)
    if records.rating_of(connection, visit_id) is not None:
        raise Refused(
            "rating_asked", "This visit has been asked for its rating.", "本次服务已请求评价。"
        )
    request = context.new_id()
    connection.execute(
        insert(schema.rating).values(
            id=context.new_id(),
            visit=visit_id,
            request=request,
            state=rating.State.OFFERED,
            offered_at=context.moment,
        )
    )
    pad = terminals.device_of(connection, row["terminal"], RATING)
    order = orders.request_rating(context, _window(context, row), visit_id, pad, request)
    context.audit("rating.offered", visit_id, request=request)
    return RatingRequestView(
        visit=visit_id, request=request, order=order, state=rating.State.OFFERED
    )


def capture_page(context: Context, visit_id: str, document: str | None) -> CaptureView:
    """Have the window's camera take the page that lies there (高拍), as a page of `document`.

    Without one a new document begins. What came of it is a fact in the visit's tray.
    """
    connection = context.connection
    row = records.visit(connection, visit_id)
    visit.after(visit.State(row["state"]), visit.Command.CAPTURE)
    name = document or context.new_id()
    camera = terminals.device_of(connection, row["terminal"], DOCUMENT)
    order = orders.capture_page(context, _window(context, row), visit_id, camera, name)
    context.audit("page.ordered", visit_id, document=name)
    return CaptureView(visit=visit_id, document=name, order=order)


def close_visit(context: Context, visit_id: str) -> VisitView:
    """End the visit; Refused (rating_pending) while the pad still asks."""
    connection = context.connection
    row = records.visit(connection, visit_id)
    asked = records.rating_of(connection, visit_id)
    state = visit.close(
        visit.State(row["state"]),
        rating.State(asked["state"]) if asked else None,
        still_asking=_still_asking(context, visit_id),
    )
    if asked is not None:
        ratings.expire(context, asked)
    served = records.ticket(connection, row["ticket_id"])
    done = ticket.after(ticket.State(served["state"]), ticket.Command.FINISH)
    records.change(connection, schema.ticket, served["id"], state=done)
    records.change(connection, schema.visit, visit_id, state=state, closed_at=context.moment)
    orders.close_visit(context, _window(context, row), visit_id)
    context.audit("visit.closed", visit_id)
    return reading.visit(connection, visit_id)


def _still_asking(context: Context, visit_id: str) -> bool:
    """Whether the order that asks for the rating has time left."""
    table = schema.order_outbox
    query = select(table.c.expires_at).where(
        table.c.visit == visit_id, table.c.verb == orders.RATING_VERB
    )
    ends = context.connection.scalars(query).all()
    return any(moments.read(end) > context.now for end in ends)


def _window(context: Context, row: RowMapping) -> Window:
    served = records.ticket(context.connection, row["ticket_id"])
    return Window(row["terminal"], served["site"])
