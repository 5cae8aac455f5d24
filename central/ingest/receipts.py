"""Tells terminals what is kept: after the COMMIT, at most once per terminal in 50 ms."""

import time
from collections.abc import Callable
from datetime import datetime
from threading import Condition, Thread

import msgspec

from central.service.moments import written
from hal.events.orders import Receipt, encode
from hal.events.topics import Branch

PAUSE_S = 0.05

Publish = Callable[[str, bytes], bool]


class Receipts:
    """Runs in a thread of its own. A later receipt of the same outbox takes an earlier one's
    place; one that cannot be published is dropped: the terminal will ask by sending again.
    """

    def __init__(
        self,
        publish: Publish,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` gives the moment that each receipt carries."""
        self._publish = publish
        self._now = now
        self._monotonic = monotonic
        self._waiting: dict[Branch, dict[str, Receipt]] = {}
        self._not_before: dict[Branch, float] = {}
        self._changed = Condition()
        self._stopping = False
        self._thread = Thread(target=self._run, name="receipts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Publish what is due and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def give(self, branch: Branch, receipt: Receipt) -> None:
        """Have `receipt` published soon; never blocks on the line."""
        with self._changed:
            self._waiting.setdefault(branch, {})[receipt.epoch] = receipt
            self._changed.notify()

    def take_due(self) -> list[tuple[Branch, Receipt]]:
        """The receipts that may go out now, one per terminal; they count as sent."""
        with self._changed:
            return self._due()

    def _run(self) -> None:
        while True:
            with self._changed:
                due = self._due()
                if not due:
                    if self._stopping:
                        return
                    self._changed.wait(self._pause_s())
            for branch, receipt in due:
                # Stamped now and not when it was given: a terminal may set its clock by it.
                stamped = msgspec.structs.replace(receipt, at=written(self._now()))
                self._publish(branch.receipt, encode(stamped))

    def _due(self) -> list[tuple[Branch, Receipt]]:
        now_s = self._monotonic()
        for branch in [each for each, until_s in self._not_before.items() if until_s <= now_s]:
            del self._not_before[branch]
        due: list[tuple[Branch, Receipt]] = []
        for branch in [each for each in self._waiting if each not in self._not_before]:
            epochs = self._waiting[branch]
            due.append((branch, epochs.pop(next(iter(epochs)))))
            self._not_before[branch] = now_s + PAUSE_S
            if not epochs:
                del self._waiting[branch]
        return due

    def _pause_s(self) -> float | None:
        if not self._waiting:
            return None
        now_s = self._monotonic()
        return max(0.0, min(self._not_before[branch] for branch in self._waiting) - now_s)
