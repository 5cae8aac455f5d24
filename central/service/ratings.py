"""What a press, or silence, does to the rating (评价) of a visit."""

from sqlalchemy import RowMapping

from central.domain import rating
from central.service import records
from central.service.context import Context
from central.store import schema


def give(context: Context, asked: RowMapping, level: int, replaces: int | None) -> None:
    """A citizen pressed `level`; Refused when a second press does not replace the first."""
    before = _standing(asked)
    after = rating.given(before, level, replaces)
    if after == before:
        return
    records.change(
        context.connection,
        schema.rating,
        asked["id"],
        state=after.state,
        level=after.level,
        first_level=after.first_level,
        rated_at=context.moment,
    )
    # The level stays out of the trail: a teller must not see who gave which.
    context.audit("rating.given", asked["visit"])


def expire(context: Context, asked: RowMapping) -> None:
    """Nobody rated (未评价); what was given before stays."""
    before = _standing(asked)
    after = rating.expired(before)
    if after != before:
        records.change(context.connection, schema.rating, asked["id"], state=after.state)
        context.audit("rating.expired", asked["visit"])


def _standing(asked: RowMapping) -> rating.Rating:
    return rating.Rating(rating.State(asked["state"]), asked["level"], asked["first_level"])
