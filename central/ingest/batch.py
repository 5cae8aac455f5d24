"""What one work of the writer does with a batch of messages."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from central.ingest.decode import Arrived
from central.ingest.keep import Means, keep, keep_aside
from central.ingest.lines import Lines
from central.ingest.notices import NotUnderstood, note
from central.service import reserves, sessions
from central.service.context import Actor, Context
from central.service.places import Place
from hal.events.orders import Receipt
from hal.events.topics import Branch, Topic

_ACTOR = Actor("centre", "centre")
FAULT = "fault"
"""The reason of a fact over which our own program stumbled."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notice:
    """What a registered terminal said about itself."""

    place: Place
    topic: Topic
    body: bytes


Item = Arrived | Notice
Given = tuple[Branch, Receipt]


class Batches:
    """For the writer's thread only. Each method is the work of one submission."""

    def __init__(self, now: Callable[[], datetime], means: Means) -> None:
        self._now = now
        self._means = means
        self._lines = Lines()

    def forget(self) -> None:
        """A COMMIT failed: what was remembered of it is not so."""
        self._lines.forget()

    def store(self, connection: Connection, items: Sequence[Item]) -> list[Given]:
        """Keep all of `items`; the receipts that may be given once this is committed."""
        now = self._now()
        with self._remembering():
            for item in items:
                if isinstance(item, Arrived):
                    keep(connection, item, now, self._means)
                else:
                    _note(connection, item, now, self._means)
            return self._receipts(connection, items)

    def store_aside(self, connection: Connection, arrived: Arrived) -> list[Given]:
        """Keep a fact that `store` stumbled over, so that it does not block its line."""
        with self._remembering():
            keep_aside(connection, arrived, FAULT)
            return self._receipts(connection, [arrived])

    def _receipts(self, connection: Connection, items: Sequence[Item]) -> list[Given]:
        branches: dict[tuple[str, str], Branch] = {}
        for item in items:
            if isinstance(item, Arrived) and item.epoch is not None and item.sequence is not None:
                key = item.message.terminal, item.epoch
                branches[key] = item.message.topic.branch
                self._lines.of(connection, key).add(item.sequence)
        given: list[Given] = []
        for key, branch in branches.items():
            line = self._lines.of(connection, key)
            self._lines.write(connection, key)
            receipt = Receipt(epoch=key[1], committed=line.committed, missing=line.missing)
            given.append((branch, receipt))
        return given

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._lines.forget()
            raise


def _note(connection: Connection, notice: Notice, now: datetime, means: Means) -> None:
    try:
        note(connection, notice.place, notice.topic, notice.body, now)
        context = Context(connection, now, _ACTOR)
        reserves.look(context, notice.place, means.catalogue)
        sessions.look(context, notice.place)
    except NotUnderstood as error:
        log.warning("%s: %s; it was ignored.", notice.topic.branch.root, error)
