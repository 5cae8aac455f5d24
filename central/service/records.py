"""Looking up the rows that a use case is about; Unknown when there is no such thing."""

import json
from typing import Any

from sqlalchemy import RowMapping, Table, select, update
from sqlalchemy.engine import Connection

from central.domain.errors import Unknown
from central.store import schema


def ticket(connection: Connection, id: str) -> RowMapping:
    """The ticket `id`, or Unknown."""
    row = _find(connection, schema.ticket, id)
    if row is None:
        raise Unknown("unknown_ticket", "There is no such ticket.", "无此号票。")
    return row


def visit(connection: Connection, id: str) -> RowMapping:
    """The visit `id`, or Unknown."""
    row = find_visit(connection, id)
    if row is None:
        raise Unknown("unknown_visit", "There is no such visit.", "无此服务记录。")
    return row


def find_visit(connection: Connection, id: str) -> RowMapping | None:
    return _find(connection, schema.visit, id)


def case(connection: Connection, id: str) -> RowMapping:
    """The case `id`, or Unknown."""
    row = _find(connection, schema.case_file, id)
    if row is None:
        raise Unknown("unknown_case", "There is no such case.", "无此办件。")
    return row


def rating_of(connection: Connection, visit: str) -> RowMapping | None:
    """The rating that was asked for in `visit`, None if nobody asked."""
    query = select(schema.rating).where(schema.rating.c.visit == visit)
    return connection.execute(query).mappings().one_or_none()


def change(connection: Connection, table: Table, id: str, **values: object) -> None:
    """Set columns of the row `id`."""
    connection.execute(update(table).where(table.c.id == id).values(**values))


def add_note(connection: Connection, visit_id: str, **note: str) -> None:
    """Put a remark on a visit; never a citizen's data."""
    notes = [*notes_of(connection, visit_id), note]
    change(connection, schema.visit, visit_id, notes=json.dumps(notes))


def resolve_note(
    connection: Connection, visit_id: str, what: str, resolution: str, fact: str | None = None
) -> None:
    """Say on the remarks of this kind, or only on that about `fact`, how they were settled."""
    notes = notes_of(connection, visit_id)
    for note in notes:
        if note["what"] == what and fact in (None, note.get("fact")):
            note["resolved"] = resolution
    change(connection, schema.visit, visit_id, notes=json.dumps(notes))


def notes_of(connection: Connection, visit_id: str) -> list[dict[str, Any]]:
    """The remarks on a visit as they stand now, oldest first."""
    found: list[dict[str, Any]] = json.loads(visit(connection, visit_id)["notes"])
    return found


def _find(connection: Connection, table: Table, id: str) -> RowMapping | None:
    return connection.execute(select(table).where(table.c.id == id)).mappings().one_or_none()
