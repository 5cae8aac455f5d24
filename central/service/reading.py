"""Building answers from rows. Works on the writer's connection as well as on a reader's."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, or_, select
from sqlalchemy.engine import Connection

from central.domain import ticket as ticket_rules
from central.domain import visit as visit_rules
from central.service import read_backs, records, slips
from central.service.views import (
    Applicant,
    CaseEvent,
    CasePage,
    CaseView,
    RatingView,
    ReadBackView,
    TicketView,
    TrayItem,
    VisitView,
)
from central.store import schema


def ticket(connection: Connection, id: str) -> TicketView:
    """The ticket `id`, or Unknown."""
    return _ticket(records.ticket(connection, id))


def visit(connection: Connection, id: str) -> VisitView:
    """The visit `id` with its ticket, tray, cases and rating, or Unknown."""
    row = records.visit(connection, id)
    asked = records.rating_of(connection, id)
    return VisitView(
        id=row["id"],
        terminal=row["terminal"],
        ticket=ticket(connection, row["ticket_id"]),
        state=row["state"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        tray=_tray(connection, id),
        cases=_cases(connection, _case_query().where(schema.case_file.c.visit == id)),
        rating=RatingView(request=asked["request"], state=asked["state"], level=asked["level"])
        if asked
        else None,
        prints=slips.of_visit(connection, id),
        notes=json.loads(row["notes"]),
    )


def open_visit_at(connection: Connection, terminal: str) -> str | None:
    """The id of the visit that is open at a window."""
    table = schema.visit
    return connection.scalar(
        select(table.c.id).where(
            table.c.terminal == terminal, table.c.state == visit_rules.State.OPEN
        )
    )


def case(connection: Connection, id: str) -> CaseView:
    """The case `id` with its way so far, or Unknown."""
    records.case(connection, id)
    return _cases(connection, _case_query().where(schema.case_file.c.id == id))[0]


def cases(connection: Connection, after: str, limit: int) -> CasePage:
    """Cases in the order in which they were opened, from the one after the case `after`."""
    query = _case_query().limit(limit)
    if after:
        query = query.where(_later_than(records.case(connection, after)))
    items = _cases(connection, query)
    return CasePage(items=items, next=items[-1].id if items else after)


def _later_than(row: RowMapping) -> ColumnElement[bool]:
    table = schema.case_file
    same = and_(table.c.opened_at == row["opened_at"], table.c.id > row["id"])
    return or_(table.c.opened_at > row["opened_at"], same)


def _ticket(row: RowMapping) -> TicketView:
    return TicketView(
        id=row["id"],
        number=row["number"],
        site=row["site"],
        lane=row["lane"],
        state=row["state"],
        barcode=ticket_rules.barcode(row["id"]),
        terminal=row["terminal"],
        issued_at=row["issued_at"],
        presented_at=row["presented_at"],
    )


def _tray(connection: Connection, visit: str) -> list[TrayItem]:
    table = schema.tray
    query = select(table).where(table.c.visit == visit).order_by(table.c.fact_id)
    return [
        TrayItem(
            fact=row["fact_id"],
            type=row["type"],
            masked=json.loads(row["masked"]),
            placed_case=row["case_id"],
            party=row["party"],
        )
        for row in connection.execute(query).mappings()
    ]


def _case_query() -> Select[Any]:
    table = schema.case_file
    return (
        select(table, schema.tray.c.masked)
        .join(schema.tray, schema.tray.c.fact_id == table.c.applicant_fact)
        .order_by(table.c.opened_at, table.c.id)
    )


def _cases(connection: Connection, query: Select[Any]) -> list[CaseView]:
    rows = connection.execute(query).mappings().all()
    ids = [row["id"] for row in rows]
    ways, read = _ways(connection, ids), read_backs.of_cases(connection, ids)
    return [_case(row, ways[row["id"]], read[row["id"]]) for row in rows]


def _ways(connection: Connection, ids: Sequence[str]) -> dict[str, list[CaseEvent]]:
    table = schema.case_event
    query = select(table).where(table.c.case_id.in_(ids)).order_by(table.c.case_id, table.c.n)
    ways: dict[str, list[CaseEvent]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        event = CaseEvent(
            at=row["at"], from_state=row["from_state"], to_state=row["to_state"], by=row["by"]
        )
        ways[row["case_id"]].append(event)
    return ways


def _case(row: RowMapping, way: list[CaseEvent], read: list[ReadBackView]) -> CaseView:
    return CaseView(
        id=row["id"],
        number=row["number"],
        item_code=row["item_code"],
        item_name=row["item_name"],
        risk=row["risk"],
        visit=row["visit"],
        state=row["state"],
        applicant=Applicant(fact=row["applicant_fact"], masked=json.loads(row["masked"])),
        clock_started_at=row["clock_started_at"],
        events=way,
        read_backs=read,
    )
