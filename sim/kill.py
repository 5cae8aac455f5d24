"""A program killed in the middle of an act, and started again while people go on."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from sim.acts import Act
from sim.errors import SimError
from sim.launcher import Child

TARGETS = ("broker", "central", "terminal")
DOWN_S = 3.0
MEANWHILE_DEADLINE_S = 15.0
_LATEST_MOMENT_S = 0.003
_JOIN_S = 60.0
ACTS_PER_VISIT = 15


@dataclass(frozen=True)
class Outcome:
    """What the last line of a demo says of it."""

    target: str
    act: int
    down_s: float
    meanwhile: int


class Kill:
    """A `Witness` of acts that kills `child` once, in act number `act`, and starts it again.

    The act's answer goes on record only after the kill, so the act was in progress when it came.
    It is started again after DOWN_S, or later, when an act has been attempted meanwhile.
    """

    def __init__(self, target: str, child: Child | None, act: int, moment_s: float) -> None:
        self._target = target
        self._child = child
        self._act = act
        self._moment_s = moment_s
        self._state = threading.Condition()
        self._killed_at: float | None = None
        self._meanwhile = 0
        self._outcome: Outcome | None = None
        self._fault: SimError | None = None
        self._thread: threading.Thread | None = None

    def attempted(self, act: Act) -> None:
        """See `Witness`: counts acts while the program is down; begins the kill at its act."""
        with self._state:
            if self._killed and self._outcome is None:
                self._meanwhile += 1
                self._state.notify_all()
        if self._thread is None and self._is_victim(act):
            self._act = act.number
            self._begin(act)

    def _is_victim(self, act: Act) -> bool:
        return act.number == self._act

    def _begin(self, act: Act) -> None:
        self._thread = threading.Thread(target=self._strike, name="kill", daemon=True)
        self._thread.start()

    def acknowledging(self, act: Act) -> None:
        """See `Witness`: the act that is struck has no answer before the strike."""
        if self._thread is not None and act.number == self._act:
            self._wait_killed()

    @property
    def _killed(self) -> bool:
        return self._killed_at is not None

    def _wait_killed(self) -> None:
        with self._state:
            self._state.wait_for(lambda: self._killed)

    def _strike(self) -> None:
        time.sleep(self._moment_s)
        self._kill()

    def _kill(self) -> None:
        child = self._child
        assert child is not None  # known at the latest when the act begins
        child.kill()
        with self._state:
            self._killed_at = time.monotonic()
            self._state.notify_all()
        self._restart_later(child, self._killed_at)

    def _restart_later(self, child: Child, killed_at: float) -> None:
        with self._state:
            self._state.wait_for(lambda: self._meanwhile > 0, MEANWHILE_DEADLINE_S)
            rest = killed_at + DOWN_S
            self._state.wait_for(lambda: time.monotonic() >= rest, rest - time.monotonic())
        try:
            child.start()
            child.wait_ready()
        except SimError as error:
            self._fault = error
        with self._state:
            down_s = time.monotonic() - killed_at
            self._outcome = Outcome(self._target, self._act, down_s, self._meanwhile)

    def outcome(self) -> Outcome | None:
        """What happened; None if the act never came. SimError if it did not start again."""
        if self._thread is None or not self._killed:
            return None
        self._thread.join(_JOIN_S)
        if self._fault is not None:
            raise self._fault
        return self._outcome


class KillMidFrame(Kill):
    """Kills a terminal when its ID reader has sent half of a card: in one citizen's card act.

    `arms`: by terminal, a way to give a call to its reader, which makes it at half of the frame.
    """

    def __init__(
        self,
        children: Mapping[str, Child],
        actor: str,
        arms: Mapping[str, Callable[[Callable[[], None]], None]],
    ) -> None:
        super().__init__("terminal", None, 0, 0.0)
        self._half_sent = threading.Event()
        self._actor = actor
        self._children = children
        self._arms = arms

    def _is_victim(self, act: Act) -> bool:
        return act.kind == "identity.read" and act.actor == self._actor

    def attempted(self, act: Act) -> None:
        """See `Kill`; a card laid again before the strike is the act that is struck."""
        super().attempted(act)
        if not self._killed and self._is_victim(act):
            self._act = act.number

    def _begin(self, act: Act) -> None:
        assert act.terminal is not None  # a card is laid at some window
        self._child = self._children[act.terminal]
        super()._begin(act)
        self._arms[act.terminal](self._at_half)

    def _at_half(self) -> None:
        self._half_sent.set()
        self._wait_killed()

    def _strike(self) -> None:
        self._half_sent.wait()
        self._kill()


def chosen_act(random: Random, visits: int) -> tuple[int, float]:
    """The act to strike in, and how long after its beginning in seconds."""
    act = random.randint(1, visits * ACTS_PER_VISIT)
    return act, random.uniform(0.0, _LATEST_MOMENT_S)
