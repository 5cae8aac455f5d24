"""What time it is at the centre, for a terminal that has no clock of its own.

The centre says its time in each receipt. A receipt that was long on the way makes that time look
earlier, never later; so of what was heard lately the latest counts.
"""

from datetime import datetime, timedelta
from threading import Lock

from hal.clock import Clock

WINDOW_S = 300.0
"""How long a word counts at most while newer ones come; at least half as long."""
_NS_PER_US = 1000
_YEARS = range(2020, 2200)


class CentreTime:
    """May be used from any thread; nothing blocks.

    The estimate is later than the truth by no more than our oscillator has run slow since the word
    in use (100 ppm: 30 ms in `WINDOW_S`), and earlier by no more than the shortest delay of a
    receipt within the window. A centre whose clock was set back is believed after `WINDOW_S`.
    An outage ends no window: what the broker held back meanwhile is older than what we know.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._since_ns = 0
        self._newest: datetime | None = None
        self._before: datetime | None = None

    def heard(self, at: str) -> None:
        """The centre said just now that it is `at` (RFC 3339). Anything else changes nothing."""
        try:
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None or moment.year not in _YEARS:
                return
            now_ns = self._clock.monotonic_ns()
            # The centre's time when our monotonic clock was 0, by this word.
            start = moment - _since_zero(now_ns)
        except ValueError:
            return
        with self._lock:
            if now_ns - self._since_ns >= WINDOW_S / 2 * 1e9:
                self._since_ns = now_ns
                self._before, self._newest = self._newest, None
            self._newest = start if self._newest is None else max(self._newest, start)

    def now(self) -> datetime | None:
        """The centre's time, by the monotonic clock since the word in use; None before one."""
        with self._lock:
            known = [start for start in (self._before, self._newest) if start is not None]
        return max(known) + _since_zero(self._clock.monotonic_ns()) if known else None

    def offset_s(self) -> float | None:
        """By how much our wall clock is ahead of the centre's; None before the first word."""
        now = self.now()
        return None if now is None else (self._clock.now() - now).total_seconds()


def _since_zero(monotonic_ns: int) -> timedelta:
    return timedelta(microseconds=monotonic_ns // _NS_PER_US)
