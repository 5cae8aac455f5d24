"""Signing in and out at a window (签到, 签退); who serves there."""

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.engine import Connection

from central.domain import session
from central.service import reading, records, screens
from central.service.context import Context
from central.service.places import Place
from central.service.views import SessionView
from central.store import schema


def sign_in(context: Context, place: Place) -> SessionView:
    """Sign the teller in; done already is done. Refused while a colleague is signed in there."""
    return _view(serve(context, place))


def serve(context: Context, place: Place) -> RowMapping:
    """The teller's session at a window; their first act at a free window signs them in."""
    present = open_at(context.connection, place.terminal)
    session.sign_in(context.actor.name, present["teller"] if present else None)
    if present is not None:
        return present
    id = context.new_id()
    context.connection.execute(
        insert(schema.session).values(
            id=id,
            terminal=place.terminal,
            teller=context.actor.name,
            state=session.State.OPEN,
            opened_at=context.moment,
        )
    )
    context.audit("session.opened", id, terminal=place.terminal)
    row = _row(context.connection, id)
    screens.show(context, place, row)
    return row


def sign_out(context: Context, place: Place) -> SessionView:
    """Sign the teller out. Refused for a colleague, and while a visit is open at the window."""
    connection = context.connection
    present = open_at(connection, place.terminal)
    session.sign_out(
        context.actor.name,
        present["teller"] if present else None,
        serving=reading.open_visit_at(connection, place.terminal) is not None,
    )
    assert present is not None  # the rule refuses where nobody is signed in
    records.change(
        connection,
        schema.session,
        present["id"],
        state=session.State.CLOSED,
        closed_at=context.moment,
    )
    context.audit("session.closed", present["id"], terminal=place.terminal)
    screens.show(context, place, None)
    return _view(_row(connection, present["id"]))


def look(context: Context, place: Place) -> None:
    """The terminal said something about itself: its screen may have to be told who serves."""
    screens.show(context, place, open_at(context.connection, place.terminal))


def open_at(connection: Connection, terminal: str) -> RowMapping | None:
    """The session that is open at a window, None when nobody is signed in."""
    table = schema.session
    query = select(table).where(table.c.terminal == terminal, table.c.state == session.State.OPEN)
    return connection.execute(query).mappings().one_or_none()


def _row(connection: Connection, id: str) -> RowMapping:
    return (
        connection.execute(select(schema.session).where(schema.session.c.id == id)).mappings().one()
    )


def _view(row: RowMapping) -> SessionView:
    return SessionView(**row)
