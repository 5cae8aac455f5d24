"""The hall at a glance (大厅): its windows, the visits that are open there, who waits."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import RowMapping, func, select
from sqlalchemy.engine import Connection

from central.domain import session, ticket, visit
from central.service import moments
from central.service.places import Place
from central.service.views import DeviceView, OpenVisit, QueueView, WindowsView, WindowView
from central.store import schema


def windows(connection: Connection, places: Iterable[Place], now: datetime) -> WindowsView:
    """Every registered window with its open visit and devices, and the queue of each lane."""
    known = _known(connection)
    visits = _open_visits(connection)
    devices = _devices(connection)
    tellers = _tellers(connection)
    items = [
        _window(place, known.get(place.terminal), visits.get(place.terminal), devices, tellers)
        for place in sorted(places, key=lambda place: (place.site, place.window))
    ]
    return WindowsView(items=items, queue=_queue(connection, now))


def _window(
    place: Place,
    known: RowMapping | None,
    visit: OpenVisit | None,
    devices: dict[str, list[DeviceView]],
    tellers: dict[str, str],
) -> WindowView:
    return WindowView(
        terminal=place.terminal,
        site=place.site,
        window=place.window,
        state=known["state"] if known else None,
        seen_at=known["seen_at"] if known else None,
        teller=tellers.get(place.terminal),
        visit=visit,
        devices=devices.get(place.terminal, []),
    )


def _known(connection: Connection) -> dict[str, RowMapping]:
    rows = connection.execute(select(schema.terminal)).mappings()
    return {row["terminal"]: row for row in rows}


def _tellers(connection: Connection) -> dict[str, str]:
    table = schema.session
    query = select(table.c.terminal, table.c.teller).where(table.c.state == session.State.OPEN)
    return {row["terminal"]: row["teller"] for row in connection.execute(query).mappings()}


def _open_visits(connection: Connection) -> dict[str, OpenVisit]:
    table = schema.visit
    query = (
        select(table, schema.ticket.c.number, schema.ticket.c.state.label("ticket_state"))
        .join(schema.ticket, schema.ticket.c.id == table.c.ticket_id)
        .where(table.c.state == visit.State.OPEN)
    )
    return {
        row["terminal"]: OpenVisit(
            id=row["id"],
            ticket=row["number"],
            ticket_state=row["ticket_state"],
            opened_at=row["opened_at"],
        )
        for row in connection.execute(query).mappings()
    }


def _devices(connection: Connection) -> dict[str, list[DeviceView]]:
    found: dict[str, list[DeviceView]] = defaultdict(list)
    query = select(schema.device).order_by(schema.device.c.terminal, schema.device.c.device)
    for row in connection.execute(query).mappings():
        view = DeviceView(device=row["device"], status=json.loads(row["status"]))
        found[row["terminal"]].append(view)
    return found


def _queue(connection: Connection, now: datetime) -> list[QueueView]:
    table = schema.ticket
    query = (
        select(table.c.site, table.c.lane, func.count().label("waiting"))
        .where(table.c.day == moments.hall_day(now), table.c.state == ticket.State.WAITING)
        .group_by(table.c.site, table.c.lane)
        .order_by(table.c.site, table.c.lane)
    )
    return [QueueView(**row) for row in connection.execute(query).mappings()]
