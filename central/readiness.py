"""Says once that all parts of the centre are up."""

import threading
from collections.abc import Callable, Iterable


class Readiness:
    """Waits for each of `parts` to arrive, then calls `announce`, once, in that thread."""

    def __init__(self, parts: Iterable[str], announce: Callable[[], None]) -> None:
        self._missing = set(parts)
        self._announce = announce
        self._lock = threading.Lock()
        self._announced = False

    def arrived(self, part: str) -> None:
        """From any thread; a part may arrive again (a broker that was away) without effect."""
        with self._lock:
            self._missing.discard(part)
            due = not self._missing and not self._announced
            self._announced = self._announced or due
        if due:
            self._announce()
