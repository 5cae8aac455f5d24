"""The effects of facts: what a device reported changes visits, tickets, ratings and orders."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

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
    terminal's wall time as it stands in the envelope.
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

    @property
    def kind(self) -> str:
        """`{role}.{name}`."""
        return f"{self.role}.{self.name}"


def apply(connection: Connection, fact: ReceivedFact, now: datetime) -> None:
    """Carry out what `fact` means, in the transaction that stores it; called once per fact.

    Raises Unplaceable before any change when the visit is unknown or another terminal's.
    """
    raise Unplaceable("not_yet")
