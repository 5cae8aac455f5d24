"""Applications read back to the citizen (免填单核对): what was asked, and how it was answered.

One row for each order `screen/confirm`. An answer names the hash of what the screen showed; it is
for the row that still waits for one, or else for the newest of that hash.
"""

import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.engine import Connection

from central.domain.read_back import State
from central.service import papers
from central.service.context import Context
from central.service.received import ReceivedFact, Unplaceable
from central.service.views import ReadBackView
from central.store import schema
from hal.events.facts import SheetConfirmed, SheetDisputed, SheetExpired, SignatureGiven

REPLACED = "replaced"
_TABLE = schema.read_back

Answer = SheetConfirmed | SheetDisputed | SignatureGiven


def ask(context: Context, order: str, case: RowMapping, sheet: str, sign: bool) -> None:
    """The citizen is being asked; what the screen showed in this visit before is gone."""
    older = update(_TABLE).where(_TABLE.c.visit == case["visit"], _TABLE.c.state == State.ASKED)
    context.connection.execute(
        older.values(state=State.UNANSWERED, reason=REPLACED, answered_at=context.moment)
    )
    context.connection.execute(
        insert(_TABLE).values(
            order_id=order,
            visit=case["visit"],
            case_id=case["id"],
            sheet=sheet,
            sign=sign,
            state=State.ASKED,
            asked_at=context.moment,
        )
    )


def answer(context: Context, fact: ReceivedFact, data: Answer) -> str:
    """Note what the citizen said; the case it is about. Unplaceable (unknown_sheet)."""
    waiting = State.CONFIRMED if isinstance(data, SignatureGiven) else State.ASKED
    row = _shown(context.connection, fact, data.shown_hash, waiting)
    at = context.moment
    match data:
        case SheetConfirmed():
            what = "sheet.confirmed"
            _change(context, row["order_id"], state=State.CONFIRMED, answered_at=at, reason=None)
        case SheetDisputed():
            what, rows = "sheet.disputed", json.dumps(papers.labels(data.rows), ensure_ascii=False)
            _change(
                context,
                row["order_id"],
                state=State.DISPUTED,
                answered_at=at,
                reason=None,
                disputed=rows,
            )
        case SignatureGiven():
            what = "signature.given"
            _change(context, row["order_id"], signed_at=at, picture=data.picture)
    context.audit(what, row["case_id"], fact=fact.id, sheet=data.shown_hash)
    case: str = row["case_id"]
    return case


def expire(context: Context, fact: ReceivedFact, data: SheetExpired) -> None:
    """Nobody answered, or a newer sheet took its place.

    Confirmed and then not signed stays confirmed: `reason` says why the signature is missing.
    Unplaceable (unknown_sheet).
    """
    row = _shown(context.connection, fact, data.shown_hash, State.ASKED)
    _give_up(context, row, data.reason)


def not_shown(context: Context, order: str, reason: str) -> None:
    """The order never reached the screen, or the terminal would not; nothing if it was no such."""
    row = context.connection.execute(select(_TABLE).where(_TABLE.c.order_id == order))
    found = row.mappings().one_or_none()
    if found is not None:
        _give_up(context, found, reason)


def of_cases(connection: Connection, ids: Sequence[str]) -> dict[str, list[ReadBackView]]:
    """The read-backs of these cases, oldest first."""
    query = select(_TABLE).where(_TABLE.c.case_id.in_(ids))
    found: dict[str, list[ReadBackView]] = defaultdict(list)
    for row in connection.execute(query.order_by(_TABLE.c.n)).mappings():
        found[row["case_id"]].append(
            ReadBackView(
                order=row["order_id"],
                sheet=row["sheet"],
                sign=row["sign"],
                state=row["state"],
                asked_at=row["asked_at"],
                answered_at=row["answered_at"],
                disputed=json.loads(row["disputed"]),
                reason=row["reason"],
                signed_at=row["signed_at"],
                picture=row["picture"],
            )
        )
    return found


def _shown(connection: Connection, fact: ReceivedFact, sheet: str, waiting: State) -> RowMapping:
    # That the visit is this terminal's has been looked at before.
    query = select(_TABLE).where(_TABLE.c.visit == fact.visit, _TABLE.c.sheet == sheet)
    query = query.order_by(_TABLE.c.state != waiting, _TABLE.c.n.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Unplaceable("unknown_sheet")
    return row


def _give_up(context: Context, row: RowMapping, reason: str) -> None:
    if row["state"] == State.ASKED:
        at = context.moment
        _change(context, row["order_id"], state=State.UNANSWERED, answered_at=at, reason=reason)
    elif row["state"] == State.CONFIRMED and row["signed_at"] is None:
        _change(context, row["order_id"], reason=reason)


def _change(context: Context, order: str, **values: object) -> None:
    context.connection.execute(update(_TABLE).where(_TABLE.c.order_id == order).values(**values))
