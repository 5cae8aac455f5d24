"""The hall at a glance (大厅): its windows, the visits that are open there, who waits."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, Table, func, select
from sqlalchemy.engine import Connection

from central.domain import session, ticket, visit, window
from central.service import left_cards, moments, reading
from central.service.catalogue import Catalogue
from central.service.places import Place
from central.service.views import (
    DeviceView,
    LevelCount,
    LiveView,
    OpenVisit,
    QueueView,
    WaitingView,
    WindowsView,
    WindowView,
)
from central.store import schema
from hal.events.ids import new_ulid

LEVELS = (5, 4, 3, 2, 1, None)
_ULID_TIME = 10
"""Characters of a ULID that say when."""


def windows(
    connection: Connection, places: Iterable[Place], now: datetime, catalogue: Catalogue
) -> WindowsView:
    """Every registered window with its open visit and devices, and the queue of each lane."""
    look = _Look(
        terminals=_known(connection, schema.terminal),
        statuses=_known(connection, schema.terminal_status),
        visits=_open_visits(connection),
        devices=devices(connection),
        tellers=_tellers(connection),
        cards={card.terminal for card in left_cards.register(connection).items},
        catalogue=catalogue,
    )
    items = [
        _window(place, look)
        for place in sorted(places, key=lambda place: (place.site, place.window))
    ]
    return WindowsView(items=items, queue=_queue(connection, now))


def live(
    connection: Connection, places: Iterable[Place], now: datetime, catalogue: Catalogue
) -> LiveView:
    """All that a screen shows of the hall, as of one moment."""
    hall = windows(connection, places, now, catalogue)
    return LiveView(
        hall=hall,
        visits={
            item.terminal: reading.visit(connection, item.visit.id)
            for item in hall.items
            if item.visit is not None
        },
        waiting=_waiting(connection, now),
        ratings=_ratings(connection, now),
    )


@dataclass(frozen=True)
class _Look:
    """What one look at the tables found, by terminal."""

    terminals: Mapping[str, RowMapping]
    statuses: Mapping[str, RowMapping]
    visits: Mapping[str, OpenVisit]
    devices: Mapping[str, list[DeviceView]]
    tellers: Mapping[str, str]
    cards: Set[str]
    catalogue: Catalogue


def _window(place: Place, look: _Look) -> WindowView:
    name = place.terminal
    known, status = look.terminals.get(name), look.statuses.get(name)
    state = known["state"] if known else None
    offline = window.offline(state)
    able = json.loads(status["able"]) if status and not offline else []
    return WindowView(
        terminal=name,
        site=place.site,
        window=place.window,
        state=state,
        seen_at=known["seen_at"] if known else None,
        teller=look.tellers.get(name),
        visit=look.visits.get(name),
        devices=look.devices.get(name, []),
        offline=offline,
        able=able,
        why=status["why"] if status else None,
        possible=look.catalogue.possible(able),
        items=len(look.catalogue.items),
        card_left=name in look.cards,
    )


def _known(connection: Connection, table: Table) -> dict[str, RowMapping]:
    rows = connection.execute(select(table)).mappings()
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


def devices(connection: Connection) -> dict[str, list[DeviceView]]:
    """The last word of every device, by terminal."""
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


def _waiting(connection: Connection, now: datetime) -> list[WaitingView]:
    table = schema.ticket
    query = (
        select(table.c.site, table.c.lane, table.c.number)
        .where(table.c.day == moments.hall_day(now), table.c.state == ticket.State.WAITING)
        .order_by(table.c.site, table.c.lane, table.c.issued_at, table.c.id)
    )
    lanes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        lanes[row["site"], row["lane"]].append(row["number"])
    return [
        WaitingView(site=site, lane=lane, numbers=numbers)
        for (site, lane), numbers in lanes.items()
    ]


def _ratings(connection: Connection, now: datetime) -> list[LevelCount]:
    table = schema.rating
    midnight = now.astimezone(moments.HALL_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    # The id is a ULID: an index by time, so that the ratings of other days are not looked at.
    first_id = new_ulid(moments.unix_ms(midnight))[:_ULID_TIME]
    query = (
        select(table.c.level, func.count().label("count"))
        .where(table.c.id >= first_id)
        .group_by(table.c.level)
    )
    counts = {row["level"]: row["count"] for row in connection.execute(query).mappings()}
    return [LevelCount(level=level, count=counts.get(level, 0)) for level in LEVELS]
