"""Reading an application back to the citizen on the customer screen (免填单核对)."""

from sqlalchemy import RowMapping

from central.domain import session, visit, window
from central.domain.errors import Incorrect, Refused
from central.service import orders, read_backs, records, sessions, terminals
from central.service.context import Context
from central.service.orders import Window
from central.service.papers import Papers
from central.service.views import ConfirmView
from hal.events.orders import ConfirmSheet

_UNDERSTOOD = f"{orders.SCREEN_DEVICE}/{orders.CONFIRM_VERB}"


def confirm(
    context: Context, papers: Papers, visit_id: str, case_id: str, purpose: str, *, sign: bool
) -> ConfirmView:
    """Show the application of a case at the visit's window, to be confirmed and signed.

    Refused for whoever is not signed in there, in a closed visit, for a case of another visit,
    where the terminal is away or has no screen, and where the applicant's document is not there.
    """
    connection = context.connection
    row = records.visit(connection, visit_id)
    terminal = row["terminal"]
    present = sessions.open_at(connection, terminal)
    session.act(context.actor.name, present["teller"] if present else None)
    visit.after(visit.State(row["state"]), visit.Command.READ_BACK)
    case = _case(context, visit_id, case_id)
    window.reachable(terminals.state_of(connection, terminal))
    _has_screen(context, terminal)
    if not (purpose := purpose.strip()):
        raise Incorrect("purpose_missing", "Say what it is opened for.", "请填写查阅目的。")
    sheet = papers.application(context, case, terminal, purpose)
    served = records.ticket(connection, row["ticket_id"])
    order = orders.confirm_sheet(
        context, Window(terminal, served["site"]), visit_id, ConfirmSheet(sheet=sheet, sign=sign)
    )
    read_backs.ask(context, order, case, sheet=sheet, sign=sign)
    context.audit("sheet.shown", case_id, visit=visit_id, sheet=sheet, sign=sign)
    return ConfirmView(visit=visit_id, case=case_id, sheet=sheet, sign=sign, order=order)


def _case(context: Context, visit_id: str, case_id: str) -> RowMapping:
    case = records.case(context.connection, case_id)
    if case["visit"] != visit_id:
        raise Refused(
            "foreign_case", "This case belongs to another visit.", "该办件不属于本次服务。"
        )
    return case


def _has_screen(context: Context, terminal: str) -> None:
    told = terminals.about(context.connection, terminal)
    if told is None or _UNDERSTOOD not in told.orders:
        raise Refused(
            "no_screen",
            "This window has no customer screen; have the application signed on paper.",
            "本窗口没有群众交互屏,请改用纸质材料签字确认。",
        )
