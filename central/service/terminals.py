"""What the centre knows of each terminal (窗口终端) besides its facts."""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from central.service import moments
from central.service.places import Place
from central.store import schema
from hal.events.status import About, DeviceStatus, TerminalState

RATING_ROLE = "rating"


def note_state(
    connection: Connection, terminal: str, site: str, state: TerminalState, now: datetime
) -> None:
    """Keep the retained `state` of a terminal."""
    _note(connection, terminal, site, now, state=state.state)


def note_about(
    connection: Connection, terminal: str, site: str, about: About, now: datetime
) -> None:
    """Keep the retained `about` of a terminal."""
    _note(connection, terminal, site, now, about=msgspec.json.encode(about).decode())


def note_place(
    connection: Connection, terminal: str, site: str, window: int, now: datetime
) -> None:
    """Keep where the register says that a terminal stands, and that it was heard of now."""
    _note(connection, terminal, site, now, window=window)


def enter(connection: Connection, place: Place) -> None:
    """Keep where a registered terminal stands, whether or not it has ever been heard of."""
    changed = {"site": place.site, "window": place.window}
    row = insert(schema.terminal).values(terminal=place.terminal, **changed)
    connection.execute(row.on_conflict_do_update(index_elements=["terminal"], set_=changed))


def note_device(
    connection: Connection, terminal: str, device: str, status: DeviceStatus, now: datetime
) -> None:
    """Keep the retained `device/{device}` of a terminal."""
    values = {
        "status": msgspec.json.encode(status).decode(),
        "seen_at": moments.written(now),
    }
    row = insert(schema.device).values(terminal=terminal, device=device, **values)
    connection.execute(
        row.on_conflict_do_update(index_elements=["terminal", "device"], set_=values)
    )


def device_of(connection: Connection, terminal: str, role: str) -> str:
    """The name of the terminal's first device of a role; the role's own where it has told none."""
    about = connection.scalar(
        select(schema.terminal.c.about).where(schema.terminal.c.terminal == terminal)
    )
    devices = msgspec.json.decode(about, type=About).devices if about else []
    return next((each.device for each in devices if each.role == role), role)


def _note(
    connection: Connection, terminal: str, site: str, now: datetime, **values: str | int
) -> None:
    changed = {"site": site, "seen_at": moments.written(now), **values}
    row = insert(schema.terminal).values(terminal=terminal, **changed)
    connection.execute(row.on_conflict_do_update(index_elements=["terminal"], set_=changed))
