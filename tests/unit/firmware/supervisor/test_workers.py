"""Devices that come and go, and what is said about it."""

from threading import Event
from typing import Any

import pytest

from firmware import supervisor as module
from firmware.care import Cared
from firmware.config import Intervals
from hal.errors import DeviceError, DeviceLost
from hal.events.facts import DeviceChanged

RUNG_S = 3600.0
WAIT_S = 10.0
GONE = DeviceLost("no frame came", remedy="reset")


def test_a_device_that_is_there(ear: Any, supervise: Any, make: Any) -> None:
    """It goes from starting to online without any fact, and what it sees is handed on."""
    device = make(plugged=True)
    supervisor = supervise(device)
    ear.await_heard("opened", "pad")
    device.press()
    ear.await_heard("observed", "pad", "LevelPressed")
    assert ear.of("status") == [("status", "pad", "starting"), ("status", "pad", "online")]
    assert ear.of("fact") == []
    assert (supervisor.missing(), supervisor.unheard()) == ({}, set())


def test_a_lost_device_is_told_once_and_returns_once(ear: Any, supervise: Any, make: Any) -> None:
    """Many failed attempts to open it again say nothing further; its return is one fact."""
    device = make(plugged=True)
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
    ear: Any, supervise: Any, make: Any
) -> None:
    """A technician reads what to do, in Chinese and English; the attempts go on."""
    device = make(plugged=False)
    supervisor = supervise(device)
    ear.await_heard("fact", "pad", "lost")
    device.await_attempts(3)
    status = ear.last_status["pad"]
    assert (status.state, status.remedy) == ("no_device", "configure")
    assert status.text_en.isascii()
    assert not status.text_zh.isascii()
    assert supervisor.unheard() == set()


def test_a_flapping_device_is_tried_ever_more_rarely(
    ear: Any, supervise: Any, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    """One that opens and dies at once does not begin with the shortest wait each time."""
    ceilings: list[float] = []
    monkeypatch.setattr(module.random, "uniform", lambda low, high: ceilings.append(high) or 0.0)
    device = make(plugged=True, loose=True)
    supervise(device)
    device.await_attempts(7)
    assert ceilings[:5] == [0.002, 0.004, 0.008, 0.016, 0.02]


def test_a_steady_device_is_tried_again_at_once(
    ear: Any, supervise: Any, monkeypatch: pytest.MonkeyPatch, make: Any, clock: Any
) -> None:
    """Earlier failures are forgotten when it has worked for long enough."""
    ceilings: list[float] = []
    monkeypatch.setattr(module.random, "uniform", lambda low, high: ceilings.append(high) or 0.0)
    device = make(plugged=False)
    supervise(device)
    device.await_attempts(4)
    device.plug()
    ear.await_heard("opened", "pad")
    before = len(ceilings)
    clock.advance(RUNG_S)
    device.unplug()
    device.await_attempts(before + 2)
    assert ceilings[before] == 0.002


def test_a_worker_that_hangs_is_unheard(ear: Any, supervise: Any, make: Any) -> None:
    """Before its first verdict a device counts neither as there nor as lost."""
    release = Event()

    supervisor = supervise(make(plugged=True, opens=release))
    assert (supervisor.unheard(), supervisor.missing()) == ({"pad"}, {})
    release.set()
    ear.await_heard("opened", "pad")


def test_stopping_is_no_loss(ear: Any, supervise: Any, make: Any) -> None:
    """A device that ends because the terminal does is not reported as lost."""
    supervisor = supervise(make(plugged=True))
    ear.await_heard("opened", "pad")
    supervisor.stop()
    assert ear.of("fact") == []


def test_a_doubted_device_is_opened_again(ear: Any, supervise: Any, make: Any) -> None:
    """A camera that fails while it is used, of which its worker sees nothing."""
    device = make(plugged=True)
    supervisor = supervise(device)
    ear.await_heard("opened", "pad")
    supervisor.doubt("pad", GONE)
    ear.await_heard("fact", "pad", "returned")
    assert ear.of("fact") == [("fact", "pad", "lost"), ("fact", "pad", "returned")]
    assert ear.facts[0] == DeviceChanged(state="offline", cause="no frame came", remedy="reset")
    assert device.attempts == 2


def test_a_doubt_about_a_lost_device_says_nothing(ear: Any, supervise: Any, make: Any) -> None:
    """It is lost already, and waits to be opened again: nothing is ended, nothing told."""
    device, other = make(plugged=False), make(plugged=True, role="code")
    slow = Intervals(device_base_s=3600.0, device_cap_s=3600.0)
    supervisor = supervise({"pad": Cared(device), "other": Cared(other)}, slow)
    ear.await_heard("fact", "pad", "lost")
    ear.await_heard("opened", "other")
    for _ in range(3):
        supervisor.doubt("pad", GONE)
    other.unplug()
    ear.await_heard("fact", "other", "lost")
    assert (device.attempts, device.closings) == (1, 1)
    assert ear.of("fact") == [("fact", "pad", "lost"), ("fact", "other", "lost")]


def test_what_a_window_can_do_follows_from_its_devices(ear: Any, supervise: Any, make: Any) -> None:
    """A role is able while one of its devices is open; lost essential devices are named."""

    first, second, gun = (
        make(plugged=True),
        make(plugged=True),
        make(plugged=True, role="code"),
    )
    supervise({"a": Cared(first), "b": Cared(second), "gun": Cared(gun, essential=True)})
    ear.await_heard("able", "code", "rating")
    ear.heard.clear()
    gun.unplug()
    ear.await_heard("able", "rating")
    assert ear.abilities[-1] == ({"rating"}, {"gun"})
    for device in (first, second):
        assert ear.abilities[-1][0] == {"rating"}
        device.unplug()
        ear.await_heard("fact", "a" if device is first else "b", "lost")
    ear.await_heard("able")
    assert ear.abilities[-1] == (set(), {"gun"})
    gun.plug()
    ear.await_heard("able", "code")
    assert ear.abilities[-1] == ({"code"}, set())


def test_each_attempt_to_open_is_told_before_it_begins(ear: Any, supervise: Any, make: Any) -> None:
    """The first, each failed one and the one that succeeds: whoever times them needs all."""
    device = make(plugged=False)
    supervise(device)
    ear.await_heard("fact", "pad", "lost")
    device.await_attempts(2)
    device.plug()
    ear.await_heard("opened", "pad")
    assert len(ear.of("opening")) == device.attempts >= 3
    assert [kind for kind, *_ in ear.of("opening", "opened")][-2:] == ["opening", "opened"]
    assert ear.of("opening", "fact")[0] == ("opening", "pad")


def test_a_probe_comes_back_whatever_devices_do(ear: Any, supervise: Any, make: Any) -> None:
    """A device that hangs in opening, or none at all, does not make the supervisor look stuck."""
    opens, back = Event(), Event()
    hanging = make(plugged=True, opens=opens)
    for devices in (hanging, {}):
        back.clear()
        supervise(devices).probe(back.set)
        assert back.wait(WAIT_S)
    assert ear.of("opened") == []
    opens.set()


def test_a_probe_waits_for_its_turn(ear: Any, supervise: Any, make: Any) -> None:
    """It proves that what was asked before it has been done: a doubted device is lost by then."""
    device = make(plugged=True)
    supervisor = supervise(device)
    ear.await_heard("opened", "pad")
    back, lost = Event(), []
    supervisor.doubt("pad", GONE)
    supervisor.probe(lambda: (lost.extend(ear.of("fact")), back.set()))
    assert back.wait(WAIT_S)
    assert lost[:1] == [("fact", "pad", "lost")]


def test_a_device_that_works_in_part_is_degraded_once_and_whole_once(
    ear: Any, supervise: Any, pad: Any, clock: Any
) -> None:
    """A stuck key is a fact and a status with its remedy; the device goes on meanwhile."""
    supervisor = supervise(pad)
    ear.await_heard("opened", "pad")
    pad.degraded = DeviceError("stuck: the key of level 2", remedy="maintain")
    for _ in range(2):
        clock.advance(module.LOOK_S)
        pad.press()
        look(supervisor)
    ear.await_heard("fact", "pad", "degraded")
    assert ear.last_status["pad"].state == "hardware_error"
    assert ear.last_status["pad"].remedy == "maintain"
    pad.degraded = None
    clock.advance(module.LOOK_S)
    look(supervisor)
    ear.await_heard("fact", "pad", "returned")
    assert [fact[2] for fact in ear.of("fact")] == ["degraded", "returned"]
    assert ear.last_status["pad"].state == "online"
    assert supervisor.missing() == {}


def look(supervisor: Any) -> None:
    """Have the supervisor do what is due: a probe wakes it, another is behind what was due."""
    for _ in range(2):
        done = Event()
        supervisor.probe(done.set)
        assert done.wait(WAIT_S)
