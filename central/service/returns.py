"""Visits that the window never opened, or no longer has: closed, and their tickets settled."""

from sqlalchemy import RowMapping

from central.domain import ticket, visit
from central.service import orders, ratings, read_backs, records
from central.service.context import Context
from central.service.orders import Window
from central.store import schema

NOT_OPENED, OVERTAKEN = "not_opened", "superseded"


def not_opened(context: Context, visit_id: str, reason: str) -> bool:
    """The window did not open the visit: its ticket waits again, before all that came later.

    False, and nothing is done, if it is closed already or somebody is being served in it.
    """
    row = records.visit(context.connection, visit_id)
    if row["state"] != visit.State.OPEN or not _give_back(context, row):
        return False
    _close(context, row, NOT_OPENED, reason=reason)
    return True


def expired(context: Context, order: RowMapping) -> None:
    """An order ran out unanswered. The one to open a visit may have been carried out all the
    same, by a terminal that could not say so: it is told to close the visit.
    """
    read_backs.not_shown(context, order["id"], "expired")
    if not orders.opens_visit(order):
        return
    if not_opened(context, order["visit"], "expired"):
        orders.close_visit(context, Window(order["terminal"], order["site"]), order["visit"])


def supersede(context: Context, row: RowMapping) -> None:
    """The window has begun another visit by itself, so this one is over there."""
    order = orders.opening_of(context, row["id"])
    if order is not None and order["state"] == orders.PENDING and _give_back(context, row):
        orders.withdraw(context, order["id"])
        orders.close_visit(context, Window(order["terminal"], order["site"]), row["id"])
    else:
        finish_ticket(context, row["ticket_id"])
    _close(context, row, OVERTAKEN)


def finish_ticket(context: Context, id: str) -> None:
    """The ticket's visit is over; one that waits again, or is done, stays as it is."""
    served = records.ticket(context.connection, id)
    state = ticket.State(served["state"])
    if state in (ticket.State.CALLED, ticket.State.SERVING):
        done = ticket.after(state, ticket.Command.FINISH)
        records.change(context.connection, schema.ticket, id, state=done)


def _give_back(context: Context, row: RowMapping) -> bool:
    """Let the visit's ticket wait again; False if it is not one that was only called."""
    held = records.ticket(context.connection, row["ticket_id"])
    if held["state"] != ticket.State.CALLED:
        return False
    state = ticket.after(ticket.State.CALLED, ticket.Command.RETURN)
    # It keeps its place in time, and so stands before everybody who took a number later.
    records.change(context.connection, schema.ticket, held["id"], state=state, terminal=None)
    context.audit("ticket.returned", held["id"], visit=row["id"])
    return True


def _close(context: Context, row: RowMapping, what: str, **why: str) -> None:
    asked = records.rating_of(context.connection, row["id"])
    if asked is not None:
        ratings.expire(context, asked)
    closed = visit.after(visit.State(row["state"]), visit.Command.CLOSE)
    records.change(
        context.connection, schema.visit, row["id"], state=closed, closed_at=context.moment
    )
    records.add_note(context.connection, row["id"], at=context.moment, what=what, **why)
    context.audit("visit.closed", row["id"], note=what, **why)
