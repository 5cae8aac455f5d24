"""One terminal (窗口终端) with all that it says about itself, for who looks after it."""

import json

from sqlalchemy import select
from sqlalchemy.engine import Connection

from central.domain import window
from central.service import hall, terminals
from central.service.places import Place
from central.service.views import BlockView, TerminalView
from central.store import schema


def terminal(connection: Connection, place: Place) -> TerminalView:
    """What is known of the terminal at `place`, much of it null where it was never heard."""
    name, table = place.terminal, schema.terminal
    query = select(table).where(table.c.terminal == name)
    known = connection.execute(query).mappings().one_or_none()
    status = terminals.status_of(connection, name)
    about = terminals.about(connection, name)
    state = known["state"] if known else None
    return TerminalView(
        terminal=name,
        site=place.site,
        window=place.window,
        state=state,
        offline=window.offline(state),
        since=status["since"] if status else None,
        able=json.loads(status["able"]) if status else [],
        why=status["why"] if status else None,
        epoch=status["epoch"] if status else None,
        boot=status["boot"] if status else None,
        version=about.version if about else None,
        seen_at=known["seen_at"] if known else None,
        health=json.loads(status["health"]) if status and status["health"] else None,
        health_at=status["health_at"] if status else None,
        devices=hall.devices(connection).get(name, []),
        blocks=_blocks(connection, name),
    )


def _blocks(connection: Connection, terminal: str) -> list[BlockView]:
    """Of the present outbox and of those before it, the newest day first."""
    table, order = schema.reserve, schema.order_outbox
    query = (
        select(table, order.c.state.label("order"))
        .join(order, order.c.id == table.c.order_id)
        .where(table.c.terminal == terminal)
        .order_by(table.c.day.desc(), table.c.first)
        .limit(20)
    )
    names = BlockView.model_fields
    rows = connection.execute(query).mappings()
    return [BlockView(**{name: row[name] for name in names}) for row in rows]
