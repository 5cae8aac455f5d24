"""What terminals log: into our log, and the last lines of each into memory."""

import logging
from collections import defaultdict, deque
from threading import Lock

from hal.events.log import LogLine
from hal.events.orders import OrderError, decode

KEPT = 50
LONGEST_LINE = 500
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}

log = logging.getLogger(__name__)


class TerminalLogs:
    """From any thread. Nothing here outlives the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lines: dict[str, deque[LogLine]] = defaultdict(lambda: deque(maxlen=KEPT))

    def add(self, terminal: str, level: str, body: bytes) -> None:
        """Pass a line on; keep it if it is one of the contract, of the level of its topic."""
        text = body[:LONGEST_LINE].decode("utf-8", "replace")
        log.log(_LEVELS.get(level, logging.DEBUG), "%s says: %s", terminal, text)
        try:
            line = decode(body, LogLine)
        except OrderError:
            return
        if len(body) <= 8 * LONGEST_LINE and line.level == level:
            with self._lock:
                self._lines[terminal].append(line)

    def of(self, terminal: str) -> list[LogLine]:
        """The last lines of a terminal, newest first."""
        with self._lock:
            return list(reversed(self._lines[terminal])) if terminal in self._lines else []
