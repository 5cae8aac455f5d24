"""What is done for a lost device, rung by rung, and what is said about it."""

import logging
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from firmware import care
from firmware.care import Cared
from firmware.config import Intervals, Recovery
from firmware.recovery import RestartRefused, SystemRestorer
from hal.errors import DeviceLost
from hal.events.facts import DeviceRecovery
from sim.twins.daemon import Systemctl
from sim.twins.usb_port import UsbPort

RUNG_S = 3600.0
HASTY = Intervals(device_base_s=0.002, device_cap_s=0.02, rung_s=0.05)
UNIT, PORT = "pcscd.service", Path("/sys/bus/usb/devices/1-0:1.0/usb1-port1")
WHOLE_LADDER = ["reopen", "restart_daemon", "power_cycle", "technician"]
GONE = DeviceLost("no frame came", remedy="reset")


def everything(device: Any) -> Cared:
    return Cared(device, essential=True, daemon=UNIT, usb_port=PORT)


def test_a_device_that_stays_away_climbs_the_whole_ladder(
    ear: Any, supervise: Any, restorer: Any, make: Any
) -> None:
    """Each rung is told once and done once, with its words; opening goes on at the last."""
    device = make(plugged=False)
    supervise({"pad": everything(device)}, HASTY)
    ear.await_rungs("pad", WHOLE_LADDER)
    assert restorer.asked == [UNIT, PORT]
    device.await_attempts(device.attempts + 3)
    assert ear.rungs("pad") == WHOLE_LADDER
    remedies = [data.remedy for _, data, _, _ in ear.recoveries]
    assert remedies == ["configure", "reset", "reset", "maintain"]
    assert ear.recoveries[-1] == (
        "pad",
        DeviceRecovery(
            rung="technician", state="no_device", cause="no such port", remedy="maintain"
        ),
        "评价器: 请联系技术员",
        "rating pad: call a technician",
    )
    status = ear.last_status["pad"]
    assert (status.text_zh, status.remedy) == ("评价器: 请联系技术员", "maintain")


@pytest.mark.parametrize(
    ("has", "asked"),
    [({}, []), ({"daemon": UNIT}, [UNIT]), ({"usb_port": PORT}, [PORT])],
)
def test_rungs_that_a_device_cannot_have_are_skipped(
    ear: Any, supervise: Any, restorer: Any, has: dict[str, object], asked: list[object], make: Any
) -> None:
    """No daemon, no restart; no port, no power cycle."""
    supervise({"pad": Cared(make(plugged=False), **has)}, HASTY)  # type: ignore[arg-type]
    ear.await_heard("rung", "pad", "technician")
    assert restorer.asked == asked
    assert len(ear.rungs("pad")) == 2 + len(asked)


@pytest.mark.parametrize("rung", WHOLE_LADDER)
def test_a_device_may_return_at_every_rung(
    ear: Any, supervise: Any, rung: str, make: Any, clock: Any
) -> None:
    """No rung is told after its return."""
    device = make(plugged=False)
    supervisor = supervise({"pad": everything(device)})
    ear.await_heard("rung", "pad", "reopen")
    for each in WHOLE_LADDER[1 : WHOLE_LADDER.index(rung) + 1]:
        clock.advance(RUNG_S)
        ear.await_heard("rung", "pad", each)
    device.plug()
    clock.advance(0.02)
    ear.await_heard("fact", "pad", "returned")
    clock.advance(10 * RUNG_S)
    supervisor.stop()
    assert ear.rungs("pad")[-1] == rung


def test_a_flapping_device_keeps_its_rung(ear: Any, supervise: Any, make: Any, clock: Any) -> None:
    """Lost again soon, it is not told of rungs anew, but its status says where it stands."""
    device = make(plugged=False)
    supervise(device)
    ear.await_heard("rung", "pad", "reopen")
    clock.advance(RUNG_S)
    ear.await_heard("rung", "pad", "technician")
    device.plug()
    clock.advance(0.02)
    ear.await_heard("fact", "pad", "returned")
    ear.heard.clear()
    device.unplug()
    ear.await_heard("fact", "pad", "lost")
    ear.await_heard("status", "pad", "offline")
    assert ear.rungs("pad") == ["reopen", "technician"]
    assert ear.last_status["pad"].text_zh == "评价器: 请联系技术员"


def test_a_loss_long_after_the_return_begins_anew(
    ear: Any, supervise: Any, make: Any, clock: Any
) -> None:
    """A device that has worked for a while is reopened first."""
    device = make(plugged=True)
    supervise({"pad": everything(device)})
    for _ in range(2):
        ear.await_heard("opened", "pad")
        clock.advance(RUNG_S)
        ear.heard.clear()
        device.unplug()
        ear.await_heard("rung", "pad", "reopen")
        device.plug()
    ear.await_heard("fact", "pad", "returned")
    assert ear.rungs("pad") == ["reopen", "reopen"]


def test_a_shared_daemon_is_restarted_once(
    ear: Any, supervise: Any, restorer: Any, make: Any
) -> None:
    """Three readers of one pcscd: all are told of the rung, one restart is made for them."""
    restorer.at_once = False
    names = ["a", "b", "c"]
    supervise({name: Cared(make(plugged=False), daemon=UNIT) for name in names}, HASTY)
    for name in names:
        ear.await_heard("rung", name, "restart_daemon")
    restorer.finish()
    for name in names:
        ear.await_rungs(name, ["reopen", "restart_daemon", "technician"])
    assert restorer.asked == [UNIT]


def test_a_daemon_is_left_alone_for_a_while(
    ear: Any, supervise: Any, restorer: Any, make: Any, clock: Any
) -> None:
    """A second device that comes to this rung soon after does not cost the first its service."""
    first, second = make(plugged=False), make(plugged=True)
    devices = {"a": Cared(first, daemon=UNIT), "b": Cared(second, daemon=UNIT)}
    supervise(devices)
    ear.await_heard("opened", "b")
    for name, device in (("a", first), ("b", second)):
        device.unplug()
        ear.await_heard("rung", name, "reopen")
        clock.advance(RUNG_S)
        ear.await_heard("rung", name, "restart_daemon")
    assert restorer.asked == [UNIT]


def test_after_a_restart_its_devices_are_opened_at_once(
    ear: Any, supervise: Any, restorer: Any, make: Any, clock: Any
) -> None:
    """They do not wait for the end of their pause: the fault is mended."""
    restorer.at_once = False
    device = make(plugged=False)
    slow = Intervals(device_base_s=3600.0, device_cap_s=3600.0, rung_s=0.5)
    supervisor = supervise({"pad": Cared(device, daemon=UNIT)}, slow)
    ear.await_heard("rung", "pad", "reopen")
    clock.advance(0.5)
    supervisor.doubt("pad", GONE)  # a word that wakes it, and says nothing of a lost device
    ear.await_heard("rung", "pad", "restart_daemon")
    device.plug()
    restorer.finish()
    ear.await_heard("fact", "pad", "returned")


def test_a_rung_that_fails_is_logged_once_and_left(
    ear: Any, supervise: Any, restorer: Any, caplog: pytest.LogCaptureFixture, make: Any, clock: Any
) -> None:
    """polkit denies the restart: the power is switched at once, though a rung lasts an hour."""
    restorer.failure = RestartRefused("denied")
    supervise({"pad": everything(make(plugged=False))})
    ear.await_heard("rung", "pad", "reopen")
    with caplog.at_level(logging.INFO):
        clock.advance(RUNG_S)
        ear.await_rungs("pad", WHOLE_LADDER)
    assert restorer.asked == [UNIT, PORT]
    assert [record.message for record in caplog.records].count("recovery failed") == 2


def test_a_loss_and_a_return_are_one_log_line_each(
    ear: Any, supervise: Any, caplog: pytest.LogCaptureFixture, make: Any
) -> None:
    """However often it was opened in vain; each rung is one line too."""
    device = make(plugged=True)
    with caplog.at_level(logging.INFO):
        supervise({"pad": everything(device)}, HASTY)
        ear.await_heard("opened", "pad")
        device.unplug()
        ear.await_heard("rung", "pad", "technician")
        device.await_attempts(device.attempts + 5)
        device.plug()
        ear.await_heard("fact", "pad", "returned")
    said = [record.message for record in caplog.records]
    assert (said.count("device lost"), said.count("device returned")) == (1, 1)
    assert said.count("device recovery") == len(WHOLE_LADDER)


def test_no_rung_starves_another_device(ear: Any, supervise: Any, restorer: Any, make: Any) -> None:
    """While a restart hangs, and a worker cannot be ended, others are lost and return."""
    restorer.at_once = False
    release = Event()

    other, stubborn = make(plugged=True), make(plugged=True, closes=release)
    devices = {
        "pad": Cared(make(plugged=False), daemon=UNIT),
        "stubborn": Cared(stubborn),
        "other": Cared(other),
    }
    supervisor = supervise(devices, HASTY)
    ear.await_heard("opened", "stubborn")
    ear.await_heard("opened", "other")
    ear.await_heard("rung", "pad", "restart_daemon")
    supervisor.doubt("stubborn", GONE)
    ear.await_heard("fact", "stubborn", "lost")
    for _ in range(2):
        ear.heard.clear()
        other.unplug()
        ear.await_heard("fact", "other", "lost")
        other.plug()
        ear.await_heard("fact", "other", "returned")
    release.set()


def test_a_device_that_never_answers_is_lost_in_the_end(
    ear: Any, supervise: Any, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    """A worker that hangs in opening is no secret, and climbs the ladder like others."""
    monkeypatch.setattr(care, "OPEN_S", 0.05)
    release = Event()

    supervisor = supervise(make(plugged=True, opens=release), HASTY)
    ear.await_rungs("pad", ["reopen", "technician"])
    assert supervisor.missing()["pad"].cause == "it does not open"
    release.set()
    ear.await_heard("fact", "pad", "returned")


def test_stopping_ends_what_is_being_mended(supervise: Any, restorer: Any, make: Any) -> None:
    """No port stays without power because the terminal ends."""
    supervise(make(plugged=True)).stop()
    assert restorer.stopped


def test_a_wedged_device_is_mended_without_a_person(
    ear: Any, supervise: Any, tmp_path: Path, make: Any
) -> None:
    """With a real systemctl and port of the twins: the restart is refused, the power helps."""
    device = make(plugged=True)
    systemctl = Systemctl(tmp_path / "bin", {})
    port = UsbPort(tmp_path / "usb1-port1", device.unplug, device.plug)
    systemctl.open()
    port.open()
    restorer = SystemRestorer(Recovery(systemctl=systemctl.program, power_off_s=0.01))
    cared = Cared(device, daemon=UNIT, usb_port=port.folder)
    lasting = Intervals(device_base_s=0.002, device_cap_s=0.02, rung_s=0.5)
    try:
        supervisor = supervise({"pad": cared}, lasting, restorer)
        ear.await_heard("opened", "pad")
        port.wedge()
        ear.await_heard("fact", "pad", "returned")
        assert ear.rungs("pad") == ["reopen", "restart_daemon", "power_cycle"]
        assert (systemctl.asked(UNIT), port.cycles) == (1, 1)
        supervisor.stop()
    finally:
        port.close()
        systemctl.close()
