"""What the centre knows of each terminal (窗口终端) besides its facts."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection

from central.service import moments
from central.service.places import Place
from central.store import schema
from hal.events.orders import OrderError, decode
from hal.events.status import About, DeviceStatus, TerminalState

LONGEST_HEALTH = 4096


def note_state(
    connection: Connection, terminal: str, site: str, state: TerminalState, now: datetime
) -> None:
    """Keep the retained `state` of a terminal."""
    _note(connection, terminal, site, now, state=state.state)
    _note_status(
        connection,
        terminal,
        epoch=state.epoch,
        boot=state.boot,
        since=state.since,
        able=msgspec.json.encode(state.able).decode(),
        why=state.why,
    )


def note_health(connection: Connection, terminal: str, body: bytes, now: datetime) -> None:
    """Keep the last `health` of a terminal, whatever numbers its version tells.

    OrderError if it is no JSON object of a sensible size.
    """
    health = decode(body, dict[str, Any])
    if len(body) > LONGEST_HEALTH:
        raise OrderError("health is too long")
    text = msgspec.json.encode(health).decode()
    _note_status(connection, terminal, health=text, health_at=moments.written(now))


def state_of(connection: Connection, terminal: str) -> str | None:
    """The last word of a terminal, None if it was never heard."""
    table = schema.terminal
    return connection.scalar(select(table.c.state).where(table.c.terminal == terminal))


def status_of(connection: Connection, terminal: str) -> RowMapping | None:
    """The rest of its state, and its health; None if it was never heard."""
    table = schema.terminal_status
    query = select(table).where(table.c.terminal == terminal)
    return connection.execute(query).mappings().one_or_none()


def about(connection: Connection, terminal: str) -> About | None:
    """What a terminal has and understands, None where it has not told."""
    table = schema.terminal
    told = connection.scalar(select(table.c.about).where(table.c.terminal == terminal))
    return msgspec.json.decode(told, type=About) if told else None


def note_about(
    connection: Connection, terminal: str, site: str, told: About, now: datetime
) -> None:
    """Keep the retained `about` of a terminal."""
    _note(connection, terminal, site, now, about=msgspec.json.encode(told).decode())


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
    told = about(connection, terminal)
    devices = told.devices if told else []
    return next((each.device for each in devices if each.role == role), role)


def _note(
    connection: Connection, terminal: str, site: str, now: datetime, **values: str | int
) -> None:
    changed = {"site": site, "seen_at": moments.written(now), **values}
    row = insert(schema.terminal).values(terminal=terminal, **changed)
    connection.execute(row.on_conflict_do_update(index_elements=["terminal"], set_=changed))


def _note_status(connection: Connection, terminal: str, **values: str | None) -> None:
    row = insert(schema.terminal_status).values(terminal=terminal, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["terminal"], set_=values))
