"""The small display of the window: shows the newest screen, in a thread of its own.

Drawing takes some 25 ms on the wire; whoever has something to show must not wait for that.
"""

from contextlib import suppress
from threading import Condition

from firmware.task import Task
from hal.errors import DeviceLost
from hal.interfaces import Display, Screen


class Panel:
    """Safe to use from several threads. A screen that a newer one overtakes is never drawn."""

    def __init__(self, display: Display | None) -> None:
        self._display = display
        self._changed = Condition()
        self._wanted: Screen | None = None
        self._stopping = False
        self._task = Task("panel", self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Draw what is wanted, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._task.join(timeout_s)

    def show(self, screen: Screen) -> None:
        """Make `screen` what is shown; also when it is what was shown: the display may be new."""
        with self._changed:
            self._wanted = screen
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted is not None or self._stopping)
                screen, self._wanted = self._wanted, None
            if screen is None:
                return
            if self._display is not None:
                # A display that is away is the supervisor's business; it shows the scene again.
                with suppress(DeviceLost):
                    self._display.show(screen)
