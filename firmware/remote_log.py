"""The log at the centre: warnings and errors as `log/{level}`, few and never personal.

Source: the contract between terminal and centre, version 1, "Topics", `log/{level}`.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection
from threading import Condition, local

from firmware.log import beside, sentence
from firmware.task import Task
from hal.clock import Clock, rfc3339
from hal.events.log import LogLevel, LogLine
from hal.events.orders import encode

BURST = 10
REFILL_S = 2.0
"""One more line each so many seconds."""
CAPACITY = 64
"""Lines that wait for the line to the broker; the oldest give way."""
CHOSEN = frozenset({"device returned", "connected to the broker", "outbox drained"})
"""Lines below a warning that an administrator wants to see."""
_NS_PER_S = 1e9
_END_S = 2.0

Publish = Callable[[LogLevel, bytes], bool]
"""Hand a line to the broker; False if that is not possible now. May block a little."""


class RemoteLog(logging.Handler):
    """Takes records in any thread without waiting; a thread of its own publishes them."""

    def __init__(self, publish: Publish, clock: Clock, chosen: Collection[str] = CHOSEN) -> None:
        super().__init__(logging.INFO)
        self._publish = publish
        self._clock = clock
        self._chosen = chosen
        self._changed = Condition()
        self._waiting: deque[LogLine] = deque()
        self._skipped = 0
        self._tokens = float(BURST)
        self._filled_s = clock.monotonic_ns() / _NS_PER_S
        self._usable = False
        self._stopping = False
        self._here = local()
        self._task = Task("remote log", self._run)

    def start(self) -> None:
        """Begin to publish, and to hear what the program logs."""
        logging.getLogger().addHandler(self)
        self._task.start()

    def stop(self) -> None:
        """Hear no more; what waits is published if the line is usable."""
        logging.getLogger().removeHandler(self)
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._task.join(_END_S)

    def line(self, usable: bool) -> None:
        """The line to the broker came or went."""
        with self._changed:
            self._usable = usable
            self._changed.notify()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record for sending, or count it as skipped. Never blocks, never raises."""
        if getattr(self._here, "publishing", False):
            return  # what publishing itself has to say would never end
        what = sentence(record)
        if record.levelno < logging.WARNING and what not in self._chosen:
            return
        with self._changed:
            if not self._allowed():
                self._skipped += 1
                return
            if len(self._waiting) == CAPACITY:
                self._skipped += 1 + self._waiting.popleft().skipped
            self._waiting.append(self._line(record, what))
            self._skipped = 0
            self._changed.notify()

    def _allowed(self) -> bool:
        now_s = self._clock.monotonic_ns() / _NS_PER_S
        self._tokens = min(float(BURST), self._tokens + (now_s - self._filled_s) / REFILL_S)
        self._filled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _line(self, record: logging.LogRecord, what: str) -> LogLine:
        return LogLine(
            at=rfc3339(self._clock.now()),
            level=_level(record.levelno),
            where=record.name,
            what=what,
            extra=beside(record),
            skipped=self._skipped,
        )

    def _run(self) -> None:
        self._here.publishing = True
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or (self._usable and self._waiting))
                if not (self._usable and self._waiting):
                    return
                line = self._waiting[0]
            sent = self._publish(line.level, encode(line))
            with self._changed:
                if not sent:
                    self._usable = False  # until `line` says otherwise
                elif self._waiting and self._waiting[0] is line:
                    self._waiting.popleft()


def _level(number: int) -> LogLevel:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"
