"""Brings orders to their terminals: at once, and again until they are answered or expired.

A broker may forget a message it has acknowledged; only the terminal's answer, a fact, ends an
order. The same order goes out under the same id, and the terminal carries it out once.
Source: the contract between terminal and centre, version 1, "Orders".
"""

import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event, Thread

from sqlalchemy import RowMapping, select, update
from sqlalchemy.engine import Connection, Engine

from central.dispatch.schedule import Schedule
from central.service import moments, returns
from central.service.context import Actor, Context
from central.store.schema import order_outbox
from central.store.writer import Writer, WriterStopped
from hal.events.topics import Branch

POLL_S = 1.0
"""How often the table is looked at when nobody wakes us."""
_ACTOR = Actor("centre", "centre")
_PENDING = "pending"

Publish = Callable[[str, bytes, int], bool]
"""(topic, body, expiry in seconds) → whether there is a line to send it on."""

log = logging.getLogger(__name__)


class Dispatch:
    """Runs in a thread of its own. `wake` and `connected` may be called from any thread."""

    def __init__(
        self, writer: Writer, readers: Engine, publish: Publish, now: Callable[[], datetime]
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._publish = publish
        self._now = now
        self._schedule = Schedule(random.uniform)
        self._woken = Event()
        self._new_line = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="dispatch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Send nothing more. To be called before the writer stops."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def wake(self) -> None:
        """There may be new orders or answers: look now. Never blocks."""
        self._woken.set()

    def connected(self) -> None:
        """The line is new: send every pending order now."""
        self._new_line.set()
        self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            pause_s = POLL_S
            try:
                pause_s = self.look(time.monotonic())
            except WriterStopped:
                return
            except Exception:  # atop the task: the next look may find the database usable
                log.exception("Orders could not be sent; trying again.")
            self._woken.wait(pause_s)

    def look(self, now_s: float) -> float:
        """Send what is due at `now_s`, a monotonic moment; returns how long nothing will be."""
        if self._new_line.is_set():
            self._new_line.clear()
            self._schedule.all_due()
        now = self._now()
        rows = self._pending()
        self._schedule.keep(row["id"] for row in rows)
        over = [row["id"] for row in rows if moments.read(row["expires_at"]) <= now]
        sent = self._send([row for row in rows if row["id"] not in over], now, now_s)
        if over or sent:
            self._writer.submit(lambda connection: _note(connection, sent, over, now))
        next_s = self._schedule.next_s()
        return POLL_S if next_s is None else min(POLL_S, max(0.0, next_s - now_s))

    def _pending(self) -> Sequence[RowMapping]:
        query = (
            select(order_outbox)
            .where(order_outbox.c.state == _PENDING)
            .order_by(order_outbox.c.created_at, order_outbox.c.id)
        )
        with self._readers.connect() as connection:
            return connection.execute(query).mappings().all()

    def _send(self, rows: Sequence[RowMapping], now: datetime, now_s: float) -> list[str]:
        sent: list[str] = []
        for row in rows:
            if not self._schedule.is_due(row["id"], now_s):
                continue
            topic = Branch(row["site"], row["terminal"]).order(row["device"], row["verb"])
            left_s = (moments.read(row["expires_at"]) - now).total_seconds()
            if not self._publish(topic, row["body"], math.ceil(left_s)):
                break
            self._schedule.sent(row["id"], now_s)
            sent.append(row["id"])
        return sent


def _note(connection: Connection, sent: list[str], over: list[str], now: datetime) -> None:
    table = order_outbox
    if sent:
        counted = update(table).where(table.c.id.in_(sent))
        connection.execute(counted.values(attempts=table.c.attempts + 1))
    context = Context(connection, now, _ACTOR)
    for id in over:
        expired = update(table).where(table.c.id == id, table.c.state == _PENDING)
        if connection.execute(expired.values(state="expired")).rowcount:
            context.audit("order.expired", id)
            order = connection.execute(select(table).where(table.c.id == id)).mappings().one()
            returns.expired(context, order)
