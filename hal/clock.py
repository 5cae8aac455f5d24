"""Time as it is passed in. Nothing of ours reads a clock that it was not given."""

import ctypes
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Protocol

from hal.events.envelope import Clock as Quality

HALL_TIME = timezone(timedelta(hours=8))
"""China Standard Time, all year; a terminal's own time zone may be another."""
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""No terminal of this version runs earlier: a Pi that says so has not met a time server yet."""
PLAUSIBLE_S = 60.0
"""How far our clock may be from the centre's and still be believed."""
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
"""Made by systemd-timesyncd when it has set the clock (systemd-timesyncd.service(8), "Files")."""
_STA_UNSYNC = 0x40
_TIME_ERROR = 5


class Clock(Protocol):
    """Wall time for people, monotonic time for durations; a terminal has no RTC."""

    def now(self) -> datetime:
        """Wall time with its offset. It may jump; never subtract two of these."""

    def monotonic_ns(self) -> int:
        """Nanoseconds from an arbitrary start; never goes back while the process lives."""

    def quality(self) -> Quality:
        """How far `now` can be trusted: synced, holdover or unknown."""


Reference = Callable[[], datetime | None]
"""Another's time as it is now; None as long as it is not known."""


class SystemClock:
    """The machine's own clocks.

    `reference` may be set later; it is asked each time and must not block.
    """

    def __init__(
        self,
        reference: Reference | None = None,
        synchronized: Callable[[], bool] | None = None,
    ) -> None:
        """`synchronized`: whether the kernel's clock follows a time server; by default, ask it."""
        self.reference = reference
        self._synchronized = synchronized or kernel_synchronized

    def now(self) -> datetime:
        return datetime.now(UTC).astimezone()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def quality(self) -> Quality:
        """`unknown`: the date cannot be right, or the centre's clock says otherwise.

        `synced`: it follows a time server. `holdover`: plausible, but it runs freely.
        """
        now = self.now()
        if now < RELEASED:
            return "unknown"
        offset = offset_s(now, self.reference)
        if offset is not None and abs(offset) > PLAUSIBLE_S:
            return "unknown"
        return "synced" if self._synchronized() else "holdover"


def offset_s(now: datetime, reference: Reference | None) -> float | None:
    """How far `now` is ahead of the reference, in seconds; None if that is not known."""
    theirs = None if reference is None else reference()
    return None if theirs is None else (now - theirs).total_seconds()


class _Timex(ctypes.Structure):
    """The head of `struct timex`, with room for the rest (adjtimex(2))."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_synchronized() -> bool:
    """Whether the kernel says that its clock is kept by a time server; never raises.

    Source: adjtimex(2): the return value TIME_ERROR, the status STA_UNSYNC.
    """
    if SYNCHRONIZED.exists():
        return True
    timex = _Timex(modes=0)
    try:
        state = _libc().adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return False
    return state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def hall_day(moment: datetime) -> str:
    """`YYYY-MM-DD` on the wall of the hall."""
    return moment.astimezone(HALL_TIME).date().isoformat()


def rfc3339(moment: datetime) -> str:
    """`2026-11-23T08:15:02.123456+08:00`: always microseconds, always an offset."""
    return moment.isoformat(timespec="microseconds")
