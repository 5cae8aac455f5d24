"""The watchdog is fed by work that passes through every part, and by nothing else."""

import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from firmware.notify import Notifier
from firmware.watchdog import Watchdog

DEADLINE_S = 10
SHORT_S = 0.05


class Part:
    """Something with a queue and a thread, as the window is; `hold` keeps the thread busy."""

    def __init__(self) -> None:
        self._work: Queue[Callable[[], None] | None] = Queue()
        self._go: Queue[None] = Queue()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def probe(self, done: Callable[[], None]) -> None:
        self._work.put(done)

    def hold(self) -> None:
        self._work.put(lambda: self._go.get(timeout=DEADLINE_S))

    def release(self) -> None:
        self._go.put(None)

    def stop(self) -> None:
        self._work.put(None)
        self._thread.join(DEADLINE_S)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(DEADLINE_S)
        yield listening


@pytest.fixture
def parts() -> Iterator[dict[str, Part]]:
    parts = {"window": Part(), "supervisor": Part(), "sender": Part()}
    yield parts
    for part in parts.values():
        part.stop()


@pytest.fixture
def watchdog(parts: dict[str, Part], manager: socket.socket, tmp_path: Path) -> Iterator[Watchdog]:
    probes = {name: part.probe for name, part in parts.items()}
    notifier = Notifier(str(tmp_path / "notify"))
    watchdog = Watchdog(probes, notifier.alive, SHORT_S)
    yield watchdog
    watchdog.stop()
    notifier.close()


class Heard(logging.Handler):
    """What was logged, to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Queue[tuple[str, object]] = Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put((record.getMessage(), record.__dict__.get("part")))


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    logging.getLogger("firmware.watchdog").addHandler(heard)
    yield heard
    logging.getLogger("firmware.watchdog").removeHandler(heard)


def test_a_terminal_that_works_feeds_it(watchdog: Watchdog, manager: socket.socket) -> None:
    """Round after round, one datagram each."""
    watchdog.start()
    assert [manager.recv(64) for _ in range(3)] == [b"WATCHDOG=1"] * 3


@pytest.mark.parametrize("stuck", ["window", "supervisor", "sender"])
def test_a_stuck_part_starves_it(
    watchdog: Watchdog, manager: socket.socket, parts: dict[str, Part], heard: Heard, stuck: str
) -> None:
    """No feeding while one part does not come to its queue; a log line names it; then on again."""
    parts[stuck].hold()
    watchdog.start()
    assert heard.lines.get(timeout=DEADLINE_S) == ("part is stuck", stuck)
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(64)
    parts[stuck].release()
    assert heard.lines.get(timeout=DEADLINE_S) == ("stuck parts go on", None)
    manager.settimeout(DEADLINE_S)
    assert manager.recv(64) == b"WATCHDOG=1"
    assert heard.lines.empty()


def test_it_ends_while_a_part_is_stuck(
    watchdog: Watchdog, manager: socket.socket, parts: dict[str, Part], heard: Heard
) -> None:
    """Stopping waits for nobody, and is no feeding."""
    parts["window"].hold()
    watchdog.start()
    heard.lines.get(timeout=DEADLINE_S)
    watchdog.stop()
    parts["window"].release()
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(64)
