"""Whether the clock is known to be wrong, for the display: a terminal has no clock of its own.

A wrong clock shows in two ways: the date cannot be right (hal.clock, `quality`), or certificates
are not valid at it, so that the line to the broker cannot be made.
"""

import logging
from collections.abc import Callable
from threading import Event, Lock

from firmware.task import Task
from hal.clock import Clock

PERIOD_S = 2.0
_END_S = 2.0

_log = logging.getLogger(__name__)


class ClockWatch:
    """A thread of its own. `told` is called on change only; in the beginning all is well."""

    def __init__(
        self, clock: Clock, told: Callable[[bool], None], period_s: float = PERIOD_S
    ) -> None:
        self._clock = clock
        self._told = told
        self._period_s = period_s
        self._lock = Lock()
        self._by_certificate = False
        self._wrong = False
        self._stop = Event()
        self._task = Task("clock", self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self) -> None:
        self._stop.set()
        self._task.join(_END_S)

    def certificate(self, wrong: bool) -> None:
        """Whether certificates were found not to be valid at this time; from any thread."""
        with self._lock:
            self._by_certificate = wrong
        self.look()

    def look(self) -> None:
        """Look now, and tell if it is another than before."""
        implausible = self._clock.quality() == "unknown"
        with self._lock:
            wrong = implausible or self._by_certificate
            if wrong == self._wrong:
                return
            self._wrong = wrong
            _log.warning("clock is wrong" if wrong else "clock is right")
            self._told(wrong)

    def _run(self) -> None:
        while True:
            self.look()
            if self._stop.wait(self._period_s):
                return
