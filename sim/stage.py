"""A hall on this machine: broker, centre, the windows' terminals, and the windows' twins."""

import tempfile
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sim.acts import Acts, new_id
from sim.arrivals import KIOSK
from sim.capture import capture
from sim.launcher import Child, Launcher, Say, program
from sim.office import Office
from sim.pace import Pace, Patience
from sim.panels import Panels
from sim.pcscd import Pcscd
from sim.settings import Run, teller_name, terminal_name
from sim.visit import Room
from sim.window import Window

Now = Callable[[], datetime]


def broker(run: Run, config: Path) -> Child:
    """The broker, ready when it accepts connections."""
    port = str(run.ports.mqtt)
    command = [program("ow-central"), "broker", "--config", str(config), "--port", port]
    return Child("broker", command, run.folder, port=run.ports.mqtt)


def centre(run: Run, config: Path) -> Child:
    """The centre, ready when it says so."""
    mqtt, http, media = map(str, (run.ports.mqtt, run.ports.http, run.ports.media))
    options = ["--mqtt", mqtt, "--http", http, "--media", media]
    command = [program("ow-central"), "serve", "--config", str(config), *options]
    return Child("central", command, run.folder)


def terminal(run: Run, name: str, window: Window) -> Child:
    """A terminal, with the production firmware and drivers; it sees the window's kernel devices."""
    variables, prefix = window.kernel.environment()
    seen = ["env", *(f"{key}={value}" for key, value in variables.items()), *prefix]
    command = [program("ow-terminal"), "run", "--config", str(run.terminal_toml(name))]
    return Child(name, [*seen, *command], run.folder)


class Stage:
    """Everything of one run. `up` starts it, `down` ends what was started, in any state."""

    def __init__(self, run: Run, windows: int, pace: Pace, now: Now, say: Say) -> None:
        self.run = run
        self.bell = threading.Event()
        self.tellers = {terminal_name(n): teller_name(n) for n in range(1, windows + 1)}
        # The path of pcscd's socket has room for 107 bytes, which a run's folder may exceed.
        self._readers = Pcscd(
            Path(tempfile.mkdtemp(prefix="ow-cards-")),
            [f"Sim Card W{n:02d}" for n in range(1, windows + 1)],
        )
        self.windows = {
            name: Window(self._readers, n) for n, name in enumerate(self.tellers, start=1)
        }
        self._panels = Panels(run.panels, self.windows)
        self.terminals: dict[str, Child] = {}
        self.acts = Acts(run.acts, now)
        self.broker = broker(run, run.centre_toml)
        self.centre = centre(run, run.centre_toml)
        self._launcher = Launcher(say)
        self.pace = pace
        self._now = now
        self._office: Office | None = None

    def up(self, capture_to: Path | None = None) -> Office:
        """Start all, in the order in which they need each other; the way to the centre."""
        self.run.write_centre()
        self._readers.start()
        for name, window in self.windows.items():
            self.run.write_terminal(name, window)
            window.plug()
            self.terminals[name] = terminal(self.run, name, window)
        self._panels.start()
        self._launcher.start(self.broker)
        if capture_to is not None:
            self._launcher.start(capture(self.run, capture_to))
        self._launcher.start(self.centre, *self.terminals.values())
        self._office = Office(
            f"http://127.0.0.1:{self.run.ports.http}",
            {name: self.run.token(name) for name in (KIOSK, *self.tellers.values())},
            self.acts,
            self.pace,
            lambda: new_id(self._now()),
        )
        return self._office

    def room(self, terminal: str, office: Office) -> Room:
        """What visits at this window happen in."""
        teller = self.tellers[terminal]
        return Room(terminal, teller, self.windows[terminal], office, self.acts, self.pace)

    def patience(self) -> Patience:
        """As long as a visit may take, from now; over at the bell."""
        return Patience(self.pace.visit_s, self.bell)

    def dead(self) -> Child | None:
        """A program that has ended without being asked."""
        return self._launcher.dead()

    def down(self) -> None:
        """Stop what was started; the run's folder stays."""
        self.bell.set()
        self._launcher.stop()
        if self._office is not None:
            self._office.close()
        self._panels.stop()
        for window in self.windows.values():
            window.unplug()
        self._readers.remove()
        self.acts.close()
