"""Stored facts (设备记录), page by page; personal data stays sealed unless somebody opens it."""

from collections.abc import Callable, Iterator, Sequence

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.engine import Connection

from central.service.context import Context
from central.service.views import FactPage, FactView
from central.store import schema
from hal.events.envelope import EnvelopeError, Fact, decode_fact

Open = Callable[[Fact], bytes]
"""Opens the box of a personal fact; a ValueError when it does not open."""

QUARANTINED = "quarantined"
_PERSONAL = "personal"
PAGE = 500


def page(
    connection: Connection,
    *,
    after: int,
    limit: int,
    terminal: str | None = None,
    state: str | None = None,
    opened: "Openings | None" = None,
) -> FactPage:
    """At most `limit` facts with a commit cursor above `after`, in the order of their COMMIT."""
    table = schema.fact
    query = select(table).where(table.c.cursor > after).order_by(table.c.cursor).limit(limit)
    if terminal is not None:
        query = query.where(table.c.terminal == terminal)
    if state is not None:
        query = query.where(table.c.state == state)
    rows = connection.execute(query).mappings().all()
    items = [_view(row, opened) for row in rows]
    return FactPage(items=items, next=items[-1].cursor if items else after)


def every(
    connection: Connection,
    after: int,
    limit: int | None,
    *,
    terminal: str | None = None,
    state: str | None = None,
) -> Iterator[FactView]:
    """All facts after a cursor, sealed, at most `limit` if given; read a page at a time."""
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        found = page(connection, after=after, limit=size, terminal=terminal, state=state)
        yield from found.items
        if len(found.items) < size:
            return
        after = found.next
        left = None if left is None else left - size


class Openings:
    """The boxes that were opened for one answer, so that each can be put in the trail."""

    def __init__(self, opener: Open) -> None:
        self._open = opener
        self.facts: list[str] = []

    def data(self, fact: Fact) -> object:
        """The payload of a personal fact; its envelope's `data` where the box does not open."""
        try:
            data = msgspec.json.decode(self._open(fact))
        except ValueError:
            return msgspec.json.decode(fact.data)
        self.facts.append(fact.id)
        return data


def note_openings(context: Context, facts: Sequence[str], purpose: str) -> None:
    """Put into the trail that the actor saw what is in these facts, and what for (查阅目的)."""
    for fact in facts:
        context.audit("fact.opened", fact, purpose=purpose)


def _view(row: RowMapping, opened: Openings | None) -> FactView:
    return FactView(
        cursor=row["cursor"],
        terminal=row["terminal"],
        epoch=row["epoch"],
        sequence=row["sequence"],
        id=row["id"],
        type=row["type"],
        device=row["device"],
        time=row["time"],
        visit=row["visit"],
        stored_at=row["stored_at"],
        state=row["state"],
        reason=row["reason"],
        data=_data(row["envelope"], opened),
    )


def _data(envelope: bytes, opened: Openings | None) -> object:
    try:
        fact = decode_fact(envelope)
    except EnvelopeError:
        return None
    if opened is not None and fact.dataclass == _PERSONAL:
        return opened.data(fact)
    return msgspec.json.decode(fact.data)
