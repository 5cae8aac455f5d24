"""From the outbox to the broker: in order, not too far ahead, and again until there is a receipt.

A PUBACK is not a receipt: a broker that has acknowledged may still forget. So the sender goes back
to the last receipt whenever the line was interrupted, or no receipt came for a while.
"""

import logging
import random
import sqlite3
from collections.abc import Callable
from threading import Condition
from time import monotonic

from firmware.centre_time import CentreTime
from firmware.config import Intervals
from firmware.link import Link
from firmware.outbox import Entry, Outbox, ranges
from firmware.task import Task
from hal.events.envelope import CONTENT_TYPE
from hal.events.orders import OrderError, Receipt, decode

WINDOW = 256
"""How many facts may be under way without a receipt."""

_log = logging.getLogger(__name__)
_DEFAULTS = Intervals()


class Sender:
    """A thread of its own. All methods may be called from any thread and return at once."""

    def __init__(
        self,
        outbox: Outbox,
        link: Link,
        intervals: Intervals = _DEFAULTS,
        centre_time: CentreTime | None = None,
    ) -> None:
        """`centre_time` is told what time it is at the centre, with each receipt that says so."""
        self._outbox = outbox
        self._link = link
        self._changed = Condition()
        self._usable = False
        self._stopping = False
        self._news = False
        self._committed = 0
        self._sent = 0
        self._missing: list[tuple[int, int]] = []
        self._probes: list[Callable[[], None]] = []
        self._centre_time = centre_time
        self._patience = _Patience(intervals.receipt_base_s, intervals.receipt_cap_s)
        self._rounds = 0
        self._sent_listeners: list[Callable[[], None]] = []
        self._task = Task("sender", self._run)

    def on_sent(self, listener: Callable[[], None]) -> None:
        """Call `listener` for each fact handed to the broker; before `start` only."""
        self._sent_listeners.append(listener)

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._task.join(timeout_s)

    def wake(self) -> None:
        """There are new facts in the outbox."""
        with self._changed:
            self._news = True
            self._changed.notify()

    def line(self, usable: bool) -> None:
        """The connection came or went. What is without a receipt will be sent again."""
        with self._changed:
            self._usable = usable
            self._start_again()

    def centre_ready(self) -> None:
        """The centre came (back): nobody may have heard what was sent meanwhile."""
        with self._changed:
            self._start_again()

    def receipt(self, body: bytes) -> None:
        """The centre's word. One that cannot be read, or is of another epoch, changes nothing."""
        try:
            receipt = decode(body, Receipt)
        except OrderError:
            _log.warning("receipt cannot be read")
            return
        if receipt.at is not None and self._centre_time is not None:
            self._centre_time.heard(receipt.at)
        if receipt.epoch != self._outbox.epoch:
            return
        try:
            self._outbox.receipt(receipt.committed)
        except sqlite3.Error as error:
            # A full disk cannot even trim; the rows go with a later receipt.
            _log.error("cannot trim the outbox", extra={"error": str(error)})
        with self._changed:
            if receipt.committed > self._committed:
                self._committed = min(receipt.committed, self._outbox.last())
                self._sent = max(self._sent, self._committed)
                self._patience.reset()
            self._missing = ranges(receipt.missing)
            self._changed.notify()

    def probe(self, done: Callable[[], None]) -> None:
        """Have `done` called by our thread when its turn comes; returns at once."""
        with self._changed:
            self._probes.append(done)
            self._changed.notify()

    def _start_again(self) -> None:
        self._go_back()
        self._patience.reset()
        self._changed.notify()

    def _go_back(self) -> None:
        self._rounds += 1
        self._sent = self._committed
        self._missing = []
        self._news = True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._something_to_do, self._rest_s())
                if self._stopping:
                    return
                if self._waiting() and self._patience.over():
                    self._patience.lengthen()
                    self._go_back()
                probes, self._probes = self._probes, []
                missing, self._missing = self._missing, []
                start, room = self._sent, WINDOW - (self._sent - self._committed)
                usable, turn = self._usable, self._rounds
                # News that cannot be sent now stay news.
                self._news = self._news and not (usable and room > 0)
            try:
                if usable:
                    self._send_all(missing, start, max(0, room), turn)
            finally:
                for done in probes:
                    done()

    def _send_all(self, missing: list[tuple[int, int]], start: int, room: int, turn: int) -> None:
        try:
            self._send_missing(missing)
            self._send(start, room, turn)
        except BaseException:
            with self._changed:
                self._news = True  # the task begins anew, and these are still to be sent
            raise

    def _something_to_do(self) -> bool:
        room = self._sent - self._committed < WINDOW
        to_send = self._usable and (bool(self._missing) or (self._news and room))
        return self._stopping or bool(self._probes) or to_send

    def _waiting(self) -> bool:
        """Whether a receipt is to come."""
        return self._usable and self._sent > self._committed

    def _rest_s(self) -> float | None:
        """How long to sleep at most; None while no receipt is waited for."""
        return self._patience.rest_s() if self._waiting() else None

    def _send_missing(self, missing: list[tuple[int, int]]) -> None:
        for first, last in missing:
            for entry in self._outbox.between(first, min(last, first + WINDOW - 1)):
                self._publish(entry)

    def _send(self, start: int, room: int, turn: int) -> None:
        """Send what lies behind `start`, unless the line broke since this `turn` began."""
        batch = self._outbox.after(start, room)
        for entry in batch:
            if not self._publish(entry):
                return
            with self._changed:
                if turn != self._rounds:
                    return
                if self._sent == self._committed:
                    self._patience.begin()
                self._sent = max(self._sent, entry.sequence)
        with self._changed:
            # A full batch: more may lie behind it, to be sent when a receipt makes room.
            self._news = self._news or (bool(batch) and len(batch) == room)

    def _publish(self, entry: Entry) -> bool:
        sent = self._link.publish(entry.topic, entry.body, qos=1, content_type=CONTENT_TYPE)
        if sent:
            for listener in self._sent_listeners:
                listener()
        return sent


class _Patience:
    """How long to wait for a receipt: full jitter below a ceiling that doubles."""

    def __init__(self, base_s: float, cap_s: float) -> None:
        self._base_s, self._cap_s = base_s, cap_s
        self._ceiling_s = base_s
        self._until_s = monotonic()

    def begin(self) -> None:
        self._until_s = monotonic() + random.uniform(self._ceiling_s / 2, self._ceiling_s)

    def reset(self) -> None:
        """A receipt came: start anew with the shortest wait."""
        self._ceiling_s = self._base_s
        self.begin()

    def lengthen(self) -> None:
        self._ceiling_s = min(self._cap_s, self._ceiling_s * 2)
        self.begin()

    def over(self) -> bool:
        return monotonic() >= self._until_s

    def rest_s(self) -> float:
        """Seconds until it is over; 0 if it is."""
        return max(0.0, self._until_s - monotonic())
