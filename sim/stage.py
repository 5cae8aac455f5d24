"""A hall of one window on this machine: broker, centre, terminal, and the window's twins."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sim.acts import Acts, new_id
from sim.capture import capture
from sim.catalogue import low_risk_items
from sim.launcher import Child, Launcher, Say, program
from sim.office import Office
from sim.pace import Pace
from sim.settings import Run
from sim.visit import KIOSK, TELLER, Room
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


def terminal(run: Run) -> Child:
    """The terminal, with the production firmware and drivers."""
    command = [program("ow-terminal"), "run", "--config", str(run.terminal_toml)]
    return Child("terminal", command, run.folder)


class Stage:
    """Everything of one run. `up` starts it, `down` ends what was started, in any state."""

    def __init__(self, run: Run, pace: Pace, now: Now, say: Say) -> None:
        self.run = run
        self.bell = threading.Event()
        self.window = Window()
        self.acts = Acts(run.acts, now)
        self.broker = broker(run, run.centre_toml)
        self.centre = centre(run, run.centre_toml)
        self.terminal = terminal(run)
        self._launcher = Launcher(say)
        self._pace = pace
        self._now = now
        self._office: Office | None = None

    def up(self, capture_to: Path | None = None) -> Room:
        """Start all, in the order in which they need each other; the room for visits."""
        self.run.write_centre()
        self.run.write_terminal(self.window.wires)
        self.window.plug()
        self._launcher.start(self.broker)
        if capture_to is not None:
            self._launcher.start(capture(self.run, capture_to))
        self._launcher.start(self.centre, self.terminal)
        self._office = Office(
            f"http://127.0.0.1:{self.run.ports.http}",
            {role: self.run.token(role) for role in (TELLER, KIOSK)},
            self.acts,
            self._pace,
            lambda: new_id(self._now()),
        )
        return Room(self.window, self._office, self.acts, self._pace, low_risk_items())

    def dead(self) -> Child | None:
        """A program that has ended without being asked."""
        return self._launcher.dead()

    def down(self) -> None:
        """Stop what was started; the run's folder stays."""
        self.bell.set()
        self._launcher.stop()
        if self._office is not None:
            self._office.close()
        self.window.unplug()
        self.acts.close()
