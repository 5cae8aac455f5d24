"""A thread whose work does not end in silence: a fault is told, and the work begins again."""

import logging
from collections.abc import Callable
from threading import Event, Thread

PAUSE_S = 0.1
"""Before the work begins again, so that a fault that stays does not fill the log or the machine."""

_log = logging.getLogger(__name__)


class Task:
    """Runs `body` until it returns by itself, which it does only when it was asked to."""

    def __init__(self, name: str, body: Callable[[], None]) -> None:
        self._name = name
        self._body = body
        self._given_up = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end, which somebody has asked for. False if the body hangs."""
        if self._thread.ident is None:
            return True
        self._given_up.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            try:
                self._body()
                return
            except Exception as error:  # noqa: BLE001  atop the task: its work must go on
                # The type only: a message may carry what somebody has just read.
                _log.error("task failed", extra={"task": self._name, "error": type(error).__name__})
            if self._given_up.wait(PAUSE_S):
                return
