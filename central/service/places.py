"""Which terminals there are, as far as the use cases need to know."""

from dataclasses import dataclass
from typing import Protocol

from central.domain.errors import Unknown


@dataclass(frozen=True)
class Place:
    """Where a terminal stands: its hall and the number of its window (窗口)."""

    terminal: str
    site: str
    window: int


class Places(Protocol):
    """The register of terminals. It may grow while the centre runs."""

    def find(self, terminal: str) -> Place | None:
        """Where `terminal` stands, None if it is not registered. May read a file."""

    def all(self) -> list[Place]:
        """Every registered terminal, in the register's order."""


def place_of(places: Places, terminal: str) -> Place:
    """Where `terminal` stands, or Unknown."""
    place = places.find(terminal)
    if place is None:
        raise Unknown("unknown_window", "No such terminal is registered.", "该窗口终端未登记。")
    return place
