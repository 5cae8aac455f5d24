"""A program whose wall clock jumps while its monotonic clock and its sleeps go on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sim.faults.clock import JumpingClock

TELLS = """
import sys, time
from datetime import UTC, datetime
for line in sys.stdin:
    begun = time.monotonic()
    time.sleep(0.05)
    print(datetime.now(UTC).isoformat(), begun, time.monotonic(), flush=True)
"""
DAY = timedelta(days=1)


class Teller:
    """A program that says what its clocks show, each time that it is asked."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TELLS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip

    def ask(self) -> tuple[datetime, float, float]:
        """Wall clock; monotonic clock before and after a sleep of 0.05 s."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        wall, begun, ended = self.process.stdout.readline().split()
        return datetime.fromisoformat(wall), float(begun), float(ended)


@pytest.fixture
def clock(tmp_path: Path) -> JumpingClock:
    return JumpingClock(tmp_path / "clock")


@pytest.fixture
def teller(clock: JumpingClock) -> Iterator[Teller]:
    made = Teller(clock.environment())
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.mark.parametrize("days", [3652, -3652])
def test_ten_years(clock: JumpingClock, teller: Teller, days: int) -> None:
    """The wall clock is ten years off from now on, and right again when told so."""
    right, _, before = teller.ask()
    assert abs(right - datetime.now(UTC)) < DAY
    clock.set(f"{days:+d}d")
    wrong, begun, ended = teller.ask()
    assert abs(wrong - datetime.now(UTC) - days * DAY) < DAY
    assert before <= begun < ended < before + DAY.total_seconds()
    clock.set("+0")
    assert abs(teller.ask()[0] - datetime.now(UTC)) < DAY


def test_leap_day(clock: JumpingClock, teller: Teller) -> None:
    """The wall clock can be put at a day that most years do not have."""
    clock.set("@2028-02-29 12:00:00")
    wall, begun, ended = teller.ask()
    assert (wall.year, wall.month) == (2028, 2)
    assert wall.day >= 28
    assert begun < ended
