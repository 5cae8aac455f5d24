"""Who serves at a window, on its customer screen (三亮明: 亮身份, 亮承诺, 亮标准)."""

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.sqlite import insert

from central.service import orders, terminals
from central.service.context import Context
from central.service.orders import Window
from central.service.places import Place
from central.store import schema
from hal.events.orders import ShowService

POST = "综合柜员"
PROMISES = ("首问负责", "一次性告知", "限时办结", "办理标准与时限以事项公示为准")
"""Source: the hall's process: 首问负责、一次性告知、限时办结, and 三亮明 身份/承诺/标准."""
LONGEST_NAME = 40
_UNDERSTOOD = f"{orders.SCREEN_DEVICE}/{orders.SHOW_VERB}"
_TAKES = ("ready", "paused")


def show(context: Context, place: Place, present: RowMapping | None) -> None:
    """Tell the window's screen who is signed in there, once for each session and start.

    A terminal that was started anew has forgotten it. Nothing where there is no screen.
    """
    connection = context.connection
    told = terminals.about(connection, place.terminal)
    if told is None or _UNDERSTOOD not in told.orders:
        return
    if terminals.state_of(connection, place.terminal) not in _TAKES:
        return
    status = terminals.status_of(connection, place.terminal)
    table = schema.shown_service
    query = select(table).where(table.c.terminal == place.terminal)
    known = connection.execute(query).mappings().one_or_none()
    session = present["id"] if present else None
    boot = status["boot"] if status else None
    shown = known["session"] if known is not None and known["boot"] == boot else None
    if session == shown:
        return
    order = orders.show_service(context, Window(place.terminal, place.site), _who(present))
    values = {"session": session, "boot": boot, "order_id": order}
    row = insert(table).values(terminal=place.terminal, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["terminal"], set_=values))


def _who(present: RowMapping | None) -> ShowService:
    if present is None:
        return ShowService(teller="")  # nobody
    return ShowService(teller=present["teller"][:LONGEST_NAME], post=POST, promises=list(PROMISES))
