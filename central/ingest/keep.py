"""One arrived fact into the database: new, a repeat, or something to be set aside."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from central.ingest.decode import Arrived, Message
from central.service import local
from central.service.apply import apply
from central.service.catalogue import Catalogue
from central.service.received import ReceivedFact, Unplaceable
from central.store import schema
from hal.events.envelope import split_type
from hal.events.facts import TicketIssued, VisitOpened
from hal.events.topics import Topic

APPLIED, QUARANTINED = "applied", "quarantined"
CONFLICT = "conflict"

_TABLE = schema.fact
_INSERT = insert(_TABLE).on_conflict_do_nothing()
_CHANGES = frozenset({"order", "ticket", "card"})
"""Roles whose facts change something without a visit."""
_MAKES = (TicketIssued, VisitOpened)
_WAITING = (local.UNKNOWN_VISIT, local.UNKNOWN_TICKET)


@dataclass(frozen=True)
class Means:
    """With what facts are carried out. `read` reads a stored message once more."""

    catalogue: Catalogue
    read: Callable[[Message], Arrived]


def keep(connection: Connection, arrived: Arrived, now: datetime, means: Means) -> None:
    """Store `arrived` and carry out what it means; a repeat has no second effect."""
    received = arrived.received
    cursor = _insert(connection, arrived, arrived.reason)
    if cursor is None:
        _known(connection, arrived)
    elif received is not None:
        reason = _carry_out(connection, received, now, means)
        if reason is not None:
            _settle(connection, cursor, QUARANTINED, reason)
        elif isinstance(received.data, _MAKES):
            _look_again(connection, arrived, now, means)


def keep_aside(connection: Connection, arrived: Arrived, reason: str) -> None:
    """Store `arrived` without carrying anything out."""
    if _insert(connection, arrived, reason) is None:
        _known(connection, arrived)


def _look_again(connection: Connection, arrived: Arrived, now: datetime, means: Means) -> None:
    """Facts that came before the one that makes what they name: a gap in the line was filled."""
    query = select(_TABLE).where(
        _TABLE.c.state == QUARANTINED,
        _TABLE.c.reason.in_(_WAITING),
        _TABLE.c.terminal == arrived.message.terminal,
        _TABLE.c.epoch == arrived.epoch,
        _TABLE.c.sequence > arrived.sequence,
    )
    for row in connection.execute(query.order_by(_TABLE.c.sequence)).mappings().all():
        name = split_type(row["type"])[1]
        topic = Topic(arrived.message.topic.branch, "fact", (row["device"], name))
        received = means.read(Message(topic, row["envelope"])).received
        if received is not None:
            reason = _carry_out(connection, received, now, means)
            state = QUARANTINED if reason else APPLIED
            _settle(connection, row["cursor"], state, reason)


def _carry_out(
    connection: Connection, fact: ReceivedFact, now: datetime, means: Means
) -> str | None:
    """The reason for which it belongs nowhere, None if it was carried out."""
    try:
        if fact.visit is None and fact.role not in _CHANGES:
            # Bound to nothing, it changes nothing: a savepoint would protect nothing.
            apply(connection, fact, now, means.catalogue)
        else:
            with connection.begin_nested():
                apply(connection, fact, now, means.catalogue)
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


def _settle(connection: Connection, cursor: int, state: str, reason: str | None) -> None:
    row = update(_TABLE).where(_TABLE.c.cursor == cursor)
    connection.execute(row.values(state=state, reason=reason))


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
