"""All counters of a hall at work, each teller in a thread of their own."""

import threading
from collections.abc import Callable, Sequence

from sim.counter import Counter
from sim.errors import SimError, Stopped


class Staff:
    """Starts the tellers; the first whose visit fails rings the bell for all."""

    def __init__(self, counters: Sequence[Counter], bell: threading.Event) -> None:
        self._counters = counters
        self._bell = bell
        self._threads: list[threading.Thread] = []
        self._fault: SimError | None = None
        self._lock = threading.Lock()

    def start(self, goes_on: Callable[[], bool]) -> None:
        """Open every counter; `goes_on` is asked before each citizen."""
        for counter in self._counters:
            thread = threading.Thread(
                target=self._work, args=(counter, goes_on), name=counter.room.teller, daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def join(self) -> None:
        """Wait until all counters are closed; the SimError of the one that failed first."""
        for thread in self._threads:
            thread.join()
        self.check()

    def check(self) -> None:
        """Raise what made a counter fail, if one did."""
        if self._fault is not None:
            raise self._fault

    def _work(self, counter: Counter, goes_on: Callable[[], bool]) -> None:
        try:
            counter.open(goes_on)
        except Stopped:
            return
        except SimError as fault:
            with self._lock:
                self._fault = self._fault or fault
            self._bell.set()
