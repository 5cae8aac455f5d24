"""遗留卡: cards that a visit left in the reader, until somebody takes them out."""

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from central.domain.errors import Refused, Unknown
from central.service import moments, records
from central.service.context import Context
from central.service.received import ReceivedFact
from central.service.views import LeftCardsView, LeftCardView
from central.store import schema
from hal.events.envelope import fact_type
from hal.events.facts import CardLeft, CardRemoved

_REMOVED = fact_type("card", "removed")
_TABLE = schema.left_card


def note_left(context: Context, fact: ReceivedFact, data: CardLeft) -> None:
    """A visit closed with a card inside: into the register, and a note on the visit."""
    gone = _removed_later(context.connection, fact)
    left_at = moments.written(fact.happened_at(context.now))
    context.connection.execute(
        insert(_TABLE).values(
            fact_id=fact.id,
            terminal=fact.terminal,
            visit=fact.visit,
            slot=data.slot,
            left_at=left_at,
            removed_at=context.moment if gone else None,
            removed_by=fact.terminal if gone else None,
        )
    )
    if fact.visit is not None:
        records.add_note(
            context.connection, fact.visit, at=context.moment, what="card_left", fact=fact.id
        )
    context.audit("card.left", fact.visit or fact.terminal, fact=fact.id)


def note_removed(context: Context, fact: ReceivedFact, data: CardRemoved) -> None:
    """The slot is empty again."""
    rows = update(_TABLE).where(_TABLE.c.terminal == fact.terminal, _TABLE.c.slot == data.slot)
    rows = rows.where(_TABLE.c.removed_at.is_(None))
    context.connection.execute(rows.values(removed_at=context.moment, removed_by=fact.terminal))


def take_out(context: Context, id: str) -> LeftCardView:
    """Somebody took the card out, and the reader could not tell; Refused when it is out."""
    query = select(_TABLE).where(_TABLE.c.fact_id == id)
    row = context.connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Unknown("unknown_left_card", "No such card was left.", "无此遗留卡记录。")
    if row["removed_at"] is not None:
        raise Refused("card_removed", "This card was taken out before.", "该遗留卡已取出。")
    taken = update(_TABLE).where(_TABLE.c.fact_id == id)
    context.connection.execute(
        taken.values(removed_at=context.moment, removed_by=context.actor.name)
    )
    context.audit("card.taken_out", id, terminal=row["terminal"])
    return LeftCardView(**context.connection.execute(query).mappings().one())


def lies_at(connection: Connection, terminal: str) -> bool:
    """Whether a card that somebody left lies in this terminal's reader."""
    query = select(_TABLE.c.fact_id).where(
        _TABLE.c.terminal == terminal, _TABLE.c.removed_at.is_(None)
    )
    return connection.scalar(query.limit(1)) is not None


def register(connection: Connection) -> LeftCardsView:
    """All that lie in a reader now, whoever was left first."""
    query = select(_TABLE).where(_TABLE.c.removed_at.is_(None)).order_by(_TABLE.c.left_at)
    rows = connection.execute(query).mappings()
    return LeftCardsView(items=[LeftCardView(**row) for row in rows])


def _removed_later(connection: Connection, fact: ReceivedFact) -> bool:
    """Whether the removal, though later, was stored before: a gap in the line was filled."""
    table = schema.fact
    query = select(table.c.cursor).where(
        table.c.terminal == fact.terminal,
        table.c.epoch == fact.epoch,
        table.c.sequence > fact.sequence,
        table.c.type == _REMOVED,
    )
    return connection.scalar(query.limit(1)) is not None
