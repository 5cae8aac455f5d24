"""A teller (综合柜员) at a window: signs in, calls whoever is next, serves, signs out."""

from collections.abc import Callable
from dataclasses import dataclass

from sim.arrivals import Arrivals
from sim.pace import Patience
from sim.visit import Done, Room, Visit

Served = Callable[[str, str, Done], None]
"""(terminal, citizen, what came of it)."""


@dataclass(frozen=True)
class Counter:
    """One window with its teller, open until the bell or until nobody comes any more."""

    room: Room
    arrivals: Arrivals
    served: Served
    patience: Callable[[], Patience]

    def open(self, goes_on: Callable[[], bool]) -> None:
        """Sign in, serve while `goes_on` says so, sign out. VisitFault, or Stopped at the bell."""
        self._sign("sign-in")
        while goes_on():
            self.arrivals.claim()
            self._serve_next()
        self._sign("sign-out")

    def _serve_next(self) -> None:
        room, patience = self.room, self.patience()
        called = room.call(patience)
        citizen = self.arrivals.whose(
            str(called["ticket"]["id"]), room.pace.patience_effect_s + room.pace.visit_s
        )
        done = Visit(room, citizen, called, patience).carry_out()
        self.served(room.terminal, citizen.actor, done)

    def _sign(self, verb: str) -> None:
        command = self.room.command(f"/windows/{self.room.terminal}/{verb}", {})
        self.room.office.send(command, self.patience())
