"""The effects of facts: what a device reported changes visits, tickets, ratings and orders."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.engine import Connection

from central.domain import ticket, visit
from central.domain.errors import RuleError
from central.service import (
    left_cards,
    local,
    orders,
    ratings,
    read_backs,
    records,
    returns,
    slips,
    tray,
)
from central.service.catalogue import Catalogue
from central.service.context import Actor, Context
from central.service.received import ReceivedFact, Unplaceable
from central.store import schema
from hal.events.facts import (
    CardLeft,
    CardRemoved,
    CodeScanned,
    Data,
    IdentityRead,
    OrderDone,
    OrderRefused,
    Placed,
    RatingExpired,
    RatingGiven,
    SheetConfirmed,
    SheetDisputed,
    SheetExpired,
    SignatureGiven,
    SlipPrinted,
    TicketIssued,
    VisitClosed,
    VisitOpened,
)

TERMINAL_ROLE = "terminal"


def apply(connection: Connection, fact: ReceivedFact, now: datetime, catalogue: Catalogue) -> None:
    """Carry out what `fact` means, in the transaction that stores it; called once per fact.

    Raises Unplaceable when the visit, case, request or order it names is unknown or another
    terminal's. Its caller undoes the savepoint then. A fact without a visit changes none.
    """
    context = Context(connection, now, Actor(fact.terminal, TERMINAL_ROLE))
    try:
        if isinstance(fact.data, TicketIssued):
            local.issue_ticket(context, fact, fact.data)
            return
        if isinstance(fact.data, VisitOpened):
            local.open_visit(context, fact, fact.data)
            return
        row = _visit(connection, fact)
        if isinstance(fact.data, Placed) and row is not None:
            bound = _personal(context, fact, row, fact.data)
            if bound and isinstance(fact.data, IdentityRead):
                local.open_case(context, catalogue, fact, row, fact.data)
        effect = _EFFECTS.get(type(fact.data))
        if effect is not None:
            effect(context, fact, row, fact.data)
    except RuleError as refusal:
        raise Unplaceable(refusal.code) from refusal


def _visit(connection: Connection, fact: ReceivedFact) -> RowMapping | None:
    if fact.visit is None:
        return None
    row = records.find_visit(connection, fact.visit)
    if row is None:
        raise Unplaceable(local.UNKNOWN_VISIT)
    if row["terminal"] != fact.terminal:
        raise Unplaceable("foreign_visit")
    visit.after(visit.State(row["state"]), visit.Command.RECORD)
    return row


def _personal(context: Context, fact: ReceivedFact, row: RowMapping, data: Placed) -> bool:
    """Lay it into the tray; False if it is of an unlike person, who is nobody as yet."""
    if data.case is not None and records.case(context.connection, data.case)["visit"] != row["id"]:
        raise Unplaceable("foreign_case")
    if not (isinstance(data, CodeScanned) and _ticket_of(data)):
        differs = data.party is None and tray.differs(context.connection, row["id"], data)
        tray.put(context.connection, fact.id, fact.type, row["id"], data)
        if data.party is not None:
            tray.follow(context.connection, row["id"], fact.id, data.party)
        if differs:
            records.add_note(
                context.connection, row["id"], at=context.moment, what=tray.MISMATCH, fact=fact.id
            )
            context.audit("party.mismatch", row["id"], fact=fact.id)
            return False
    return True


def _ticket_of(data: CodeScanned) -> str | None:
    """The ticket a whole scan names; a scan with characters missing names none."""
    return ticket.scanned(data.text) if data.text and data.integrity == "ok" else None


def _code_scanned(
    context: Context, fact: ReceivedFact, row: RowMapping | None, data: CodeScanned
) -> None:
    presented = _ticket_of(data)
    if presented is None or row is None:
        return
    if presented != row["ticket_id"]:
        records.add_note(
            context.connection, row["id"], at=context.moment, what="ticket_mismatch", fact=fact.id
        )
        context.audit("ticket.mismatch", row["id"], fact=fact.id)
        return
    known = records.ticket(context.connection, presented)
    if known["state"] == ticket.State.WAITING:
        return  # the visit came to nothing, and its number waits again
    state = ticket.after(ticket.State(known["state"]), ticket.Command.SERVE)
    records.change(
        context.connection,
        schema.ticket,
        presented,
        state=state,
        presented_at=known["presented_at"] or context.moment,
    )
    context.audit("ticket.presented", presented, fact=fact.id)


def _rating_given(
    context: Context, fact: ReceivedFact, row: RowMapping | None, data: RatingGiven
) -> None:
    if row is None:
        return
    asked = _asked(context, row, data.request)
    ratings.give(context, asked, data.level, data.replaces)


def _rating_expired(
    context: Context, fact: ReceivedFact, row: RowMapping | None, data: RatingExpired
) -> None:
    if row is not None:
        ratings.expire(context, _asked(context, row, data.request))


def _visit_closed(
    context: Context, fact: ReceivedFact, row: RowMapping | None, data: VisitClosed
) -> None:
    if row is not None:
        local.close_visit(context, fact, row, data)


def _card_left(
    context: Context, fact: ReceivedFact, _row: RowMapping | None, data: CardLeft
) -> None:
    left_cards.note_left(context, fact, data)


def _card_removed(
    context: Context, fact: ReceivedFact, _row: RowMapping | None, data: CardRemoved
) -> None:
    left_cards.note_removed(context, fact, data)


def _answered(
    context: Context, fact: ReceivedFact, _row: RowMapping | None, data: read_backs.Answer
) -> None:
    tray.belongs(context.connection, fact.id, read_backs.answer(context, fact, data))


def _sheet_expired(
    context: Context, fact: ReceivedFact, _row: RowMapping | None, data: SheetExpired
) -> None:
    read_backs.expire(context, fact, data)


def _slip_printed(
    context: Context, fact: ReceivedFact, _row: RowMapping | None, data: SlipPrinted
) -> None:
    slips.tell(context, fact.terminal, data)


def _asked(context: Context, row: RowMapping, request: str) -> RowMapping:
    made = local.asked_at_window(context, row, request)
    asked = made if made is not None else records.rating_of(context.connection, row["id"])
    if asked is None or asked["request"] != request:
        raise Unplaceable("unknown_request")
    return asked


def _order_done(
    context: Context, fact: ReceivedFact, _row: RowMapping | None, data: OrderDone
) -> None:
    _answer(context, fact, data.order, "done")


def _order_refused(
    context: Context, fact: ReceivedFact, _row: RowMapping | None, data: OrderRefused
) -> None:
    order = _answer(context, fact, data.order, data.reason)
    asked = records.rating_of(context.connection, order["visit"]) if order["visit"] else None
    if asked is not None and order["verb"] == orders.RATING_VERB:
        ratings.expire(context, asked)
    read_backs.not_shown(context, data.order, data.reason)
    context.audit("order.refused", data.order, reason=data.reason)
    if orders.opens_visit(order) and order["state"] == orders.PENDING:
        returns.not_opened(context, order["visit"], data.reason)


def _answer(context: Context, fact: ReceivedFact, id: str, answer: str) -> RowMapping:
    """Note the terminal's answer. The first counts; it may still come after the expiry."""
    query = select(schema.order_outbox).where(schema.order_outbox.c.id == id)
    order = context.connection.execute(query).mappings().one_or_none()
    if order is None:
        raise Unplaceable("unknown_order")
    if order["terminal"] != fact.terminal:
        raise Unplaceable("foreign_order")
    if order["state"] in ("pending", "expired"):
        state = "done" if answer == "done" else "refused"
        records.change(context.connection, schema.order_outbox, id, state=state, answer=answer)
    return order


_EFFECTS: dict[type[Data], Callable[[Context, ReceivedFact, RowMapping | None, Any], None]] = {
    CodeScanned: _code_scanned,
    RatingGiven: _rating_given,
    RatingExpired: _rating_expired,
    OrderDone: _order_done,
    OrderRefused: _order_refused,
    VisitClosed: _visit_closed,
    CardLeft: _card_left,
    CardRemoved: _card_removed,
    SheetConfirmed: _answered,
    SheetDisputed: _answered,
    SignatureGiven: _answered,
    SheetExpired: _sheet_expired,
    SlipPrinted: _slip_printed,
}
