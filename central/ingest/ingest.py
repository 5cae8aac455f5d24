"""From the broker into the database: batches, one work of the writer each, then receipts.

`receive` only puts messages into a queue. One thread reads and opens them and hands what lies
there to the writer, which commits what comes within 5 ms together; so a batch is as large as the
load makes it. What a COMMIT did not keep gets no receipt, and its terminal sends it again.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from queue import Empty, Queue
from threading import Event, Semaphore, Thread

from sqlalchemy.exc import OperationalError

from central.ingest.batch import Batches, Given, Item, Notice
from central.ingest.decode import Arrived, Message, decode
from central.ingest.keep import Means
from central.ingest.keys import Keys
from central.ingest.terminal_logs import TerminalLogs
from central.service.catalogue import Catalogue
from central.service.places import Places
from central.store.writer import Writer, WriterStopped
from hal.events.orders import Receipt
from hal.events.topics import Branch, TopicError, parse_topic

BATCH_MESSAGES = 256
MOST_WAITING = 20_000
"""Messages between the broker and the database; beyond that the network thread waits."""
MOST_UNDER_WAY = 4
"""Batches handed to the writer that have not been committed."""
_MOST_COMPLAINTS = 1000

log = logging.getLogger(__name__)


class Ingest:
    """`give` is called in the writer's thread, after the COMMIT that its receipt speaks of."""

    def __init__(
        self,
        writer: Writer,
        keys: Keys,
        places: Places,
        catalogue: Catalogue,
        logs: TerminalLogs,
        now: Callable[[], datetime],
        give: Callable[[Branch, Receipt], None],
    ) -> None:
        self._writer = writer
        self._keys = keys
        self._places = places
        self._give = give
        self._logs = logs
        self._batches = Batches(now, Means(catalogue, lambda told: decode(told, places, keys)))
        self._queue: Queue[tuple[str, bytes] | None] = Queue(MOST_WAITING)
        self._room = Semaphore(MOST_UNDER_WAY)
        self._stopping = Event()
        self._said: set[str] = set()
        self._thread = Thread(target=self._run, name="ingest", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Hand over what was received, then end. To be called before the writer stops."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def receive(self, topic: str, body: bytes) -> None:
        """Take a message from the network thread; waits when the database is far behind."""
        if not self._stopping.is_set():
            self._queue.put((topic, body))

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._take()
            items = [item for topic, body in batch if (item := self._read(topic, body))]
            if items:
                self._room.acquire()
                try:
                    self._submit(items, self._room.release)
                except WriterStopped:
                    return

    def _take(self) -> tuple[list[tuple[str, bytes]], bool]:
        """Wait for a message, and take what else is there; whether it was the end."""
        batch: list[tuple[str, bytes]] = []
        message = self._queue.get()
        while message is not None:
            batch.append(message)
            if len(batch) == BATCH_MESSAGES:
                return batch, False
            try:
                message = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _read(self, text: str, body: bytes) -> Item | None:
        try:
            topic = parse_topic(text)
        except TopicError:
            self._say("A message under a topic that is not of the contract was ignored.")
            return None
        if topic.channel == "fact":
            return decode(Message(topic, body), self._places, self._keys)
        place = self._places.find(topic.branch.terminal)
        if place is None or place.site != topic.branch.site:
            self._say(f"{topic.branch.root} is not in the register; its notices are ignored.")
            return None
        if topic.channel == "log" and len(topic.rest) == 1:
            self._logs.add(place.terminal, topic.rest[0], body)
            return None
        return Notice(place, topic, body) if body else None

    def _submit(self, items: list[Item], settled: Callable[[], object]) -> None:
        def after(done: Future[list[Given]]) -> None:
            settled()
            self._settle(done, items)

        work = self._writer.submit(lambda connection: self._batches.store(connection, items))
        work.add_done_callback(after)

    def _settle(self, done: Future[list[Given]], items: list[Item]) -> None:
        """In the writer's thread, after the COMMIT or what came in its place."""
        error = done.exception()
        if error is None:
            for branch, receipt in done.result():
                self._give(branch, receipt)
            return
        self._batches.forget()
        if isinstance(error, OperationalError):
            log.error("Facts could not be stored; they will be sent again.", exc_info=error)
            return
        with suppress(WriterStopped):
            self._one_by_one(items, error)

    def _one_by_one(self, items: list[Item], error: BaseException) -> None:
        """Find the one over which our program stumbles, so that it takes no other with it."""
        if len(items) > 1:
            for item in items:
                self._submit([item], lambda: None)
            return
        log.error("A message could not be carried out; it is set aside.", exc_info=error)
        item = items[0]
        if isinstance(item, Arrived):
            work = self._writer.submit(
                lambda connection: self._batches.store_aside(connection, item)
            )
            work.add_done_callback(self._settle_aside)

    def _settle_aside(self, done: Future[list[Given]]) -> None:
        if done.exception() is None:
            for branch, receipt in done.result():
                self._give(branch, receipt)
        else:
            self._batches.forget()
            log.error("A fact could not even be set aside.", exc_info=done.exception())

    def _say(self, what: str) -> None:
        """Log it once: a broken terminal would fill the log."""
        if what not in self._said and len(self._said) < _MOST_COMPLAINTS:
            self._said.add(what)
            log.warning(what)
