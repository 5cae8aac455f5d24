"""One arrived fact into the database: new, a repeat, or something to be set aside."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from central.ingest.decode import Arrived
from central.service.apply import ReceivedFact, Unplaceable, apply
from central.store import schema

APPLIED, QUARANTINED = "applied", "quarantined"
CONFLICT = "conflict"

_TABLE = schema.fact
_INSERT = insert(_TABLE).on_conflict_do_nothing()
_ANSWERS = "order"


def keep(connection: Connection, arrived: Arrived, now: datetime) -> None:
    """Store `arrived` and carry out what it means; a repeat has no second effect."""
    received = arrived.received
    cursor = _insert(connection, arrived, arrived.reason)
    if cursor is None:
        _known(connection, arrived)
    elif received is not None:
        reason = _carry_out(connection, received, now)
        if reason is not None:
            _set_aside(connection, cursor, reason)


def keep_aside(connection: Connection, arrived: Arrived, reason: str) -> None:
    """Store `arrived` without carrying anything out."""
    if _insert(connection, arrived, reason) is None:
        _known(connection, arrived)


def _carry_out(connection: Connection, fact: ReceivedFact, now: datetime) -> str | None:
    """The reason for which it belongs nowhere, None if it was carried out."""
    try:
        if fact.visit is None and fact.role != _ANSWERS:
            # Bound to nothing, it changes nothing: a savepoint would protect nothing.
            apply(connection, fact, now)
        else:
            with connection.begin_nested():
                apply(connection, fact, now)
    except Unplaceable as unplaceable:
        return unplaceable.reason
    return None


def _insert(connection: Connection, arrived: Arrived, reason: str | None) -> int | None:
    """The new row's cursor; None if its place in the line, or its id, is taken."""
    result = connection.execute(_INSERT, _row(arrived, reason))
    return result.lastrowid if result.rowcount else None


def _row(arrived: Arrived, reason: str | None) -> dict[str, object]:
    fact = arrived.envelope
    rest = arrived.message.topic.rest
    return {
        "terminal": arrived.message.terminal,
        "epoch": arrived.epoch,
        "sequence": arrived.sequence,
        "id": fact.id if fact else None,
        "type": fact.type if fact else None,
        "device": rest[0] if rest else None,
        "time": fact.time if fact else None,
        "visit": fact.visit if fact else None,
        "state": QUARANTINED if reason else APPLIED,
        "reason": reason,
        "envelope": arrived.message.body,
    }


def _set_aside(connection: Connection, cursor: int, reason: str) -> None:
    row = update(_TABLE).where(_TABLE.c.cursor == cursor)
    connection.execute(row.values(state=QUARANTINED, reason=reason))


def _known(connection: Connection, arrived: Arrived) -> None:
    """Something has its place or its id. A repeat is left alone, anything else is a conflict."""
    held = _at_its_place(connection, arrived)
    if held == arrived.message.body or _set_aside_before(connection, arrived):
        return
    row = _row(arrived, CONFLICT) | {"id": None}
    if held is not None:
        row["sequence"] = None
    connection.execute(_INSERT, row)


def _at_its_place(connection: Connection, arrived: Arrived) -> bytes | None:
    if arrived.sequence is None:
        return None
    query = select(_TABLE.c.envelope).where(
        _TABLE.c.terminal == arrived.message.terminal,
        _TABLE.c.epoch == arrived.epoch,
        _TABLE.c.sequence == arrived.sequence,
    )
    return connection.scalar(query)


def _set_aside_before(connection: Connection, arrived: Arrived) -> bool:
    """Whether the very same bytes of this terminal are in quarantine as a conflict already."""
    query = select(_TABLE.c.cursor).where(
        _TABLE.c.state == QUARANTINED,
        _TABLE.c.reason == CONFLICT,
        _TABLE.c.terminal == arrived.message.terminal,
        _TABLE.c.sequence.is_(None),
        _TABLE.c.envelope == arrived.message.body,
    )
    return connection.scalar(query.limit(1)) is not None
