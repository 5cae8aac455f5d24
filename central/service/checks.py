"""Check codes (校验码): by one of them anybody sees that a printed sheet is real."""

import secrets

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from central.domain.errors import Unknown
from central.service.context import Context
from central.service.views import CheckView
from central.store import schema

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, which look alike on paper."""
LENGTH = 16
"""80 bits: whoever does not hold the sheet does not guess it."""
_TABLE = schema.check_code


def code_of(context: Context, case: str) -> str:
    """The check code of a case; made at its first sheet."""
    connection = context.connection
    known = connection.scalar(select(_TABLE.c.code).where(_TABLE.c.case_id == case))
    if known is not None:
        return str(known)
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    connection.execute(insert(_TABLE).values(code=code, case_id=case, made_at=context.moment))
    return code


def look_up(connection: Connection, code: str) -> CheckView:
    """The item and the day of the application; nothing of the person. Unknown."""
    case = schema.case_file
    query = (
        select(case.c.item_name, case.c.clock_started_at)
        .join(_TABLE, _TABLE.c.case_id == case.c.id)
        .where(_TABLE.c.code == code)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise Unknown("unknown_check_code", "No sheet has this check code.", "无此校验码。")
    return CheckView(item_name=row["item_name"], applied_on=row["clock_started_at"][:10])
