"""The effects of facts: what a device reported changes visits, tickets, ratings and orders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.engine import Connection

from central.domain import ticket, visit
from central.domain.errors import RuleError
from central.service import orders, ratings, records, tray
from central.service.context import Actor, Context
from central.store import schema
from hal.events.envelope import fact_type
from hal.events.facts import (
    CodeScanned,
    Data,
    OrderDone,
    OrderRefused,
    Placed,
    RatingExpired,
    RatingGiven,
)

TERMINAL_ROLE = "terminal"


class Unplaceable(Exception):
    """The fact does not belong where it says: keep it in quarantine with `reason`, go on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ReceivedFact:
    """A new, valid fact whose box has been opened. `data` must never be written down whole.

    `role` and `name` are the two words of the type: `identity` and `read`. `time` is the
    terminal's wall time as it stands in the envelope.
    """

    id: str
    terminal: str
    device: str
    role: str
    name: str
    epoch: str
    sequence: int
    visit: str | None
    time: str
    data: Data

    @property
    def type(self) -> str:
        return fact_type(self.role, self.name)


def apply(connection: Connection, fact: ReceivedFact, now: datetime) -> None:
    """Carry out what `fact` means, in the transaction that stores it; called once per fact.

    Raises Unplaceable when the visit, case, request or order it names is unknown or another
    terminal's. Its caller undoes the savepoint then. A fact without a visit changes none.
    """
    context = Context(connection, now, Actor(fact.terminal, TERMINAL_ROLE))
    row = _visit(connection, fact)
    try:
        if isinstance(fact.data, Placed) and row is not None:
            _personal(context, fact, row, fact.data)
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
        raise Unplaceable("unknown_visit")
    if row["terminal"] != fact.terminal:
        raise Unplaceable("foreign_visit")
    visit.after(visit.State(row["state"]), visit.Command.RECORD)
    return row


def _personal(context: Context, fact: ReceivedFact, row: RowMapping, data: Placed) -> None:
    if data.case is not None and records.case(context.connection, data.case)["visit"] != row["id"]:
        raise Unplaceable("foreign_case")
    if not (isinstance(data, CodeScanned) and _ticket_of(data)):
        differs = tray.differs(context.connection, row["id"], data)
        tray.put(context.connection, fact.id, fact.type, row["id"], data)
        if differs:
            records.add_note(
                context.connection, row, at=context.moment, what="party_mismatch", fact=fact.id
            )
            context.audit("party.mismatch", row["id"], fact=fact.id)


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
            context.connection, row, at=context.moment, what="ticket_mismatch", fact=fact.id
        )
        context.audit("ticket.mismatch", row["id"], fact=fact.id)
        return
    known = records.ticket(context.connection, presented)
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
    asked = _asked(context.connection, row["id"], data.request)
    ratings.give(context, asked, data.level, data.replaces)


def _rating_expired(
    context: Context, fact: ReceivedFact, row: RowMapping | None, data: RatingExpired
) -> None:
    if row is not None:
        ratings.expire(context, _asked(context.connection, row["id"], data.request))


def _asked(connection: Connection, visit: str, request: str) -> RowMapping:
    asked = records.rating_of(connection, visit)
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
    context.audit("order.refused", data.order, reason=data.reason)


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
}
