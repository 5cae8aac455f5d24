"""Time as it is passed in. Nothing of ours reads a clock that it was not given."""

import time
from datetime import UTC, datetime
from typing import Protocol

from hal.events.envelope import Clock as Quality


class Clock(Protocol):
    """Wall time for people, monotonic time for durations; a terminal has no RTC."""

    def now(self) -> datetime:
        """Wall time with its offset. It may jump; never subtract two of these."""

    def monotonic_ns(self) -> int:
        """Nanoseconds from an arbitrary start; never goes back while the process lives."""

    def quality(self) -> Quality:
        """How far `now` can be trusted: synced, holdover or unknown."""


class SystemClock:
    """The machine's own clocks. The kernel's word on synchronisation decides the quality."""

    def now(self) -> datetime:
        return datetime.now(UTC).astimezone()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def quality(self) -> Quality:
        # A year before this program was written means a Pi that has not met a time server yet.
        return "synced" if self.now().year >= 2026 else "unknown"


def rfc3339(moment: datetime) -> str:
    """`2026-11-23T08:15:02.123456+08:00`: always microseconds, always an offset."""
    return moment.isoformat(timespec="microseconds")
