"""How moments are written down, and which day it is in the hall."""

from datetime import datetime, timedelta, timezone

HALL_TIME = timezone(timedelta(hours=8))
"""China Standard Time, all year."""


def written(moment: datetime) -> str:
    """RFC 3339 in the hall's time, always with microseconds: text order is order in time."""
    return moment.astimezone(HALL_TIME).isoformat(timespec="microseconds")


def read(text: str) -> datetime:
    """The moment that `written` wrote."""
    return datetime.fromisoformat(text)


def hall_day(moment: datetime) -> str:
    """`YYYY-MM-DD` on the wall of the hall."""
    return moment.astimezone(HALL_TIME).date().isoformat()


def unix_ms(moment: datetime) -> int:
    """Milliseconds since 1970, as an identifier wants them."""
    return int(moment.timestamp() * 1000)
