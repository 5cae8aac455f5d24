"""Running a device as the firmware does, and peers at the other end of its wire.

The peers are written here, from the pages in docs/protocols, and share no code with driver or
simulator.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Condition, Event, Thread
from typing import Any

import pytest

from drivers.registry import load, start_worker
from drivers.worker import Worker
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import Device, Observation

WAIT_S = 10.0
ROOT = Path(__file__).resolve().parents[2]
DEVICE_PROGRAM = Path(__file__).with_name("device_program.py")


class Running:
    """A device in its worker, and everything it said."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.reports: SimpleQueue[Observation] = SimpleQueue()
        self.ends: SimpleQueue[DeviceLost] = SimpleQueue()
        self.opened = Event()
        self._worker: Worker | None = None

    def start(self) -> "Running":
        self.opened.clear()
        self._worker = start_worker(self.device, self.reports.put, self.opened.set, self.ends.put)
        return self

    def started(self) -> "Running":
        self.start()
        assert self.opened.wait(WAIT_S)
        return self

    def next(self) -> Observation:
        return self.reports.get(timeout=WAIT_S)

    def lost(self) -> DeviceLost:
        return self.ends.get(timeout=WAIT_S)

    def stop(self) -> bool:
        return self._worker is None or self._worker.stop(WAIT_S)


@pytest.fixture
def run() -> Iterator[Callable[[str, dict[str, object]], Running]]:
    """Builds a device from a driver's name and its table; stopped at the end."""
    made: list[Running] = []

    def build(driver: str, table: dict[str, object]) -> Running:
        spec = load(driver)
        made.append(Running(spec.build(spec.configure(table), SystemClock())))
        return made[-1]

    yield build
    for running in made:
        assert running.stop()


class SerialPeer:
    """A pty with a stable name. `unplug` ends it as a pulled cable does, `plug` makes a new one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._master = -1
        self.plug()

    def plug(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(slave))
        self._slave = slave

    def unplug(self) -> None:
        if self._master >= 0:
            os.close(self._slave)
            os.close(self._master)
            self.path.unlink(missing_ok=True)
            self._master = -1

    def write(self, body: bytes) -> None:
        """Send to the driver; lost when the line has ended."""
        with contextlib.suppress(OSError, termios.error):
            os.write(self._master, body)
            termios.tcdrain(self._master)

    def read(self) -> bytes:
        """What the driver sent; empty when the line has ended."""
        try:
            return os.read(self._master, 4096)
        except OSError:
            return b""


@pytest.fixture
def serial(tmp_path: Path) -> Iterator[SerialPeer]:
    peer = SerialPeer(tmp_path / "tty")
    yield peer
    peer.unplug()


class GpioPeer:
    """Listens as the twin of a GPIO header: tells levels, remembers lamps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self._heard = Condition()
        self._connections: list[socket.socket] = []
        self._threads: list[Thread] = []
        self.plug()

    def plug(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen()
        self._go(self._accept, self._server)

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        for each in (self._server, *self._connections):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(WAIT_S)
        for each in (self._server, *self._connections):
            each.close()
        self._connections.clear()
        self._threads.clear()

    def deafen(self) -> None:
        """Stay connected, and take no more: who writes to us fails, who reads waits."""
        for connection in self._connections:
            connection.shutdown(socket.SHUT_RD)

    def tell(self, text: str) -> None:
        for connection in self._connections:
            connection.sendall(text.encode())

    def await_lines(self, *wanted: str) -> None:
        """Wait until these lines have come, in this order, others between them or not."""
        with self._heard:
            assert self._heard.wait_for(lambda: self._in_order(wanted), WAIT_S), self.lines

    def forget(self) -> None:
        with self._heard:
            self.lines.clear()

    def _in_order(self, wanted: tuple[str, ...]) -> bool:
        lines = iter(self.lines)
        return all(line in lines for line in wanted)

    def _go(self, body: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = Thread(target=body, args=(connection,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._go(self._hear, connection)

    def _hear(self, connection: socket.socket) -> None:
        rest = b""
        while chunk := _received(connection):
            *lines, rest = (rest + chunk).split(b"\n")
            with self._heard:
                self.lines += [line.decode() for line in lines]
                self._heard.notify_all()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4096)
    except OSError:
        return b""


@pytest.fixture
def gpio(tmp_path: Path) -> Iterator[GpioPeer]:
    peer = GpioPeer(tmp_path / "gpio.sock")
    yield peer
    peer.unplug()


class Program:
    """A device in a process of its own that sees a twin's kernel devices; see device_program.py."""

    def __init__(self, kernel: Any, driver: str, table: dict[str, object]) -> None:
        variables, prefix = kernel.environment()
        self._child = subprocess.Popen(
            [*prefix, sys.executable, str(DEVICE_PROGRAM), driver, json.dumps(table)],
            env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._told: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def started(self) -> "Program":
        self.order({"start": True})
        assert self.next() == {"opened": True}
        return self

    def order(self, order: dict[str, object]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(order).encode() + b"\n")
        self._child.stdin.flush()

    def next(self) -> dict[str, Any]:
        return self._told.get(timeout=WAIT_S)

    def end(self) -> int:
        """Its exit code; it ends with its standard input."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            return self._child.wait(WAIT_S)
        finally:
            self._child.kill()
            self._listener.join(WAIT_S)

    def _listen(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for line in lines:
                self._told.put(json.loads(line))


@pytest.fixture
def program() -> Iterator[Callable[[Any, str, dict[str, object]], Program]]:
    """Runs a driver by its name and table where it sees a twin's kernel devices."""
    made: list[Program] = []

    def build(kernel: Any, driver: str, table: dict[str, object]) -> Program:
        made.append(Program(kernel, driver, table))
        return made[-1]

    yield build
    assert [each.end() for each in made] == [0] * len(made)
