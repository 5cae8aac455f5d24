"""Tells the service manager that the terminal works, and only as long as it does.

A timer that feeds a watchdog proves that the timer works. Here a probe passes through the queue of
each part; the watchdog is fed when all of them have come back.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from threading import Condition

from firmware.task import Task

Probe = Callable[[Callable[[], None]], None]
"""Put a probe into a part's queue and return at once; the part calls it when its turn comes."""

_END_S = 2.0
_log = logging.getLogger(__name__)


class _Round:
    """Who has not answered yet."""

    def __init__(self, names: Mapping[str, Probe]) -> None:
        self.changed = Condition()
        self.out = set(names)

    def back(self, name: str) -> None:
        with self.changed:
            self.out.discard(name)
            self.changed.notify()


class Watchdog:
    """A thread between `start` and `stop`. Feeds by `alive` once a round, when all came back."""

    def __init__(
        self, probes: Mapping[str, Probe], alive: Callable[[], object], period_s: float
    ) -> None:
        """`period_s`: between rounds, and how long a part may take before it is called stuck.

        At most a third of what the service manager waits for.
        """
        self._probes = dict(probes)
        self._alive = alive
        self._period_s = period_s
        self._pause = Condition()
        self._round = _Round({})
        self._stopping = False
        self._task = Task("watchdog", self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self) -> None:
        """Feed no more."""
        with self._pause:
            self._stopping = True
            self._pause.notify()
            current = self._round
        with current.changed:
            current.changed.notify()
        self._task.join(_END_S)

    def _run(self) -> None:
        while not self._stopping:
            if self._pass_through():
                self._alive()
            with self._pause:
                self._pause.wait_for(lambda: self._stopping, self._period_s)

    def _pass_through(self) -> bool:
        """One round through all parts; False if the end came before all were back."""
        current = _Round(self._probes)
        with self._pause:
            self._round = current
        for name, probe in self._probes.items():
            probe(partial(current.back, name))
        with current.changed:
            if self._wait(current, self._period_s):
                return not self._stopping
            stuck = sorted(current.out)
        for name in stuck:
            _log.error("part is stuck", extra={"part": name})
        with current.changed:
            self._wait(current, None)
        if not self._stopping:
            _log.warning("stuck parts go on")
        return not self._stopping

    def _wait(self, current: _Round, timeout_s: float | None) -> bool:
        return current.changed.wait_for(lambda: self._stopping or not current.out, timeout_s)
