"""A supervisor among devices that come and go as they are told, and all that it says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition, Event

import pytest

from firmware.care import Cared
from firmware.config import Intervals
from firmware.recovery import Done, RestartRefused, Restorer
from firmware.supervisor import Supervisor
from hal.clock import Clock, SystemClock
from hal.errors import DeviceError, DeviceLost
from hal.events.facts import DeviceChanged, DeviceRecovery
from hal.events.status import DeviceStatus
from hal.interfaces import LevelPressed, Observation, Report, Role

WAIT_S = 10.0
PRESS = LevelPressed(3, "gpio13")
PATIENT = Intervals(device_base_s=0.002, device_cap_s=0.02, rung_s=3600.0)


class FakeDevice:
    """Can be plugged and unplugged; counts how often it was opened.

    `opens` and `closes` are waited for before it does; `loose`: it dies as soon as it is open.
    """

    def __init__(
        self,
        *,
        plugged: bool,
        role: Role = "rating",
        opens: Event | None = None,
        closes: Event | None = None,
        loose: bool = False,
    ) -> None:
        self.role: Role = role
        self.attempts = 0
        self.closings = 0
        self._opens, self._closes, self._loose = opens, closes, loose
        self._plugged = plugged
        self._pressed = 0
        self._changed = Condition()

    def plug(self) -> None:
        self._set(True)

    def unplug(self) -> None:
        self._set(False)

    def press(self) -> None:
        with self._changed:
            self._pressed += 1
            self._changed.notify_all()

    def open(self) -> None:
        if self._opens is not None:
            self._opens.wait(WAIT_S)
        with self._changed:
            self.attempts += 1
            self._changed.notify_all()
            if not self._plugged:
                raise DeviceLost("no such port", remedy="configure")

    def watch(self, report: Report, stop: Event) -> None:
        if self._loose:
            raise DeviceLost("loose plug", remedy="reset")
        while not stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._pressed or not self._plugged, 0.05)
                if not self._plugged:
                    raise DeviceLost("unplugged", remedy="reset")
                presses, self._pressed = self._pressed, 0
            for _ in range(presses):
                report(PRESS)

    def close(self) -> None:
        self.closings += 1
        if self._closes is not None:
            self._closes.wait(WAIT_S)

    def await_attempts(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.attempts >= count, WAIT_S)

    def _set(self, plugged: bool) -> None:
        with self._changed:
            self._plugged = plugged
            self._changed.notify_all()


class FakePad(FakeDevice):
    """Can say that a part of it does not work."""

    def __init__(self) -> None:
        super().__init__(plugged=True)
        self.degraded: DeviceError | None = None


class Ear:
    """Hears everything, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.abilities: list[tuple[set[str], set[str]]] = []
        self.facts: list[DeviceChanged] = []
        self.recoveries: list[tuple[str, DeviceRecovery, str, str]] = []
        self.last_status: dict[str, DeviceStatus] = {}
        self._told = Condition()

    def observed(self, device: str, observation: Observation) -> None:
        self._hear("observed", device, type(observation).__name__)

    def changed(self, device: str, name: str, data: DeviceChanged) -> None:
        self.facts.append(data)
        self._hear("fact", device, name)

    def status(self, device: str, status: DeviceStatus) -> None:
        self.last_status[device] = status
        self._hear("status", device, status.state)

    def opening(self, device: str) -> None:
        self._hear("opening", device)

    def opened(self, device: str) -> None:
        self._hear("opened", device)

    def recovering(self, device: str, data: DeviceRecovery, text_zh: str, text_en: str) -> None:
        self.recoveries.append((device, data, text_zh, text_en))
        self._hear("rung", device, data.rung)

    def able(self, roles: frozenset[Role], lost_essential: frozenset[str]) -> None:
        self.abilities.append((set(roles), set(lost_essential)))
        self._hear("able", *sorted(roles))

    def _hear(self, *what: str) -> None:
        with self._told:
            self.heard.append(what)
            self._told.notify_all()

    def await_heard(self, *what: str) -> None:
        with self._told:
            assert self._told.wait_for(lambda: what in self.heard, WAIT_S), self.heard

    def await_rungs(self, device: str, rungs: list[str]) -> None:
        """Wait for the last of these; all rungs told of the device are these, in this order."""
        self.await_heard("rung", device, rungs[-1])
        assert self.rungs(device) == rungs

    def rungs(self, device: str) -> list[str]:
        return [data.rung for name, data, _, _ in self.recoveries if name == device]

    def of(self, *kinds: str) -> list[tuple[str, ...]]:
        return [heard for heard in self.heard if heard[0] in kinds]


class FakeRestorer:
    """Remembers what was asked of it; ends when it is told to, well or with a failure."""

    def __init__(self) -> None:
        self.asked: list[str | Path] = []
        self.failure: RestartRefused | None = None
        self.at_once = True
        self.waiting: list[Done] = []
        self.stopped = False

    def restart_daemon(self, unit: str, done: Done) -> None:
        self._take(unit, done)

    def power_cycle(self, port: Path, done: Done) -> None:
        self._take(port, done)

    def stop(self) -> None:
        self.stopped = True

    def finish(self) -> None:
        while self.waiting:
            self.waiting.pop()(self.failure)

    def _take(self, target: str | Path, done: Done) -> None:
        self.asked.append(target)
        self.waiting.append(done)
        if self.at_once:
            self.finish()


class JumpingClock(SystemClock):
    """The machine's, moved forward when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead_ns = 0

    def advance(self, seconds: float) -> None:
        self._ahead_ns += int(seconds * 1e9)

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self._ahead_ns


Supervise = Callable[..., Supervisor]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def restorer() -> FakeRestorer:
    return FakeRestorer()


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def make() -> type[FakeDevice]:
    """What a test makes its devices with."""
    return FakeDevice


@pytest.fixture
def pad() -> FakePad:
    return FakePad()


@pytest.fixture
def supervise(ear: Ear, restorer: FakeRestorer, clock: JumpingClock) -> Iterator[Supervise]:
    """Supervises one device called `pad`, or several by their names."""
    made: list[Supervisor] = []

    def start(
        devices: FakeDevice | dict[str, Cared],
        intervals: Intervals = PATIENT,
        mender: Restorer = restorer,
    ) -> Supervisor:
        cared = devices if isinstance(devices, dict) else {"pad": Cared(devices)}
        of_clock: Clock = clock
        made.append(Supervisor(cared, ear, intervals, mender, of_clock))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.stop()
