"""A fact as the use cases are given it, and how they say that it belongs nowhere."""

from dataclasses import dataclass
from datetime import datetime

from hal.events.envelope import Clock, fact_type
from hal.events.facts import Data


class Unplaceable(Exception):
    """The fact does not belong where it says: keep it in quarantine with `reason`, go on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ReceivedFact:
    """A new, valid fact whose box has been opened. `data` must never be written down whole.

    `role` and `name` are the two words of the type: `identity` and `read`. `time` is the
    terminal's wall time as it stands in the envelope, `clock` what it thinks of that itself.
    """

    id: str
    terminal: str
    device: str
    role: str
    name: str
    epoch: str
    sequence: int
    visit: str | None
    time: str
    data: Data
    site: str
    clock: Clock

    @property
    def type(self) -> str:
        return fact_type(self.role, self.name)

    def happened_at(self, now: datetime) -> datetime:
        """When it happened, as far as the terminal's clock can be trusted; else `now`.

        Never later than `now`.
        """
        if self.clock == "unknown":
            return now
        try:
            told = datetime.fromisoformat(self.time)
        except ValueError:
            return now
        return min(told, now) if told.tzinfo is not None else now
