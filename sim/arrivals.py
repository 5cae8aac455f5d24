"""Citizens as they come in: each takes a number at the kiosk (取号机) and waits to be called."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from sim.card import Card
from sim.errors import Stopped
from sim.office import Office
from sim.pace import Patience
from sim.people import citizens
from sim.settings import SITE
from sim.window import LEVELS

KIOSK = "kiosk"


@dataclass(frozen=True)
class Citizen:
    """Somebody who comes: the card, what for, and how content they will be (1 to 5).

    `page`: the code on the form that they bring; `page_seed`: how they lay it down.
    """

    actor: str
    card: Card
    item: str
    level: int
    page: str
    page_seed: int


def people(seed: int, items: Sequence[str]) -> Iterator[Citizen]:
    """The same citizens with the same wishes for the same seed, without end."""
    random = Random(f"visits {seed}")
    for number, card in enumerate(citizens(seed), start=1):
        item, level, page_seed = (
            random.choice(items),
            random.choice(LEVELS),
            random.randrange(10**9),
        )
        page = f"OW:M:{card.number[-4:]}{page_seed:09d}"
        yield Citizen(f"citizen {number}", card, item, level, page, page_seed)


class Arrivals:
    """Who waits, by ticket. One queue for all windows: whoever calls gets the next."""

    def __init__(self, office: Office, bell: threading.Event) -> None:
        self._office = office
        self._bell = bell
        self._changed = threading.Condition()
        self._by_ticket: dict[str, Citizen] = {}
        self._uncalled = 0

    def admit(self, citizen: Citizen, patience: Patience) -> None:
        """Have `citizen` take a number; blocks until it is given out."""
        command = self._office.command(citizen.actor, KIOSK, "/tickets", {"site": SITE})
        ticket = self._office.send(command, patience)
        with self._changed:
            self._by_ticket[str(ticket["id"])] = citizen
            self._uncalled += 1
            self._changed.notify_all()

    def claim(self) -> None:
        """Wait until there is one more citizen to call. Stopped at the bell."""
        with self._changed:
            while not self._changed.wait_for(lambda: self._uncalled > 0, 0.2):
                if self._bell.is_set():
                    raise Stopped("stopped")
            self._uncalled -= 1

    def waiting(self) -> int:
        """How many have not been claimed by a teller."""
        with self._changed:
            return self._uncalled

    def whose(self, ticket: str, timeout_s: float) -> Citizen:
        """Who has this ticket. The centre may know it before the kiosk has its answer."""
        with self._changed:
            if not self._changed.wait_for(lambda: ticket in self._by_ticket, timeout_s):
                raise Stopped(f"nobody took the ticket {ticket}")
            return self._by_ticket.pop(ticket)
