"""Starts other programs by their command lines, waits until they are ready, stops them again."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sim import ports
from sim.errors import LaunchFault
from sim.spawner import spawn

READY = "ready"
READY_DEADLINE_S = 30.0
STOP_PATIENCE_S = 5.0
_CODES_PASSED_ON = (2, 3, 4, 5)

Say = Callable[[str], None]


def program(name: str) -> str:
    """The path of one of our commands (`ow-central`), beside the Python that runs us."""
    return str(Path(sys.executable).parent / name)


def run_once(command: Sequence[str]) -> None:
    """Run a short command to its end; LaunchFault with its last words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise LaunchFault(words[-1] if words else f"{command[0]} failed", done.returncode)


class Child:
    """A program that runs until it is stopped. It may be killed and started again.

    `port`: ready means that it accepts connections there; without one, that it printed `ready`.
    `on_line` hears its output, line by line, which then does not go into the log.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        port: int | None = None,
        on_line: Callable[[bytes], None] | None = None,
        ready: str = READY,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = list(command)
        self._folder = folder
        self._port = port
        self._on_line = on_line
        self._ready_word = ready.encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._is_ready = threading.Event()
        self._last_line = ""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; returns at once. LaunchFault if there is no such program."""
        try:
            process = spawn(self._command, self._folder)
        except OSError as error:
            raise LaunchFault(f"{self._command[0]} cannot be started: {error.strerror}") from error
        self._process = process
        # Fresh for each process: the reader of a killed one must not call its successor ready.
        self._is_ready = threading.Event()
        self._last_line = ""
        self._reader = threading.Thread(
            target=self._read,
            args=(process, self._is_ready),
            daemon=True,
            name=f"output of {self.name}",
        )
        self._reader.start()

    def _read(self, process: subprocess.Popen[bytes], is_ready: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout, self.log.open("ab", buffering=0) as log:
            for line in process.stdout:
                if self._ready_word in line.strip().splitlines():
                    is_ready.set()
                elif line.strip():
                    self._last_line = line.decode(errors="replace").strip()
                if self._on_line is not None:
                    self._on_line(line)
                else:
                    log.write(line)
        process.wait()
        is_ready.set()

    def wait_ready(self, deadline_s: float = READY_DEADLINE_S) -> None:
        """Block until it is ready; LaunchFault with its last words if it ends or takes longer."""
        if self._port is not None:
            ready = ports.wait_accepting(self._port, deadline_s, lambda: self.alive)
        else:
            ready = self._is_ready.wait(deadline_s) and self.alive
        if ready:
            return
        if self.alive:
            raise LaunchFault(f"{self.name} was not ready after {deadline_s:g} s; see {self.log}")
        self._join()
        code = self._process.returncode if self._process is not None else 1
        words = self._last_line or "it said nothing"
        raise LaunchFault(
            f"{self.name} ended at once (exit code {code}): {words}",
            code if code in _CODES_PASSED_ON else 1,
        )

    def kill(self) -> None:
        """End it as a power cut would; returns when it is gone."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._join()

    def stop(self) -> None:
        """Ask it to end; after some patience, end it."""
        self.ask_to_stop()
        self.wait_stopped(STOP_PATIENCE_S)

    def ask_to_stop(self) -> None:
        """Send SIGTERM; returns at once."""
        self.signal(signal.SIGTERM)

    def wait_stopped(self, patience_s: float) -> None:
        """Block until it has ended, at most so long; then it is killed."""
        if self._process is None:
            return
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._join()

    def _join(self) -> None:
        if self._reader is not None:
            self._reader.join(STOP_PATIENCE_S)

    @property
    def pid(self) -> int | None:
        """The process; None before the first start."""
        return None if self._process is None else self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to whatever it started in its group, if it runs."""
        # The group is the child's own: whatever it started itself ends with it.
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)


class Launcher:
    """The children of one run. Stops those it started, in reverse order, and nothing else."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._children: list[Child] = []

    def start(self, *children: Child) -> None:
        """Start all, then wait for each, saying how long it took."""
        begun = time.monotonic()
        for child in children:
            child.start()
            self._children.append(child)
        for child in children:
            child.wait_ready()
            self._say(f"{child.name} ready after {time.monotonic() - begun:.1f} s")

    def dead(self) -> Child | None:
        """A child that has ended without being asked, if there is one."""
        return next((child for child in self._children if not child.alive), None)

    def stop(self) -> None:
        """Stop all; nobody is left afterwards."""
        while self._children:
            self._children.pop().stop()
