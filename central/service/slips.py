"""What was ordered from printers (号票, 回执), what became of it, and which copies are void."""

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from central.service.context import Context
from central.service.views import PrintedView, SlipView
from central.store import schema
from hal.events.facts import SlipPrinted

_TABLE = schema.slip


def order(
    context: Context, slip: SlipView, *, terminal: str, visit: str, kind: str, code: str
) -> None:
    """A slip is on its way to the printer, in the place of those that it voids."""
    older = update(_TABLE).where(_TABLE.c.id.in_(slip.voids), _TABLE.c.voided_by.is_(None))
    context.connection.execute(older.values(voided_by=slip.slip))
    context.connection.execute(
        insert(_TABLE).values(
            id=slip.slip,
            terminal=terminal,
            visit=visit,
            kind=kind,
            code=code,
            case_number=slip.case,
            order_id=slip.order,
            ordered_at=context.moment,
        )
    )
    context.audit("slip.ordered", slip.slip, visit=visit, kind=kind, voids=slip.voids)


def earlier(connection: Connection, visit: str, kind: str, code: str) -> list[str]:
    """The slips that were ordered before for the same, oldest first."""
    query = select(_TABLE.c.id).where(
        _TABLE.c.visit == visit, _TABLE.c.kind == kind, _TABLE.c.code == code
    )
    return list(connection.scalars(query.order_by(_TABLE.c.n)))


def tell(context: Context, terminal: str, data: SlipPrinted) -> None:
    """Note what became of a slip; nothing if this terminal was not ordered to print it."""
    row = update(_TABLE).where(_TABLE.c.id == data.slip, _TABLE.c.terminal == terminal)
    context.connection.execute(row.values(verdict=data.verdict, told_at=context.moment))


def of_visit(connection: Connection, visit: str) -> list[PrintedView]:
    """All that was ordered in a visit, oldest first."""
    query = select(_TABLE).where(_TABLE.c.visit == visit).order_by(_TABLE.c.n)
    return [
        PrintedView(
            slip=row["id"],
            kind=row["kind"],
            case=row["case_number"],
            ordered_at=row["ordered_at"],
            verdict=row["verdict"],
            told_at=row["told_at"],
            voided_by=row["voided_by"],
        )
        for row in connection.execute(query).mappings()
    ]
