"""Opening a case (登记) and taking it along its route: accept, decide, complete, deliver."""

from datetime import datetime

from sqlalchemy import func, insert, select

from central.domain import case, ticket, visit
from central.service import moments, reading, records, tray
from central.service.catalogue import Catalogue
from central.service.context import Context
from central.service.tickets import NUMBER_LANE, count_up
from central.service.views import CaseView
from central.store import schema


def open_case(
    context: Context,
    catalogue: Catalogue,
    visit_id: str,
    item_code: str,
    applicant: str | None,
    since: datetime | None = None,
) -> CaseView:
    """Open a case in a visit for the person whose identity was read there.

    `applicant` names the fact that read it, where several people's documents lie in the tray.
    The clock (时限) starts with the application, now or at `since`, not with the acceptance.
    """
    connection = context.connection
    row = records.visit(connection, visit_id)
    # What a terminal opened by itself was asked for while the visit was open there.
    command = visit.Command.OPEN_CASE if since is None else visit.Command.RECORD
    visit.after(visit.State(row["state"]), command)
    item = catalogue.item(item_code)
    case.route(item.risk, for_individuals=item.for_individuals)
    identity = tray.find_applicant(connection, visit_id, applicant)
    served = records.ticket(connection, row["ticket_id"])
    state = ticket.after(ticket.State(served["state"]), ticket.Command.SERVE)
    records.change(connection, schema.ticket, served["id"], state=state)
    day = moments.hall_day(context.now)
    count = count_up(connection, served["site"], day, NUMBER_LANE)
    id = context.new_id()
    connection.execute(
        insert(schema.case_file).values(
            id=id,
            number=case.number(served["site"], day, count),
            visit=visit_id,
            item_code=item.code,
            item_name=item.name,
            catalogue_version=catalogue.version,
            risk=item.risk,
            state=case.State.OPENED,
            applicant_fact=identity["fact_id"],
            clock_started_at=moments.written(since or context.now),
            opened_at=context.moment,
        )
    )
    tray.place(connection, visit_id, identity["fact_id"], id)
    _record(context, id, None, case.State.OPENED)
    return reading.case(connection, id)


def advance(context: Context, id: str, command: case.Command) -> CaseView:
    """Take the case one step further; Refused when it is not this step's turn."""
    row = records.case(context.connection, id)
    before = case.State(row["state"])
    after = case.after(before, command)
    records.change(context.connection, schema.case_file, id, state=after)
    _record(context, id, before, after)
    return reading.case(context.connection, id)


def _record(context: Context, id: str, before: case.State | None, after: case.State) -> None:
    table = schema.case_event
    count = context.connection.scalar(select(func.count()).where(table.c.case_id == id)) or 0
    context.connection.execute(
        insert(table).values(
            case_id=id,
            n=count + 1,
            at=context.moment,
            from_state=before,
            to_state=after,
            by=context.actor.name,
        )
    )
    context.audit(f"case.{after.lower()}", id)
