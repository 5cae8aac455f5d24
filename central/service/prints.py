"""Slips (号票, 回执) of a visit, printed at its window: numbers only, nothing of the citizen.

Each slip has an id of its own. A copy that is printed again (补打) says so and voids those before
it: when power failed in the middle, nobody knows whether the first one lies in the tray.
"""

from typing import Literal

from sqlalchemy import RowMapping, select
from sqlalchemy.engine import Connection

from central.domain import ticket
from central.domain.errors import Refused
from central.service import moments, orders, records, terminals
from central.service.context import Context
from central.service.views import PrintView, SlipView
from central.store import schema
from hal.events.orders import Order, PrintSlip, decode

Kind = Literal["ticket", "receipt"]

SLIP = "slip"
CASE_PREFIX = "OW:C:"
_TITLES: dict[Kind, str] = {"ticket": "号票", "receipt": "业务回执"}


def print_slips(context: Context, visit_id: str, kind: Kind) -> PrintView:
    """Print the ticket of a visit, or a receipt for each of its cases; one of the ticket if none.

    Refused (no_slip_printer) where the window has told its devices and none prints slips.
    """
    connection = context.connection
    row = records.visit(connection, visit_id)
    served = records.ticket(connection, row["ticket_id"])
    printer = printer_of(connection, row["terminal"], orders.PRINT_VERB)
    window = orders.Window(row["terminal"], served["site"])
    slips = []
    for case in _cases(connection, visit_id) if kind == "receipt" else [None]:
        number = None if case is None else case["number"]
        code = ticket.barcode(served["id"]) if number is None else CASE_PREFIX + number
        voids = _earlier(connection, visit_id, kind, code)
        slip = PrintSlip(
            slip=context.new_id(),
            kind=kind,
            title=served["number"] if kind == "ticket" else _TITLES[kind],
            lines=_lines(context, kind, served["number"], number, again=bool(voids)),
            barcode=code,
        )
        order = orders.print_slip(context, window, visit_id, printer, slip)
        context.audit("slip.ordered", slip.slip, visit=visit_id, kind=kind, voids=voids)
        slips.append(SlipView(slip=slip.slip, order=order, case=number, voids=voids))
    return PrintView(visit=visit_id, kind=kind, slips=slips)


def printer_of(connection: Connection, terminal: str, verb: str) -> str:
    """The terminal's first printer that understands `verb`; its role where it has told nothing."""
    told = terminals.about(connection, terminal)
    if told is None:
        return SLIP
    for each in told.devices:
        if each.role == SLIP and f"{each.device}/{verb}" in told.orders:
            return each.device
    raise Refused("no_slip_printer", "This window has no such printer.", "该窗口没有此类打印机。")


def _lines(
    context: Context, kind: Kind, ticket_number: str, case_number: str | None, *, again: bool
) -> list[str]:
    time = context.now.astimezone(moments.HALL_TIME).strftime("%Y-%m-%d %H:%M")
    lines = [f"号票 {ticket_number}"] if kind == "receipt" else [_TITLES[kind]]
    if case_number is not None:
        lines.append(f"办件 {case_number}")
    lines.append(f"时间 {time}")
    return [*lines, "补打,此前各份作废"] if again else lines


def _cases(connection: Connection, visit_id: str) -> list[RowMapping | None]:
    """The visit's cases, oldest first; None stands for its ticket alone."""
    table = schema.case_file
    query = select(table).where(table.c.visit == visit_id).order_by(table.c.number)
    return list(connection.execute(query).mappings().all()) or [None]


def _earlier(connection: Connection, visit_id: str, kind: Kind, code: str) -> list[str]:
    """The slips that were ordered before for the same."""
    table = schema.order_outbox
    query = select(table.c.body).where(table.c.visit == visit_id, table.c.verb == orders.PRINT_VERB)
    slips = [
        decode(decode(body, Order).data, PrintSlip)
        for body in connection.scalars(query.order_by(table.c.id))
    ]
    return [slip.slip for slip in slips if slip.kind == kind and slip.barcode == code]
