"""A thread that shows the newest of something, for those who must not wait for a slow device."""

from collections.abc import Callable
from contextlib import suppress
from threading import Condition
from typing import Generic, TypeVar

from firmware.task import Task
from hal.errors import DeviceLost

T = TypeVar("T")


class Newest(Generic[T]):
    """Safe to use from several threads. What a newer one overtakes is never shown."""

    def __init__(self, name: str, show: Callable[[T], None]) -> None:
        """`show` runs in a thread called `name`, and may raise DeviceLost."""
        self._show = show
        self._changed = Condition()
        self._wanted: T | None = None
        self._stopping = False
        self._task = Task(name, self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Show what is wanted, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._task.join(timeout_s)

    def show(self, wanted: T) -> None:
        """Make it what is shown; returns at once. Also when it was shown: the device may be new."""
        with self._changed:
            self._wanted = wanted
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted is not None or self._stopping)
                wanted, self._wanted = self._wanted, None
            if wanted is None:
                return
            # A device that is away is the supervisor's business; it has the scene shown again.
            with suppress(DeviceLost):
                self._show(wanted)
