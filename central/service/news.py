"""What happened since: facts and cases as they come, for screens; never personal data."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.engine import Connection

from central.service.views import View
from central.store import schema

BATCH = 200
_CASES = "case.%"


@dataclass(frozen=True, order=True)
class Position:
    """How far a screen has read: the cursor of a fact and the row of the trail."""

    fact: int = 0
    audit: int = 0

    def __str__(self) -> str:
        return f"{self.fact}.{self.audit}"


def read_position(text: str) -> Position | None:
    """The position that `str` wrote, None if it is none."""
    fact, _, audit = text.partition(".")
    if not (fact.isascii() and fact.isdigit() and audit.isascii() and audit.isdigit()):
        return None
    return Position(int(fact), int(audit)) if len(text) <= 38 else None


class FactNews(View):
    """A stored fact, without its payload."""

    cursor: int
    terminal: str | None
    sequence: int | None
    type: str | None
    state: str
    reason: str | None
    ticket: str | None
    stored_at: str


class CaseNews(View):
    """A case that took a step, without its applicant."""

    id: str
    number: str
    item_name: str
    state: str
    terminal: str
    ticket: str
    at: str


def now_at(connection: Connection) -> Position:
    """The position after everything that has been committed."""
    return Position(
        connection.scalar(select(func.max(schema.fact.c.cursor))) or 0,
        connection.scalar(select(func.max(schema.audit.c.n))) or 0,
    )


def facts_after(connection: Connection, cursor: int) -> list[FactNews]:
    """At most BATCH facts that were stored after `cursor`, oldest first."""
    query = _facts().where(schema.fact.c.cursor > cursor).order_by(schema.fact.c.cursor)
    return _read_facts(connection, query.limit(BATCH))


def latest_facts(connection: Connection, limit: int) -> list[FactNews]:
    """The facts stored last, newest first."""
    query = _facts().order_by(schema.fact.c.cursor.desc()).limit(limit)
    return _read_facts(connection, query)


def cases_after(connection: Connection, n: int) -> list[tuple[int, CaseNews]]:
    """At most BATCH steps of cases after row `n` of the trail, oldest first, with their rows."""
    trail = schema.audit
    query = (
        _cases(trail.c.n, trail.c.at, trail.c.what)
        .join(trail, trail.c.subject == schema.case_file.c.id)
        .where(trail.c.n > n, trail.c.what.like(_CASES))
        .order_by(trail.c.n)
        .limit(BATCH)
    )
    return [
        (row["n"], _case(row, row["what"].partition(".")[2].upper(), row["at"]))
        for row in connection.execute(query).mappings()
    ]


def latest_cases(connection: Connection, limit: int) -> list[CaseNews]:
    """The cases opened last, newest first."""
    table = schema.case_file
    query = _cases().order_by(table.c.opened_at.desc(), table.c.id.desc()).limit(limit)
    rows = connection.execute(query).mappings()
    return [_case(row, row["state"], row["opened_at"]) for row in rows]


def _facts() -> Select[Any]:
    fact = schema.fact
    return (
        select(
            *(fact.c[name] for name in FactNews.model_fields if name != "ticket"),
            schema.ticket.c.number.label("ticket"),
        )
        .outerjoin(
            schema.visit,
            and_(schema.visit.c.id == fact.c.visit, schema.visit.c.terminal == fact.c.terminal),
        )
        .outerjoin(schema.ticket, schema.ticket.c.id == schema.visit.c.ticket_id)
    )


def _read_facts(connection: Connection, query: Select[Any]) -> list[FactNews]:
    return [FactNews(**row) for row in connection.execute(query).mappings()]


def _cases(*more: Any) -> Select[Any]:
    table = schema.case_file
    return (
        select(table, schema.visit.c.terminal, schema.ticket.c.number.label("ticket"), *more)
        .select_from(table)
        .join(schema.visit, schema.visit.c.id == table.c.visit)
        .join(schema.ticket, schema.ticket.c.id == schema.visit.c.ticket_id)
    )


def _case(row: Any, state: str, at: str) -> CaseNews:
    return CaseNews(
        id=row["id"],
        number=row["number"],
        item_name=row["item_name"],
        state=state,
        terminal=row["terminal"],
        ticket=row["ticket"],
        at=at,
    )
