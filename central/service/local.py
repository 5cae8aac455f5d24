"""Merging what a terminal did by itself while the centre was away (离线办理).

Each effect happens in the transaction that stores its fact, and so once. The facts of an outbox
come in order; where one was lost on the way, those behind it are looked at again when it is there
(central.ingest.keep).
"""

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.engine import Connection

from central.domain import case, rating, ticket, visit
from central.domain.errors import Refused, RuleError
from central.service import cases, moments, ratings, reading, records, reserves, returns
from central.service.catalogue import Catalogue, Item
from central.service.context import Context
from central.service.received import ReceivedFact, Unplaceable
from central.service.tray import APPLICANT
from central.store import schema
from hal.events.facts import IdentityRead, TicketIssued, VisitClosed, VisitOpened

NOT_RESERVED = "number_not_reserved"
UNKNOWN_VISIT, UNKNOWN_TICKET = "unknown_visit", "unknown_ticket"


def issue_ticket(context: Context, fact: ReceivedFact, data: TicketIssued) -> None:
    """取号 at the window: the ticket it gave out, called there at once.

    Unplaceable when the number is not of a block that this outbox of the terminal was given.
    """
    connection, table = context.connection, schema.ticket
    same = select(table.c.id).where(
        (table.c.id == data.ticket)
        | (
            (table.c.site == fact.site)
            & (table.c.day == data.day)
            & (table.c.lane == data.lane)
            & (table.c.number == data.number)
        )
    )
    if not reserves.use(context, fact.terminal, fact.epoch, data.day, data.lane, data.number):
        raise Unplaceable(NOT_RESERVED)
    if connection.scalar(same.limit(1)) is not None:
        raise Unplaceable("number_given_twice")
    connection.execute(
        insert(table).values(
            id=data.ticket,
            site=fact.site,
            day=data.day,
            lane=data.lane,
            number=data.number,
            state=ticket.State.CALLED,
            terminal=fact.terminal,
            issued_at=moments.written(fact.happened_at(context.now)),
        )
    )
    context.audit("ticket.issued", data.ticket, number=data.number)


def open_visit(context: Context, fact: ReceivedFact, data: VisitOpened) -> None:
    """The terminal opened a visit; one of ours that is open at this window is over there."""
    if fact.visit is None:
        raise Unplaceable(UNKNOWN_VISIT)
    connection = context.connection
    held = _held_ticket(connection, fact, data.ticket)
    if records.find_visit(connection, fact.visit) is not None:
        raise Unplaceable("visit_known")
    standing = reading.open_visit_at(connection, fact.terminal)
    over = standing is not None and _began_later(connection, fact, standing)
    if standing is not None and not over:
        returns.supersede(context, records.visit(connection, standing))
    connection.execute(
        insert(schema.visit).values(
            id=fact.visit,
            terminal=fact.terminal,
            ticket_id=held["id"],
            # Open twice at one window it cannot be; that it is over is said below.
            state=visit.State.CLOSED if over else visit.State.OPEN,
            opened_at=moments.written(fact.happened_at(context.now)),
            closed_at=context.moment if over else None,
        )
    )
    if over:
        returns.finish_ticket(context, held["id"])
        records.add_note(connection, fact.visit, at=context.moment, what=returns.OVERTAKEN)
    connection.execute(insert(schema.local_visit).values(visit=fact.visit, item_code=data.item))
    context.audit("visit.opened", fact.visit, ticket=held["id"], terminal=fact.terminal)


def close_visit(context: Context, fact: ReceivedFact, row: RowMapping, data: VisitClosed) -> None:
    """The terminal closed a visit, its own or one of ours; one that is closed stays as it is."""
    if row["state"] != visit.State.OPEN:
        return
    connection = context.connection
    asked = records.rating_of(connection, row["id"])
    if asked is not None:
        ratings.expire(context, asked)
    returns.finish_ticket(context, row["ticket_id"])
    closed = visit.after(visit.State.OPEN, visit.Command.CLOSE)
    at = moments.written(fact.happened_at(context.now))
    records.change(connection, schema.visit, row["id"], state=closed, closed_at=at)
    note = {"what": "closed_at_window", "reason": data.reason, "fact": fact.id}
    records.add_note(connection, row["id"], at=context.moment, **note)
    known = _local(connection, row["id"])
    if known is not None and known["item_code"] and known["case_id"] is None:
        records.add_note(
            connection, row["id"], at=context.moment, what="no_case", item=known["item_code"]
        )
    context.audit("visit.closed", row["id"], reason=data.reason)


def open_case(
    context: Context,
    catalogue: Catalogue,
    fact: ReceivedFact,
    row: RowMapping,
    data: IdentityRead,
) -> None:
    """Open the case that was wanted in a local visit, now that its applicant is known.

    A rule that forbids it leaves a note on the visit; what was read stays in the tray.
    """
    connection = context.connection
    known = _local(connection, row["id"])
    if known is None or not known["item_code"] or known["case_id"] is not None:
        return
    if data.party not in (None, APPLICANT):
        return
    since = fact.happened_at(context.now)
    try:
        _allow(catalogue.item(known["item_code"]))
        with connection.begin_nested():
            opened = cases.open_case(
                context, catalogue, row["id"], known["item_code"], fact.id, since=since
            )
    except RuleError as refusal:
        records.add_note(
            connection,
            row["id"],
            at=context.moment,
            what="case_not_opened",
            reason=refusal.code,
            item=known["item_code"],
        )
        return
    table = schema.local_visit
    connection.execute(table.update().where(table.c.visit == row["id"]).values(case_id=opened.id))
    records.resolve_note(connection, row["id"], "no_case", opened.id)


def _allow(item: Item) -> None:
    """Refused for what needs the centre (挂失, 启用, …), whatever the terminal was told before."""
    case.route(item.risk, for_individuals=item.for_individuals)
    if not item.alone:
        raise Refused(
            "item_not_offline", "This item may not be taken in offline.", "该事项不能离线办理。"
        )


def asked_at_window(context: Context, row: RowMapping, request: str) -> RowMapping | None:
    """The rating that a terminal asked for by itself: its nonce is the visit's id."""
    if request != row["id"] or records.rating_of(context.connection, row["id"]) is not None:
        return None
    context.connection.execute(
        insert(schema.rating).values(
            id=context.new_id(),
            visit=row["id"],
            request=request,
            state=rating.State.OFFERED,
            offered_at=context.moment,
        )
    )
    context.audit("rating.offered", row["id"], request=request)
    return records.rating_of(context.connection, row["id"])


def _held_ticket(connection: Connection, fact: ReceivedFact, id: str) -> RowMapping:
    query = select(schema.ticket).where(schema.ticket.c.id == id)
    held = connection.execute(query).mappings().one_or_none()
    if held is None:
        raise Unplaceable(UNKNOWN_TICKET)
    if held["terminal"] != fact.terminal or held["state"] != ticket.State.CALLED:
        raise Unplaceable("foreign_ticket")
    return held


def _began_later(connection: Connection, fact: ReceivedFact, standing: str) -> bool:
    """Whether `standing` was opened after the visit of `fact`, whose opening was lost before."""
    table = schema.fact
    query = select(table.c.cursor).where(
        table.c.terminal == fact.terminal,
        table.c.epoch == fact.epoch,
        table.c.sequence > fact.sequence,
        table.c.type == fact.type,
        table.c.visit == standing,
    )
    return connection.scalar(query.limit(1)) is not None


def _local(connection: Connection, visit_id: str) -> RowMapping | None:
    table = schema.local_visit
    query = select(table).where(table.c.visit == visit_id)
    return connection.execute(query).mappings().one_or_none()
