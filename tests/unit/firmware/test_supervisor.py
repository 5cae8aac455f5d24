"""Devices that come and go, and what is said about it."""

from collections.abc import Callable, Iterator
from threading import Condition, Event

import pytest

from firmware import supervisor as module
from firmware.supervisor import Supervisor
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.events.facts import DeviceChanged
from hal.events.status import DeviceStatus
from hal.interfaces import Device, LevelPressed, Observation, Report, Role

WAIT_S = 5.0
PRESS = LevelPressed(3, "gpio13")


class FakeDevice:
    """Can be plugged and unplugged; counts how often it was opened."""

    role: Role = "rating"

    def __init__(self, *, plugged: bool) -> None:
        self.attempts = 0
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
        with self._changed:
            self.attempts += 1
            self._changed.notify_all()
            if not self._plugged:
                raise DeviceLost("no such port", remedy="configure")

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._pressed or not self._plugged, 0.05)
                if not self._plugged:
                    raise DeviceLost("unplugged", remedy="reset")
                presses, self._pressed = self._pressed, 0
            for _ in range(presses):
                report(PRESS)

    def close(self) -> None: ...

    def await_attempts(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.attempts >= count, WAIT_S)

    def _set(self, plugged: bool) -> None:
        with self._changed:
            self._plugged = plugged
            self._changed.notify_all()


class Ear:
    """Hears everything, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.facts: list[DeviceChanged] = []
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

    def opened(self, device: str) -> None:
        self._hear("opened", device)

    def _hear(self, *what: str) -> None:
        with self._told:
            self.heard.append(what)
            self._told.notify_all()

    def await_heard(self, *what: str) -> None:
        with self._told:
            assert self._told.wait_for(lambda: what in self.heard, WAIT_S), self.heard

    def of(self, *kinds: str) -> list[tuple[str, ...]]:
        return [heard for heard in self.heard if heard[0] in kinds]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def supervise(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Device], Supervisor]]:
    """Supervises one device called `pad`, with short waits."""
    monkeypatch.setattr(module, "RETRY_BASE_S", 0.002)
    monkeypatch.setattr(module, "RETRY_CAP_S", 0.02)
    made: list[Supervisor] = []

    def start(device: Device) -> Supervisor:
        made.append(Supervisor({"pad": device}, ear, SystemClock()))
        made[0].start()
        return made[0]

    yield start
    for each in made:
        each.stop()


def test_the_fake_is_a_device() -> None:
    """What stands in for a device here has all that a device has."""
    device: Device = FakeDevice(plugged=True)
    assert device.role == "rating"


def test_a_device_that_is_there(ear: Ear, supervise: Callable[[Device], Supervisor]) -> None:
    """It goes from starting to online without any fact, and what it sees is handed on."""
    device = FakeDevice(plugged=True)
    supervisor = supervise(device)
    ear.await_heard("opened", "pad")
    device.press()
    ear.await_heard("observed", "pad", "LevelPressed")
    assert ear.of("status") == [("status", "pad", "starting"), ("status", "pad", "online")]
    assert ear.of("fact") == []
    assert (supervisor.missing(), supervisor.unheard()) == ({}, set())


def test_a_lost_device_is_told_once_and_returns_once(
    ear: Ear, supervise: Callable[[Device], Supervisor]
) -> None:
    """Many failed attempts to open it again say nothing further; its return is one fact."""
    device = FakeDevice(plugged=True)
    supervisor = supervise(device)
    ear.await_heard("opened", "pad")
    device.unplug()
    device.await_attempts(5)
    assert supervisor.missing()["pad"].remedy in ("reset", "configure")
    assert ear.of("fact") == [("fact", "pad", "lost")]
    device.plug()
    ear.await_heard("fact", "pad", "returned")
    assert ear.of("fact") == [("fact", "pad", "lost"), ("fact", "pad", "returned")]
    assert [status[2] for status in ear.of("status")] == ["starting", "online", "offline", "online"]
    assert ear.facts == [
        DeviceChanged(state="offline", cause="unplugged", remedy="reset"),
        DeviceChanged(state="online", cause="no such port", remedy="none"),
    ]


def test_an_absent_device_is_said_with_a_remedy_in_two_languages(
    ear: Ear, supervise: Callable[[Device], Supervisor]
) -> None:
    """A technician reads what to do, in Chinese and English; the attempts go on."""
    device = FakeDevice(plugged=False)
    supervisor = supervise(device)
    ear.await_heard("fact", "pad", "lost")
    device.await_attempts(3)
    status = ear.last_status["pad"]
    assert (status.state, status.remedy) == ("no_device", "configure")
    assert status.text_en.isascii()
    assert not status.text_zh.isascii()
    assert supervisor.unheard() == set()


def test_a_flapping_device_is_tried_ever_more_rarely(
    ear: Ear, supervise: Callable[[Device], Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that opens and dies at once does not begin with the shortest wait each time."""
    ceilings: list[float] = []
    monkeypatch.setattr(module.random, "uniform", lambda low, high: ceilings.append(high) or 0.0)

    class Flapping(FakeDevice):
        def watch(self, report: Report, stop: Event) -> None:
            raise DeviceLost("loose plug", remedy="reset")

    device = Flapping(plugged=True)
    supervise(device)
    device.await_attempts(7)
    assert ceilings[:5] == [0.002, 0.004, 0.008, 0.016, 0.02]


def test_a_steady_device_is_tried_again_at_once(
    ear: Ear, supervise: Callable[[Device], Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier failures are forgotten when it has worked for long enough."""
    monkeypatch.setattr(module, "STEADY_S", 0.0)
    ceilings: list[float] = []
    monkeypatch.setattr(module.random, "uniform", lambda low, high: ceilings.append(high) or 0.0)
    device = FakeDevice(plugged=False)
    supervise(device)
    device.await_attempts(4)
    device.plug()
    ear.await_heard("opened", "pad")
    before = len(ceilings)
    device.unplug()
    device.await_attempts(before + 2)
    assert ceilings[before] == 0.002


def test_a_worker_that_hangs_is_unheard(
    ear: Ear, supervise: Callable[[Device], Supervisor]
) -> None:
    """Before its first verdict a device counts neither as there nor as lost."""
    release = Event()

    class Hanging(FakeDevice):
        def open(self) -> None:
            release.wait(WAIT_S)

    supervisor = supervise(Hanging(plugged=True))
    assert (supervisor.unheard(), supervisor.missing()) == ({"pad"}, {})
    release.set()
    ear.await_heard("opened", "pad")


def test_stopping_is_no_loss(ear: Ear, supervise: Callable[[Device], Supervisor]) -> None:
    """A device that ends because the terminal does is not reported as lost."""
    supervisor = supervise(FakeDevice(plugged=True))
    ear.await_heard("opened", "pad")
    supervisor.stop()
    assert ear.of("fact") == []
