"""Taking a number (取号) and calling the next one (叫号)."""

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Connection

from central.domain import ticket, visit, window
from central.domain.errors import Refused, Unknown
from central.service import left_cards, moments, orders, reading, records, sessions, terminals
from central.service.context import Context
from central.service.places import Place
from central.service.views import CallView, TicketView
from central.store import schema

NUMBER_LANE = "case"
"""The counter of case numbers, beside those of the lanes, which are single letters."""


def count_up(connection: Connection, site: str, day: str, lane: str, by: int = 1) -> int:
    """The next count of this hall, day and lane, from 1; in the caller's transaction.

    With `by` the last of so many that are the caller's from then on.
    """
    row = upsert(schema.counter).values(site=site, day=day, lane=lane, last=by)
    counted = row.on_conflict_do_update(
        index_elements=["site", "day", "lane"], set_={"last": schema.counter.c.last + by}
    ).returning(schema.counter.c.last)
    return int(connection.execute(counted).scalar_one())


def take_ticket(context: Context, sites: set[str], site: str, lane: str) -> TicketView:
    """Give out the next number of a lane. Unknown site, or Incorrect lane."""
    if site not in sites:
        raise Unknown("unknown_site", "No terminal is registered at this site.", "该大厅未登记。")
    day = moments.hall_day(context.now)
    ticket.number(lane, 1)
    number = ticket.number(lane, count_up(context.connection, site, day, lane))
    id = context.new_id()
    context.connection.execute(
        insert(schema.ticket).values(
            id=id,
            site=site,
            day=day,
            lane=lane,
            number=number,
            state=ticket.State.WAITING,
            issued_at=context.moment,
        )
    )
    context.audit("ticket.taken", id, number=number)
    return reading.ticket(context.connection, id)


def call_next(context: Context, place: Place) -> CallView:
    """Call the number that has waited longest and open its visit at the window.

    Refused when a colleague is signed in there (window_taken), the window still has a visit
    (window_busy), nobody can be served there (window_offline, window_paused, card_left), or
    nobody waits (no_ticket).
    """
    connection = context.connection
    sessions.serve(context, place)
    if reading.open_visit_at(connection, place.terminal) is not None:
        raise Refused(
            "window_busy", "Close the visit at this window first.", "请先结束本窗口当前服务。"
        )
    window.call(
        terminals.state_of(connection, place.terminal),
        card_left=left_cards.lies_at(connection, place.terminal),
    )
    waiting = _longest_waiting(context, place.site)
    state = ticket.after(ticket.State(waiting["state"]), ticket.Command.CALL)
    records.change(connection, schema.ticket, waiting["id"], state=state, terminal=place.terminal)
    id = context.new_id()
    connection.execute(
        insert(schema.visit).values(
            id=id,
            terminal=place.terminal,
            ticket_id=waiting["id"],
            state=visit.State.OPEN,
            opened_at=context.moment,
        )
    )
    announcement = ticket.announcement(waiting["number"], place.window)
    orders.open_visit(context, place, id, waiting["number"], announcement)
    context.audit("visit.opened", id, ticket=waiting["id"], terminal=place.terminal)
    return CallView(
        ticket=reading.ticket(connection, waiting["id"]),
        visit=reading.visit(connection, id),
        announcement=announcement,
    )


def _longest_waiting(context: Context, site: str) -> RowMapping:
    table = schema.ticket
    query = (
        select(table)
        .where(table.c.site == site, table.c.day == moments.hall_day(context.now))
        .where(table.c.state == ticket.State.WAITING)
        .order_by(table.c.issued_at, table.c.id)
        .limit(1)
    )
    row = context.connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Refused("no_ticket", "Nobody is waiting.", "当前无人等候。")
    return row
