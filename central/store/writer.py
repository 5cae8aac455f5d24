"""The one thread that changes the database, many works to a COMMIT.

A COMMIT with `synchronous = FULL` costs an fsync, a work some microseconds; so works that come
close together share one. Each runs in a savepoint of its own: one that fails takes no other with
it. Whoever submitted a work hears of it after the COMMIT, never before.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Table, update
from sqlalchemy.engine import Connection, Engine

from central.store import schema

GROUP_WORKS = 256
GROUP_S = 0.005

T = TypeVar("T")


class WriterStopped(RuntimeError):
    """The writer takes no more work: the centre is shutting down. Try again at the next one."""


@dataclass
class _Work:
    run: Callable[[Connection], Any]
    future: Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Runs works in order in one thread. `now` gives the moment that `stored_at` gets."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._stopping = False
        self._listeners: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._loop, name="writer")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what was submitted, then end. Returns when the thread has ended."""
        with self._gate:
            if not self._stopping:
                self._stopping = True
                self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` in the writer's thread after each COMMIT; it must not block or raise.

        To be called before `start`.
        """
        self._listeners.append(listener)

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Have `work` run in the writer's thread, in a savepoint; never blocks.

        The future resolves after the COMMIT. It carries what `work` raised (its changes are
        undone, nobody else's), or the error that made the whole group's COMMIT fail.
        WriterStopped once `stop` was called.
        """
        future: Future[T] = Future()
        with self._gate:
            if self._stopping:
                raise WriterStopped("the centre is stopping; try again in a moment")
            self._queue.put(_Work(work, future))
        return future

    def _loop(self) -> None:
        ended = False
        while not ended:
            first = self._queue.get()
            if first is None:
                return
            group = _Group(self._queue, first)
            self._commit(group)
            self._settle(group.works)
            ended = group.ended

    def _commit(self, group: "_Group") -> None:
        try:
            with self._engine.begin() as connection:
                for work in group:
                    _attempt(connection, work)
                self._stamp(connection)
        except Exception as error:  # noqa: BLE001  atop the group: its submitters get the error
            for work in group.works:
                work.error = work.error or error

    def _stamp(self, connection: Connection) -> None:
        moment = self._now().isoformat(timespec="microseconds")
        for table in (schema.fact, schema.command):
            connection.execute(_unstamped(table).values(stored_at=moment))

    def _settle(self, works: list[_Work]) -> None:
        for work in works:
            if work.error is not None:
                work.future.set_exception(work.error)
            else:
                work.future.set_result(work.result)
        for listener in self._listeners:
            listener()


class _Group:
    """The works of one COMMIT: the first, and those that come while there is time and room."""

    def __init__(self, source: "queue.SimpleQueue[_Work | None]", first: _Work) -> None:
        self._source = source
        self.works: list[_Work] = []
        self.ended = False
        self._take(first)

    def __iter__(self) -> Iterator[_Work]:
        deadline = time.monotonic() + GROUP_S
        yield from list(self.works)
        while len(self.works) < GROUP_WORKS:
            try:
                work = self._source.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if work is None:
                self.ended = True
                return
            if self._take(work):
                yield work

    def _take(self, work: _Work) -> bool:
        if not work.future.set_running_or_notify_cancel():
            return False
        self.works.append(work)
        return True


def _attempt(connection: Connection, work: _Work) -> None:
    try:
        with connection.begin_nested():
            work.result = work.run(connection)
    except Exception as error:
        work.error = error
        # SQLite may have given up the whole transaction (disk full): then so must the group.
        if not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
            raise


def _unstamped(table: Table) -> Any:
    return update(table).where(table.c.stored_at.is_(None))
