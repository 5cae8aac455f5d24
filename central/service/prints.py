"""Slips (号票, 回执) and sheets (受理回执) of a visit, printed at its window.

Slips bear numbers only, nothing of the citizen; a sheet is kept for the terminal to fetch. Each has
an id of its own. A copy that is printed again (补打) says so and voids those before it: when power
failed in the middle, nobody knows whether the first one lies in the tray.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.engine import Connection

from central.domain import case as cases
from central.domain import ticket
from central.domain.errors import Refused
from central.service import checks, moments, orders, records, slips, terminals
from central.service.context import Context
from central.service.papers import Papers
from central.service.views import PrintView, SlipView
from central.store import schema
from hal.events.orders import PrintSheet, PrintSlip

Kind = Literal["ticket", "receipt"]

SLIP = "slip"
SHEET_KIND = "receipt-sheet"
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
    made = []
    for case in _of_slips(connection, visit_id, kind):
        number = None if case is None else case["number"]
        code = ticket.barcode(served["id"]) if number is None else CASE_PREFIX + number
        voids = slips.earlier(connection, visit_id, kind, code)
        slip = PrintSlip(
            slip=context.new_id(),
            kind=kind,
            title=served["number"] if kind == "ticket" else _TITLES[kind],
            lines=_lines(context, kind, served["number"], number, again=bool(voids)),
            barcode=code,
        )
        order = orders.print_slip(context, window, visit_id, printer, slip)
        view = SlipView(slip=slip.slip, order=order, case=number, voids=voids)
        slips.order(context, view, terminal=window.terminal, visit=visit_id, kind=kind, code=code)
        made.append(view)
    return PrintView(visit=visit_id, kind=kind, slips=made)


def print_sheets(context: Context, papers: Papers, visit_id: str) -> PrintView:
    """Print an A4 acceptance receipt (受理回执) for each accepted case of a visit.

    The applicant stands on it by the mask: no box is opened. Refused (no_slip_printer,
    nothing_accepted, sheet_not_kept).
    """
    connection = context.connection
    row = records.visit(connection, visit_id)
    served = records.ticket(connection, row["ticket_id"])
    printer = printer_of(connection, row["terminal"], orders.SHEET_VERB)
    window = orders.Window(row["terminal"], served["site"])
    accepted = [
        case for case in _cases(connection, visit_id) if case["state"] != cases.State.OPENED
    ]
    if not accepted:
        raise Refused(
            "nothing_accepted", "Accept a case of this visit first.", "请先受理本次服务的办件。"
        )
    made = [_print_sheet(context, papers, window, printer, case) for case in accepted]
    return PrintView(visit=visit_id, kind=SHEET_KIND, slips=made)


def printer_of(connection: Connection, terminal: str, verb: str) -> str:
    """The terminal's first printer that understands `verb`; its role where it has told nothing."""
    told = terminals.about(connection, terminal)
    if told is None:
        return SLIP
    for each in told.devices:
        if each.role == SLIP and f"{each.device}/{verb}" in told.orders:
            return each.device
    raise Refused("no_slip_printer", "This window has no such printer.", "该窗口没有此类打印机。")


def _print_sheet(
    context: Context, papers: Papers, window: orders.Window, printer: str, case: RowMapping
) -> SlipView:
    visit, code = case["visit"], CASE_PREFIX + case["number"]
    voids = slips.earlier(context.connection, visit, SHEET_KIND, code)
    masked = select(schema.tray.c.masked).where(schema.tray.c.fact_id == case["applicant_fact"])
    sheet = papers.receipt(
        context,
        case,
        window.terminal,
        name=msgspec.json.decode(context.connection.execute(masked).scalar_one())["name"],
        code=checks.code_of(context, case["id"]),
        again=bool(voids),
    )
    wish = PrintSheet(slip=context.new_id(), kind="receipt", sheet=sheet)
    order = orders.print_sheet(context, window, visit, printer, wish)
    view = SlipView(slip=wish.slip, order=order, case=case["number"], voids=voids)
    slips.order(context, view, terminal=window.terminal, visit=visit, kind=SHEET_KIND, code=code)
    return view


def _lines(
    context: Context, kind: Kind, ticket_number: str, case_number: str | None, *, again: bool
) -> list[str]:
    time = context.now.astimezone(moments.HALL_TIME).strftime("%Y-%m-%d %H:%M")
    lines = [f"号票 {ticket_number}"] if kind == "receipt" else [_TITLES[kind]]
    if case_number is not None:
        lines.append(f"办件 {case_number}")
    lines.append(f"时间 {time}")
    return [*lines, "补打,此前各份作废"] if again else lines


def _of_slips(connection: Connection, visit_id: str, kind: Kind) -> Sequence[RowMapping | None]:
    """A slip for each; None stands for the visit's ticket alone."""
    return (_cases(connection, visit_id) if kind == "receipt" else []) or [None]


def _cases(connection: Connection, visit_id: str) -> list[RowMapping]:
    """The visit's cases, oldest first."""
    table = schema.case_file
    query = select(table).where(table.c.visit == visit_id).order_by(table.c.number)
    return list(connection.execute(query).mappings().all())
