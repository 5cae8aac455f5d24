"""Programs that speak or play: started one after the other, and ended when they hang."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from threading import Event, Lock

from hal.errors import DeviceLost

_CHECK_S = 1.0
FOUND_S = _CHECK_S
"""No later than this after the program failed, or was taken away, `watch` ends with DeviceLost."""


class Player:
    """Runs one program at a time. `watch` and `close` may be called from other threads."""

    def __init__(self, program: str, card: str | None = None) -> None:
        """`card`: a path that is there as long as the sound card is."""
        self._program = program
        self._card = card
        self._lock = Lock()
        self._is_open = False
        self._running: subprocess.Popen[bytes] | None = None
        self._failed: DeviceLost | None = None

    def open(self) -> None:
        """DeviceLost if there is no such program, or no card; nothing is started."""
        self._check()
        with self._lock:
            self._is_open, self._failed = True, None

    def watch(self, stop: Event) -> None:
        """Block until `stop`. DeviceLost when the program has failed, or it or the card is gone."""
        while not stop.wait(_CHECK_S):
            if (failed := self._failed) is not None:
                raise failed
            self._check()

    def run(self, arguments: Sequence[str], body: bytes | None, timeout_s: float) -> None:
        """Let the program take `body` as its standard input, and end. Blocks meanwhile.

        DeviceLost if it cannot be started, fails, or is ended by the deadline. Closed meanwhile,
        it is ended too, and that is no loss.
        """
        running = self._begin(arguments, body)
        try:
            running.communicate(body, timeout=timeout_s)
            code: int | None = running.returncode
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(running)
        with self._lock:
            if code == 0 or not self._is_open:
                return
            if code is None:
                cause = f"{self._program} does not end within {timeout_s:g} s"
                self._failed = DeviceLost(cause, remedy="reset")
            else:
                cause = f"{self._program} ended with {code}"
                self._failed = DeviceLost(cause, remedy="maintain")
            raise self._failed

    def close(self) -> None:
        """End what is running. Never raises; a second call does nothing."""
        with self._lock:
            self._is_open = False
            running = self._running
        if running is not None:
            _end(running)

    def _begin(self, arguments: Sequence[str], body: bytes | None) -> "subprocess.Popen[bytes]":
        with self._lock:
            if not self._is_open:
                raise DeviceLost("the voice is not open")
            try:
                # A group of its own: a player that starts players ends with all of them.
                self._running = subprocess.Popen(
                    [self._program, *arguments],
                    stdin=subprocess.DEVNULL if body is None else subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    process_group=0,
                )
            except OSError as error:
                cause = f"{self._program}: {error.strerror}"
                raise DeviceLost(cause, remedy="configure") from error
            return self._running

    def _check(self) -> None:
        if shutil.which(self._program) is None:
            raise DeviceLost(f"there is no program {self._program}", remedy="configure")
        if self._card is not None and not os.path.exists(self._card):
            raise DeviceLost(f"there is no sound card {self._card}", remedy="maintain")


def _end(running: "subprocess.Popen[bytes]") -> None:
    """Kill it and what it started, if they still run. A second call does nothing."""
    if running.poll() is None:
        # Two threads may end it; the later one finds nobody.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    if running.stdin is not None:
        # What was not taken is of no use to anybody.
        with contextlib.suppress(OSError):
            running.stdin.close()
