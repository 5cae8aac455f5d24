"""Restarting a daemon and switching a port, against a systemctl and a port that are twins."""

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import pytest

from firmware.config import Recovery
from firmware.recovery import (
    PortFailed,
    RecoveryError,
    RestartHung,
    RestartRefused,
    SystemRestorer,
)
from sim.twins.daemon import Systemctl
from sim.twins.usb_port import UsbPort

WAIT_S = 20.0
UNIT = "pcscd.service"
Ends = SimpleQueue[RecoveryError | None]
Make = Callable[..., SystemRestorer]


@pytest.fixture
def restarted() -> list[str]:
    return []


@pytest.fixture
def systemctl(tmp_path: Path, restarted: list[str]) -> Iterator[Systemctl]:
    twin = Systemctl(tmp_path / "bin", {UNIT: lambda: restarted.append(UNIT)})
    twin.open()
    yield twin
    twin.close()


@pytest.fixture
def moves() -> list[str]:
    return []


@pytest.fixture
def port(tmp_path: Path, moves: list[str]) -> Iterator[UsbPort]:
    twin = UsbPort(tmp_path / "usb1-port1", lambda: moves.append("off"), lambda: moves.append("on"))
    twin.open()
    yield twin
    twin.close()


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[SystemRestorer] = []

    def build(
        systemctl: Path = Path("/nowhere"), power_off_s: float = 0.01, restart_s: float = WAIT_S
    ) -> SystemRestorer:
        recovery = Recovery(systemctl=systemctl, power_off_s=power_off_s)
        made.append(SystemRestorer(recovery, restart_s))
        return made[-1]

    yield build
    for each in made:
        each.stop()


def restart(restorer: SystemRestorer, unit: str = UNIT) -> RecoveryError | None:
    ends: Ends = SimpleQueue()
    restorer.restart_daemon(unit, ends.put)
    return ends.get(timeout=WAIT_S)


def cycle(restorer: SystemRestorer, port: Path) -> RecoveryError | None:
    ends: Ends = SimpleQueue()
    restorer.power_cycle(port, ends.put)
    return ends.get(timeout=WAIT_S)


def test_a_unit_is_restarted(make: Make, systemctl: Systemctl, restarted: list[str]) -> None:
    """By the configured program, once for each call."""
    restorer = make(systemctl.program)
    assert [restart(restorer), restart(restorer)] == [None, None]
    assert restarted == [UNIT, UNIT]


def test_polkit_may_deny_it(make: Make, systemctl: Systemctl, restarted: list[str]) -> None:
    """What systemctl complains of is in the error."""
    systemctl.refuse()
    failure = restart(make(systemctl.program))
    assert isinstance(failure, RestartRefused)
    assert "authentication required" in str(failure)
    assert restarted == []


def test_there_may_be_no_such_unit(make: Make, systemctl: Systemctl) -> None:
    """A wrong name in the configuration, even one that looks like an option."""
    restorer = make(systemctl.program)
    for unit in ("other.service", "--force"):
        assert isinstance(restart(restorer, unit), RestartRefused)


def test_there_may_be_no_systemctl(make: Make) -> None:
    """A machine without systemd, or a wrong path."""
    failure = restart(make())
    assert isinstance(failure, RestartRefused)
    assert "/nowhere" in str(failure)


def test_a_restart_that_hangs_is_killed(make: Make, systemctl: Systemctl) -> None:
    """It has ended when the failure is told."""
    systemctl.hang()
    failure = restart(make(systemctl.program, restart_s=0.5))
    assert isinstance(failure, RestartHung)


def test_stopping_ends_a_restart_under_way(make: Make, systemctl: Systemctl) -> None:
    """The terminal does not wait for systemd when it ends."""
    systemctl.hang()
    restorer, ends = make(systemctl.program), SimpleQueue[RecoveryError | None]()
    restorer.restart_daemon(UNIT, ends.put)
    assert systemctl.wait(lambda: systemctl.asked(UNIT) == 1, WAIT_S)
    restorer.stop()
    assert isinstance(ends.get(timeout=WAIT_S), RestartRefused)


def test_a_port_is_switched_off_and_on(make: Make, port: UsbPort, moves: list[str]) -> None:
    """In this order, each once."""
    assert cycle(make(), port.folder) is None
    assert port.wait(lambda: port.cycles == 1, WAIT_S)
    assert moves == ["off", "on"]


def test_a_wedged_device_comes_back_with_its_power(
    make: Make, port: UsbPort, moves: list[str]
) -> None:
    """What the twin promises the tests that use it: gone until switched off and on."""
    port.wedge()
    assert moves == ["off"]
    assert cycle(make(), port.folder) is None
    assert port.wait(lambda: port.cycles == 1, WAIT_S)
    assert moves == ["off", "on"]


def test_stopping_gives_the_power_back(make: Make, port: UsbPort, moves: list[str]) -> None:
    """A terminal that ends while a port is off leaves no dead port behind."""
    restorer, ends = make(power_off_s=3600.0), SimpleQueue[RecoveryError | None]()
    restorer.power_cycle(port.folder, ends.put)
    assert port.wait(lambda: moves == ["off"], WAIT_S)
    restorer.stop()
    assert ends.get(timeout=WAIT_S) is None
    assert port.wait(lambda: port.cycles == 1, WAIT_S)


def test_a_port_without_a_switch(make: Make, tmp_path: Path) -> None:
    """An older kernel, or a wrong path: told, and no file is made there."""
    failure = cycle(make(), tmp_path)
    assert isinstance(failure, PortFailed)
    assert list(tmp_path.iterdir()) == []


def test_a_switch_that_cannot_be_written(make: Make, tmp_path: Path) -> None:
    """Whatever the kernel says is in the error."""
    (tmp_path / "disable").mkdir()
    failure = cycle(make(), tmp_path)
    assert isinstance(failure, PortFailed)
    assert "disable" in str(failure)


def test_neither_waits_for_the_other(make: Make, systemctl: Systemctl, port: UsbPort) -> None:
    """A restart that hangs holds up no port."""
    systemctl.hang()
    restorer, hanging = make(systemctl.program), Event()
    restorer.restart_daemon(UNIT, lambda failure: hanging.set())
    assert cycle(restorer, port.folder) is None
    assert not hanging.is_set()
