"""One lane of the fault runner: a window whose twins stay plugged, with a terminal per run."""

import shutil
import signal
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sim.faults.clock import JumpingClock
from sim.launcher import Child, program
from sim.local_page import LocalPage
from sim.pcscd import Pcscd
from sim.ports import free_ports
from sim.settings import PCSCD, Run, Special
from sim.small_disk import SmallDisk
from sim.twins.broker_line import BrokerLine
from sim.twins.daemon import Systemctl
from sim.twins.gun import GunTwin
from sim.window import Window

INTERVALS: dict[str, float] = {
    "keepalive_s": 1,
    "reconnect_base_s": 0.05,
    "reconnect_cap_s": 0.5,
    "receipt_base_s": 0.5,
    "receipt_cap_s": 2.0,
    "device_base_s": 0.05,
    "device_cap_s": 0.5,
    "rung_s": 1.0,
    "health_s": 5.0,
    "upload_base_s": 0.2,
    "upload_cap_s": 1.0,
}
DISK_BYTES = 8 * 1024 * 1024
DISK_RESERVE_BYTES = 256 * 1024
_LOOK_S = 0.01


@dataclass(frozen=True)
class Needs:
    """What a run's terminal must stand on: what a fault cannot do without."""

    jumping_clock: bool = False
    small_disk: bool = False


NOTHING = Needs()


@dataclass
class Lane:
    """`number`: of the window, from 1. `open` and `close` frame any number of runs."""

    run: Run
    name: str
    number: int
    wires: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ow-lane-")))
    clock: JumpingClock | None = None
    disk: SmallDisk | None = None

    def __post_init__(self) -> None:
        self.readers = Pcscd(self.wires / "cards", [f"Sim Card W{self.number:02d}"])
        self.window = Window(self.readers, 1)
        self.systemctl = Systemctl(self.wires / "unit", {PCSCD: self.restart_pcscd})
        self._pcscd = threading.Lock()
        self.line = BrokerLine(self.run.identities, self.name, self.run.ports.mqtt)
        self.page_port = free_ports(1)[0]
        self.terminal: Child | None = None
        self._state_dir: Path | None = None

    def open(self) -> None:
        """Plug in all twins."""
        self.readers.start()
        self.window.plug()
        self.line.start()
        self.systemctl.open()

    def close(self) -> None:
        """End the terminal, then the twins."""
        self.end_terminal()
        self.systemctl.close()
        self.line.stop()
        self.window.unplug()
        self.readers.remove()
        shutil.rmtree(self.wires, ignore_errors=True)

    def restart_pcscd(self) -> None:
        """As its unit is restarted: it ends, whether it runs or not, and begins anew."""
        with self._pcscd:
            self.readers.kill_daemon()
            self.readers.start_daemon()

    def start_terminal(self, needs: Needs, folder: Path) -> None:
        """A terminal with a state folder of its own, so with a new epoch; blocks until ready."""
        self._state_dir = folder / f"{folder.name}-state"
        prefix: list[str] = []
        if needs.small_disk:
            # A bind below a run's folder: the terminal's state and nothing else is on it.
            self.disk = SmallDisk(self._state_dir, DISK_BYTES)
            self.disk.start()
            prefix = self.disk.prefix()
        special = Special(
            broker_port=self.line.port,
            state_dir=self._state_dir,
            page_port=self.page_port,
            reserve_bytes=DISK_RESERVE_BYTES,
            systemctl=self.systemctl.program,
            kernel_devices=not needs.jumping_clock,
            intervals=INTERVALS,
        )
        self.run.write_terminal(self.name, self.window, special)
        command = [
            program("ow-terminal"),
            "run",
            "--config",
            str(self.run.terminal_toml(self.name)),
        ]
        variables, wrapper = self._environment(needs, folder)
        seen = ["env", *(f"{key}={value}" for key, value in variables.items()), *wrapper]
        self.terminal = Child(self.name, [*prefix, *seen, *command], folder)
        self.terminal.start()
        self.terminal.wait_ready()

    def _environment(self, needs: Needs, folder: Path) -> tuple[dict[str, str], list[str]]:
        if not needs.jumping_clock:
            return self.window.kernel.environment()
        self.clock = JumpingClock(folder / "clock")
        self.window.serial_gun = GunTwin(self.window.wires.serial_gun)
        self.window.serial_gun.plug()
        return self.clock.environment(), []

    def end_terminal(self) -> None:
        """Stop the terminal and take away what it stood on."""
        if self.terminal is not None:
            self.terminal.signal(signal.SIGCONT)
            self.terminal.stop()
            self.terminal = None
        if self.disk is not None:
            self.disk.stop()
            self.disk = None
        if self.window.serial_gun is not None:
            self.window.serial_gun.unplug()
            self.window.serial_gun = None
        self.clock = None
        if self._state_dir is not None:
            shutil.rmtree(self._state_dir, ignore_errors=True)

    @property
    def state_dir(self) -> Path:
        """Where the terminal keeps its state; it ends with the terminal."""
        assert self._state_dir is not None, "no terminal was started"
        return self._state_dir if self.disk is None else self.disk.inside

    def page(self) -> LocalPage:
        """The terminal's own page, for whoever closes it again."""
        return LocalPage(self.page_port, self.state_dir)

    def running(self) -> Child:
        """The terminal that a fault strikes."""
        assert self.terminal is not None, "no fault strikes between two runs"
        return self.terminal

    def wait_stopped_state(self, timeout_s: float) -> bool:
        """Block until the kernel says that the terminal is stopped (state T)."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            pid = self.running().pid
            if pid is not None and _state(pid) == "T":
                return True
            time.sleep(_LOOK_S)
        return False


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def folder_of(run: Run, seed: int) -> Path:
    """Where a run keeps its log and its acts."""
    folder = run.folder / f"run-{seed}"
    folder.mkdir(mode=0o700)
    return folder
