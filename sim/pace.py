"""How fast people are and how long they wait."""

import threading
import time
from dataclasses import dataclass

from sim.errors import Stopped, VisitFault


@dataclass(frozen=True)
class Pace:
    """Seconds of people. `between_s`: from one act to the next; `visit_s`: for a whole visit.

    `arrive_s`: from one citizen who takes a number to the next.

    `patience_device_s`: a card or code without an answer is tried again after so long, a page
    after `patience_page_s`.
    """

    between_s: float = 0.0
    arrive_s: float = 0.4
    look_s: float = 0.03
    retry_s: float = 0.5
    patience_device_s: float = 2.0
    patience_page_s: float = 10.0
    patience_http_s: float = 2.0
    patience_effect_s: float = 2.0
    quiet_s: float = 0.6
    visit_s: float = 60.0


class Patience:
    """A deadline that is watched while waiting, and a bell that sends everybody home."""

    def __init__(self, seconds: float, bell: threading.Event) -> None:
        self._until = time.monotonic() + seconds
        self._bell = bell

    def part(self, seconds: float) -> "Patience":
        """A shorter patience, under the same bell."""
        return Patience(seconds, self._bell)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._until

    def pause(self, seconds: float, awaited: str) -> None:
        """Wait a moment. VisitFault if `awaited` has taken too long, Stopped at the bell."""
        self.check(awaited)
        if self._bell.wait(seconds):
            raise Stopped("stopped")

    def check(self, awaited: str) -> None:
        """VisitFault if `awaited` has taken too long, Stopped at the bell."""
        if self._bell.is_set():
            raise Stopped("stopped")
        if self.over:
            raise VisitFault(f"this did not come in time: {awaited}")
