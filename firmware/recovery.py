"""What brings a device back from outside: its daemon started again, its USB port without power.

Both take seconds and may hang, so each runs in a thread of its own and says how it ended.
Sources: systemctl(1), docs/protocols/usb-port-power.md.

RecoveryError          log it once, and climb to the next rung
├── RestartRefused     systemctl said no: polkit denies it, or there is no such unit
├── RestartHung        systemctl said nothing in time, and was killed
└── PortFailed         the port's switch cannot be written
"""

import logging
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from time import monotonic
from typing import Protocol

from firmware.config import Recovery

RESTART_S = 15.0
"""systemd waits longer for a daemon that will not end; our ladder does not."""
_STOP_S = 5.0
_LONGEST_REASON = 200
_OFF, _ON = b"1\n", b"0\n"  # the file is called `disable`

_log = logging.getLogger(__name__)


class RecoveryError(Exception):
    """The rung did not work. The sentence is for the log."""


class RestartRefused(RecoveryError):
    pass


class RestartHung(RecoveryError):
    pass


class PortFailed(RecoveryError):
    pass


Done = Callable[[RecoveryError | None], None]


class Restorer(Protocol):
    """Every call returns at once; `done` is called once, in another thread, when it has ended."""

    def restart_daemon(self, unit: str, done: Done) -> None:
        """End the unit and start it again."""

    def power_cycle(self, port: Path, done: Done) -> None:
        """Take the power from a USB port, and give it back."""

    def stop(self) -> None:
        """End what is under way, with the power on. Blocks at most some seconds."""


class SystemRestorer:
    """See Restorer: by systemctl and by sysfs."""

    def __init__(self, recovery: Recovery, restart_s: float = RESTART_S) -> None:
        self._recovery = recovery
        self._restart_s = restart_s
        self._ending = Event()
        self._lock = Lock()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._threads: set[Thread] = set()

    def restart_daemon(self, unit: str, done: Done) -> None:
        self._go(partial(self._restart, unit), done)

    def power_cycle(self, port: Path, done: Done) -> None:
        self._go(partial(self._cycle, port / "disable"), done)

    def stop(self) -> None:
        self._ending.set()
        with self._lock:
            for child in self._children:
                _kill(child)
            threads = list(self._threads)
        deadline_s = monotonic() + _STOP_S
        for thread in threads:
            thread.join(max(0.0, deadline_s - monotonic()))

    def _go(self, work: Callable[[], None], done: Done) -> None:
        thread = Thread(target=self._run, args=(work, done), name="recovery", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _run(self, work: Callable[[], None], done: Done) -> None:
        failure: RecoveryError | None = None
        try:
            work()
        except RecoveryError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  atop the task: the ladder waits for its end
            failure = RecoveryError(f"recovery failed: {type(error).__name__}")
        done(failure)
        with self._lock:
            self._threads.discard(current_thread())

    def _restart(self, unit: str) -> None:
        # No password is asked for: nobody sits there to give one, and the question would hang.
        systemctl = self._recovery.systemctl
        command = [str(systemctl), "--no-ask-password", "restart", "--", unit]
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                process_group=0,
            )
        except OSError as error:
            raise RestartRefused(f"{systemctl}: {error.strerror}") from error
        with self._lock:
            self._children.add(child)
        try:
            if self._ending.is_set():
                _kill(child)
            _, complaint = child.communicate(timeout=self._restart_s)
        except subprocess.TimeoutExpired as error:
            raise RestartHung(f"{unit} was not restarted within {self._restart_s:g} s") from error
        finally:
            with self._lock:
                self._children.discard(child)
            _bury(child)
        if child.returncode != 0:
            reason = complaint.decode(errors="replace").strip()[:_LONGEST_REASON]
            raise RestartRefused(f"{unit} was not restarted: {reason or child.returncode}")

    def _cycle(self, switch: Path) -> None:
        _write(switch, _OFF)
        try:
            self._ending.wait(self._recovery.power_off_s)
        finally:
            _write(switch, _ON)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _bury(child: subprocess.Popen[bytes]) -> None:
    """Nothing of it is left: not a process, not a zombie, not a pipe."""
    if child.poll() is None:
        _kill(child)
    child.wait()
    if child.stderr is not None:
        child.stderr.close()


def _write(switch: Path, value: bytes) -> None:
    """To a file that is there: a port that is not must not be made."""
    try:
        file = os.open(switch, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(file, value)
        finally:
            os.close(file)
    except OSError as error:
        raise PortFailed(f"{switch} cannot be written: {error.strerror}") from error
