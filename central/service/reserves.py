"""What a window needs to work alone (离线): numbers to give out, and the items it may take in.

Looked at whenever the terminal says something about itself, at least once a minute; an order is
written only where one is needed.
"""

from datetime import timedelta

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from central.domain import ticket
from central.service import moments, orders, terminals
from central.service.catalogue import Catalogue
from central.service.context import Context
from central.service.orders import Window
from central.service.places import Place
from central.service.tickets import count_up
from central.store import schema
from hal.events.orders import Configure, OfflineItem, Reserve

LANE = "L"
"""The lane of numbers that terminals give out by themselves (离线)."""
BLOCK = 50
AGAIN_AFTER = timedelta(hours=1)
"""How soon what a terminal did not take is ordered again."""
_TAKES = ("ready", "paused")
_UNDER_WAY = ("pending", "done")
_TABLE = schema.reserve


def look(context: Context, place: Place, catalogue: Catalogue) -> None:
    """Order what this terminal lacks for today and tomorrow: it may be carried past midnight."""
    connection = context.connection
    if terminals.state_of(connection, place.terminal) not in _TAKES:
        return
    status = terminals.status_of(connection, place.terminal)
    about = terminals.about(connection, place.terminal)
    if status is None or status["epoch"] is None or about is None:
        return
    if "terminal/reserve" in about.orders:
        for moment in (context.now, context.now + timedelta(days=1)):
            _provide(context, place, status["epoch"], moments.hall_day(moment))
    if "terminal/configure" in about.orders:
        _configure(context, place, status["epoch"], catalogue)


def use(context: Context, terminal: str, epoch: str, day: str, lane: str, number: str) -> bool:
    """A terminal gave out `number`; False if no block that is its own holds it."""
    count = ticket.count(lane, number)
    if count is None:
        return False
    taken = update(_TABLE).where(
        _TABLE.c.terminal == terminal,
        _TABLE.c.epoch == epoch,
        _TABLE.c.day == day,
        _TABLE.c.lane == lane,
        _TABLE.c.first <= count,
        _TABLE.c.last >= count,
    )
    return context.connection.execute(taken.values(used=_TABLE.c.used + 1)).rowcount == 1


def _provide(context: Context, place: Place, epoch: str, day: str) -> None:
    """A block if there is none, and a further one when less than half a block is left."""
    query = select(_TABLE).where(
        _TABLE.c.terminal == place.terminal, _TABLE.c.epoch == epoch, _TABLE.c.day == day
    )
    blocks = context.connection.execute(query.order_by(_TABLE.c.first)).mappings().all()
    for block in blocks:
        if block["used"] <= block["last"] - block["first"] and _untaken(context, block["order_id"]):
            _offer_again(context, place, block)
    left = sum(block["last"] - block["first"] + 1 - block["used"] for block in blocks)
    if left * 2 >= BLOCK:
        return
    last = count_up(context.connection, place.site, day, LANE, by=BLOCK)
    new = Reserve(lane=LANE, day=day, first=last - BLOCK + 1, last=last)
    order = orders.reserve(context, Window(place.terminal, place.site), new)
    context.connection.execute(
        insert(_TABLE).values(
            terminal=place.terminal,
            epoch=epoch,
            day=day,
            lane=LANE,
            first=new.first,
            last=new.last,
            order_id=order,
        )
    )
    context.audit("numbers.reserved", place.terminal, day=day, first=new.first, last=last)


def _offer_again(context: Context, place: Place, row: RowMapping) -> None:
    block = Reserve(lane=row["lane"], day=row["day"], first=row["first"], last=row["last"])
    order = orders.reserve(context, Window(place.terminal, place.site), block)
    same = [_TABLE.c[name] == row[name] for name in ("terminal", "epoch", "day", "lane", "first")]
    context.connection.execute(update(_TABLE).where(*same).values(order_id=order))


def _configure(context: Context, place: Place, epoch: str, catalogue: Catalogue) -> None:
    """Once for each outbox of the terminal, catalogue and window."""
    table = schema.configured
    wanted = {"epoch": epoch, "catalogue_version": catalogue.version, "window": place.window}
    query = select(table).where(table.c.terminal == place.terminal)
    known = context.connection.execute(query).mappings().one_or_none()
    same = known is not None and all(known[name] == value for name, value in wanted.items())
    if known is not None and same and not _untaken(context, known["order_id"]):
        return
    items = [
        OfflineItem(code=item.code, name=item.name, devices=sorted(item.devices))
        for item in catalogue.alone
    ]
    what = Configure(catalogue_version=catalogue.version, window=place.window, items=items)
    order = orders.configure(context, Window(place.terminal, place.site), what)
    values = {**wanted, "order_id": order}
    row = upsert(table).values(terminal=place.terminal, **values)
    context.connection.execute(row.on_conflict_do_update(index_elements=["terminal"], set_=values))


def _untaken(context: Context, order_id: str) -> bool:
    """Whether the terminal did not carry the order out, and some time has passed since."""
    table = schema.order_outbox
    query = select(table.c.state, table.c.created_at).where(table.c.id == order_id)
    order = context.connection.execute(query).mappings().one()
    old = moments.read(order["created_at"]) + AGAIN_AFTER <= context.now
    return order["state"] not in _UNDER_WAY and old
