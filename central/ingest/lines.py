"""The table `line`: how far each outbox is stored. Kept in memory between transactions."""

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from central.ingest.line import Line
from central.store import schema

Key = tuple[str, str]
"""(terminal, epoch)."""


class Lines:
    """For the writer's thread only.

    What it remembers includes changes that are not committed yet: `forget` when they are undone.
    """

    def __init__(self) -> None:
        self._known: dict[Key, Line] = {}

    def forget(self) -> None:
        """Believe the database again."""
        self._known.clear()

    def of(self, connection: Connection, key: Key) -> Line:
        """The line of an outbox. Facts are read only where the table says that some are missing."""
        line = self._known.get(key)
        if line is None:
            line = self._known[key] = _read(connection, key)
        return line

    def write(self, connection: Connection, key: Key) -> None:
        """Put into the table what `of` gave and the caller has changed."""
        line = self._known[key]
        values = {"committed": line.committed, "highest": line.highest}
        row = insert(schema.line).values(terminal=key[0], epoch=key[1], **values)
        connection.execute(
            row.on_conflict_do_update(index_elements=["terminal", "epoch"], set_=values)
        )


def _read(connection: Connection, key: Key) -> Line:
    terminal, epoch = key
    table = schema.line
    query = select(table.c.committed, table.c.highest)
    found = connection.execute(
        query.where(table.c.terminal == terminal, table.c.epoch == epoch)
    ).one_or_none()
    if found is None:
        return Line()
    if found.committed == found.highest:
        return Line(found.committed)
    fact = schema.fact
    above = select(fact.c.sequence).where(
        fact.c.terminal == terminal, fact.c.epoch == epoch, fact.c.sequence > found.committed
    )
    return Line(found.committed, connection.scalars(above.order_by(fact.c.sequence)))
