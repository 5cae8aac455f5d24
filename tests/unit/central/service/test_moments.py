from datetime import UTC, datetime

from central.service import moments

LATE = datetime(2026, 11, 23, 16, 30, 0, 5, tzinfo=UTC)


def test_moments_are_written_in_the_halls_time() -> None:
    """Whatever zone the machine has, the text has the hall's offset and microseconds."""
    assert moments.written(LATE) == "2026-11-24T00:30:00.000005+08:00"
    assert moments.read(moments.written(LATE)) == LATE


def test_the_day_is_that_of_the_hall() -> None:
    """Half past midnight in the hall is the new day, though Greenwich still has the old one."""
    assert moments.hall_day(LATE) == "2026-11-24"
