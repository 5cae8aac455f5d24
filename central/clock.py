"""Where the centre's time comes from: the machine, or in a test whoever sets it by hand."""

import threading
from datetime import datetime, timedelta

from central.service.moments import HALL_TIME


def machine_time() -> datetime:
    """The machine's clock, in the hall's time."""
    return datetime.now(HALL_TIME)


class ManualClock:
    """Stands still at `start` until it is set; from any thread."""

    def __init__(self, start: datetime) -> None:
        self._moment = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The moment that was set last, in the hall's time."""
        with self._lock:
            return self._moment

    def set(self, moment: datetime) -> datetime:
        """Stand at `moment`, earlier or later; it has an offset. Returns it in the hall's time."""
        with self._lock:
            self._moment = moment.astimezone(HALL_TIME)
            return self._moment

    def advance(self, by_s: float) -> datetime:
        """Go on by seconds, or back. OverflowError where the calendar ends."""
        with self._lock:
            self._moment += timedelta(seconds=by_s)
            return self._moment
