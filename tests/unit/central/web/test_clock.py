"""The centre's time, set by hand."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from central.clock import ManualClock
from central.service.moments import HALL_TIME


@pytest.fixture
def manual() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 9, 0, 0, tzinfo=HALL_TIME))


class TestSetByHand:
    """With `--clock manual`."""

    @pytest.fixture
    def parts(self, parts: Any, manual: ManualClock) -> Any:
        return replace(parts, now=manual.now, clock=manual)

    def test_time_is_set_and_goes_on_when_told(self, client: Any, manual: ManualClock) -> None:
        """Forth by seconds, to any moment, and back; it is written in the hall's time."""
        for body, now in (
            ({"advance_s": 90.5}, "2026-11-23T09:01:30.500000+08:00"),
            ({"now": "2028-02-29T00:00:00Z"}, "2028-02-29T08:00:00.000000+08:00"),
            ({"advance_s": -1}, "2028-02-29T07:59:59.000000+08:00"),
        ):
            answer = client.post("/api/v1/clock", json=body)
            assert (answer.status_code, answer.json()) == (200, {"now": now})
        assert manual.now().isoformat() == "2028-02-29T07:59:59+08:00"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"now": "2026-11-23T09:00:00"},
            {"now": "2026-11-23T09:00:00+08:00", "advance_s": 1},
            {"advance_s": "soon"},
            {"advance_s": 1e12},
            {"advance": 1},
        ],
    )
    def test_what_is_no_moment_is_refused(
        self, client: Any, manual: ManualClock, body: Any
    ) -> None:
        """The clock stays where it is."""
        assert client.post("/api/v1/clock", json=body).status_code == 422
        assert manual.now() == datetime(2026, 11, 23, 9, 0, 0, tzinfo=HALL_TIME)

    def test_the_end_of_the_calendar_is_told(self, client: Any) -> None:
        """A moment that cannot be reached is 422 and no error of ours."""
        client.post("/api/v1/clock", json={"now": "9999-12-31T00:00:00+08:00"})
        answer = client.post("/api/v1/clock", json={"advance_s": 5e9})
        assert (answer.status_code, answer.json()["code"]) == (422, "moment_unknown")


def test_nobody_sets_the_machines_clock(client: Any) -> None:
    """Without the option there is no such route."""
    assert client.post("/api/v1/clock", json={"advance_s": 1}).status_code in (404, 405)
