"""What lies under the camera, shown for a while: when to look next, and what was seen last.

In memory only. It ends by itself; the picture is forgotten with it.
"""

from threading import Lock

from hal.clock import Clock

EVERY_S = 0.5
_NS_PER_S = 1e9


class Preview:
    """`seen` may be called from any thread, the rest from the photographer's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: float | None = None
        self._next_s = 0.0
        self._lock = Lock()
        self._seen: bytes | None = None

    def begin(self, duration_s: float) -> None:
        """From now on for so long, whatever was asked before."""
        self._until_s = self._now_s() + duration_s
        self._next_s = self._now_s()

    def wait_s(self) -> float | None:
        """Until something is to be done; None while nobody asks for a preview."""
        if self._until_s is None:
            return None
        return max(0.0, min(self._next_s, self._until_s) - self._now_s())

    def is_over(self) -> bool:
        return self._until_s is None or self._now_s() >= self._until_s

    def show(self, jpeg: bytes) -> None:
        """This was seen; the next look is half a second later."""
        with self._lock:
            self._seen = jpeg
        self._next_s = self._now_s() + EVERY_S

    def end(self) -> None:
        self._until_s = None
        with self._lock:
            self._seen = None

    def seen(self) -> bytes | None:
        """What was seen last; None when there is no preview, or none yet."""
        with self._lock:
            return self._seen

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S
