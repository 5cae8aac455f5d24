"""What is mended without a person: real drivers under the supervisor, with the twins' systemctl and
USB port for its ladder.
"""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition
from typing import Any

import pytest

from drivers.registry import load
from firmware.config import Intervals, Recovery
from firmware.recovery import SystemRestorer
from firmware.supervisor import Cared, Supervisor
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.events.facts import DeviceChanged, DeviceRecovery
from hal.events.status import DeviceStatus
from hal.interfaces import Observation, Role
from sim.pcscd import Pcscd
from sim.twins.daemon import Systemctl
from sim.twins.gun import GunTwin
from sim.twins.usb_port import UsbPort

WAIT_S = 30.0
UNIT = "pcscd.service"
QUICK = Intervals(device_base_s=0.01, device_cap_s=0.1, rung_s=0.5)


class Ear:
    """What was told of devices, in order: `lost`, a rung, or `returned`, with the device."""

    def __init__(self) -> None:
        self.course: list[tuple[str, str]] = []
        self.open: set[str] = set()
        self._told = Condition()

    def observed(self, device: str, observation: Observation) -> None: ...

    def status(self, device: str, status: DeviceStatus) -> None: ...

    def able(self, roles: frozenset[Role], lost_essential: frozenset[str]) -> None: ...

    def opening(self, device: str) -> None: ...

    def changed(self, device: str, name: str, data: DeviceChanged) -> None:
        self._tell(device, name)

    def recovering(self, device: str, data: DeviceRecovery, text_zh: str, text_en: str) -> None:
        self._tell(device, data.rung)

    def opened(self, device: str) -> None:
        with self._told:
            self.open.add(device)
            self._told.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._told:
            assert self._told.wait_for(condition, WAIT_S), self.course

    def of(self, device: str) -> list[str]:
        return [what for name, what in self.course if name == device]

    def _tell(self, device: str, what: str) -> None:
        with self._told:
            self.course.append((device, what))
            self._told.notify_all()


@pytest.fixture
def pcscd(tmp_path: Path) -> Iterator[Pcscd]:
    probe = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("the kernel does not permit mount and network namespaces here")
    made = Pcscd(tmp_path / "pcscd", ["Sim Card W01", "Sim Card W02"])
    made.start()
    yield made
    made.stop()


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., tuple[Supervisor, Ear]]]:
    made: list[Supervisor] = []

    def start(systemctl: Path, **devices: Cared) -> tuple[Supervisor, Ear]:
        ear = Ear()
        restorer = SystemRestorer(Recovery(systemctl=systemctl, power_off_s=0.05))
        made.append(Supervisor(devices, ear, QUICK, restorer, SystemClock()))
        made[-1].start()
        ear.wait(lambda: ear.open == devices.keys())
        return made[-1], ear

    yield start
    for each in made:
        each.stop()


def device(driver: str, table: dict[str, object]) -> Any:
    spec = load(driver)
    return spec.build(spec.configure(table), SystemClock())


def test_a_frozen_pcscd_is_restarted_once_for_both_readers(
    pcscd: Pcscd, supervise: Callable[..., tuple[Supervisor, Ear]], tmp_path: Path
) -> None:
    """Found by its silence, and by nobody but the service manager brought back."""
    systemctl = Systemctl(tmp_path / "bin", {UNIT: pcscd.restart_daemon})
    systemctl.open()
    tables = [{"reader": pcscd.reader(index), "socket": str(pcscd.socket)} for index in (0, 1)]
    readers = [Cared(device("card_pcsc", table), daemon=UNIT) for table in tables]
    _, ear = supervise(systemctl.program, first=readers[0], second=readers[1])
    pcscd.freeze_daemon()
    ear.wait(lambda: all("returned" in ear.of(name) for name in ("first", "second")))
    whole = ["lost", "reopen", "restart_daemon", "returned"]
    spared = ["lost", "reopen", "returned"]  # found later, it is mended before it gets there
    courses = [ear.of("first"), ear.of("second")]
    assert whole in courses
    assert all(course in (whole, spared) for course in courses)
    assert systemctl.restarts(UNIT) == 1
    systemctl.close()


def test_a_wedged_gun_is_mended_by_its_port(
    supervise: Callable[..., tuple[Supervisor, Ear]], tmp_path: Path
) -> None:
    """Plugged in and dead, until its power is taken away."""
    gun = GunTwin(tmp_path / "gun")
    gun.plug()
    port = UsbPort(tmp_path / "usb1-port1", gun.unplug, gun.plug)
    port.open()
    cared = Cared(device("scanner_serial", {"port": str(tmp_path / "gun")}), usb_port=port.folder)
    supervisor, ear = supervise(tmp_path / "none", gun=cared)
    port.wedge()
    ear.wait(lambda: "returned" in ear.of("gun"))
    assert ear.of("gun") == ["lost", "reopen", "power_cycle", "returned"]
    supervisor.stop()
    port.close()
    gun.unplug()


def test_a_camera_that_fails_in_a_scan_is_opened_again(
    supervise: Callable[..., tuple[Supervisor, Ear]], tmp_path: Path
) -> None:
    """Its folder is there, so its worker sees nothing: whoever scans says so."""
    (tmp_path / "frames").mkdir()
    camera = device("camera_files", {"path": str(tmp_path / "frames")})
    supervisor, ear = supervise(tmp_path / "none", camera=Cared(camera))
    with pytest.raises(DeviceLost) as failure:
        camera.scan(0.1)
    supervisor.doubt("camera", failure.value)
    ear.wait(lambda: "returned" in ear.of("camera"))
    assert ear.of("camera") == ["lost", "reopen", "returned"]
