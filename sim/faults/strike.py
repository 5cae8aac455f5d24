"""The faults of one run as they come: each in the middle of an act, one after the other."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from sim.acts import Act
from sim.errors import SimError
from sim.faults.kinds import DEVICE_ACTS, Blow, Fault
from sim.faults.lane import Lane

_HOLD_S = 15.0
_JOIN_S = 60.0


@dataclass
class Struck:
    """What came of one fault. `recovery_s`: from its end to the next answer at a device."""

    fault: Fault
    act: str
    hit: bool = False
    ended_at: float | None = None
    recovery_s: float | None = None


@dataclass
class _Under:
    """A fault under way."""

    struck: Struck
    number: int
    begun: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Strike:
    """A `Witness` of a visit's acts. `plan`: each fault with the kind of act it strikes in."""

    def __init__(self, lane: Lane, plan: Sequence[tuple[Fault, str]], random: Random) -> None:
        self._lane = lane
        self._waiting = list(plan)
        self._random = random
        self._lock = threading.Lock()
        self._now: _Under | None = None
        self._error: SimError | None = None
        self.struck: list[Struck] = []

    def attempted(self, act: Act) -> None:
        """See `Witness`: arms and begins a fault whose act this is."""
        if self._now is not None and self._now.thread is not None and self._now.thread.is_alive():
            if act.kind == self._now.struck.act:
                self._now.number = act.number
                self._now.answered.clear()
            return
        chosen = next((each for each in self._waiting if each[1] == act.kind), None)
        if chosen is None:
            return
        self._waiting.remove(chosen)
        before = self._lane.line.hits
        chosen[0].arm(self._lane, self._random)
        under = _Under(Struck(*chosen), act.number)
        self._now = under
        self.struck.append(under.struck)
        blow = Blow(self._lane, self._random, under.begun.set, under.answered, before)
        under.thread = threading.Thread(
            target=self._carry_out, args=(under, blow), name=f"fault {self._lane.name}", daemon=True
        )
        under.thread.start()

    def _carry_out(self, under: _Under, blow: Blow) -> None:
        try:
            hit = under.struck.fault.strike(blow)
        except (SimError, OSError) as error:
            self._error = error if isinstance(error, SimError) else SimError(str(error))
            hit = False
        with self._lock:
            under.struck.hit = hit
            under.struck.ended_at = time.monotonic()
        under.begun.set()

    def acknowledging(self, act: Act) -> None:
        """See `Witness`: the act that is struck has no answer before the fault is there."""
        if act.kind in DEVICE_ACTS:
            self._note_recovery()
        under = self._now
        if under is not None and act.number == under.number:
            under.answered.set()
            under.begun.wait(_HOLD_S)

    def _note_recovery(self) -> None:
        now = time.monotonic()
        with self._lock:
            for struck in self.struck:
                if struck.ended_at is not None and struck.recovery_s is None:
                    struck.recovery_s = now - struck.ended_at

    def finish(self) -> None:
        """After the visit: wait for what is still under way. SimError if a fault could not end."""
        for under in [] if self._now is None else [self._now]:
            if under.thread is not None:
                under.thread.join(_JOIN_S)
        self._note_recovery()
        if self._error is not None:
            raise self._error
