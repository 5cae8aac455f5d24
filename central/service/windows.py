"""What a teller does with the window itself (暂停服务, 恢复服务) and with who stands there."""

from central.domain import session, visit, window
from central.service import (
    left_cards,
    orders,
    reading,
    records,
    sessions,
    terminals,
    tray,
)
from central.service.context import Context
from central.service.orders import Window
from central.service.places import Place
from central.service.views import VisitView, WindowOrderView
from hal.events.facts import Party


def pause(context: Context, place: Place) -> WindowOrderView:
    """暂停服务: order the window to pause. Refused while serving or while a card lies inside."""
    connection = context.connection
    _signed_in(context, place)
    window.pause(
        terminals.state_of(connection, place.terminal),
        serving=reading.open_visit_at(connection, place.terminal) is not None,
        card_left=left_cards.lies_at(connection, place.terminal),
    )
    order = orders.pause(context, Window(place.terminal, place.site))
    context.audit("window.pause", place.terminal, order=order)
    return WindowOrderView(terminal=place.terminal, order=order)


def resume(context: Context, place: Place) -> WindowOrderView:
    """恢复服务: order the window to serve again."""
    _signed_in(context, place)
    window.reachable(terminals.state_of(context.connection, place.terminal))
    order = orders.resume(context, Window(place.terminal, place.site))
    context.audit("window.resume", place.terminal, order=order)
    return WindowOrderView(terminal=place.terminal, order=order)


def choose_party(context: Context, visit_id: str, fact: str, party: Party) -> VisitView:
    """Give the person of an unlike document (证卡不一致) a role while the visit is open."""
    connection = context.connection
    row = records.visit(connection, visit_id)
    visit.after(visit.State(row["state"]), visit.Command.CHOOSE_PARTY)
    tray.choose(connection, visit_id, fact, party)
    served = records.ticket(connection, row["ticket_id"])
    orders.accept_party(context, Window(row["terminal"], served["site"]), visit_id, party)
    context.audit("party.chosen", visit_id, fact=fact, party=party)
    return reading.visit(connection, visit_id)


def _signed_in(context: Context, place: Place) -> None:
    present = sessions.open_at(context.connection, place.terminal)
    session.act(context.actor.name, present["teller"] if present else None)
