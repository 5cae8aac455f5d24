"""Carrying out commands once: the key, the effect and the answer share one transaction."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.engine import Connection

from central.domain.errors import Incorrect
from central.service.context import Actor, Context
from central.service.views import View
from central.store import schema
from central.store.writer import Writer


@dataclass(frozen=True)
class Request:
    """One command as it came in. `body` is its canonical JSON."""

    key: str
    actor: Actor
    method: str
    path: str
    body: str

    @property
    def hash(self) -> str:
        """Equal for requests that ask the same of the same path for the same principal."""
        parts = (self.actor.name, self.method, self.path, self.body)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """The answer's status and JSON; `replayed` when it was given before."""

    status: int
    answer: str
    replayed: bool = False


class Commands:
    """Runs use cases in the writer's thread. `done` is called after each, once it is kept."""

    def __init__(
        self, writer: Writer, now: Callable[[], datetime], done: Callable[[], None]
    ) -> None:
        self._writer = writer
        self._now = now
        self._done = done

    def submit(
        self, request: Request, status: int, use_case: Callable[[Context], View]
    ) -> Future[Outcome]:
        """Carry out `use_case`, or repeat the answer that its key got before.

        The future resolves after the COMMIT; it carries the use case's RuleError when it is
        refused (then the key stays free), or Incorrect when the key belongs to another request.
        """

        def work(connection: Connection) -> Outcome:
            known = _find(connection, request.key)
            if known is not None:
                return _replay(known, request)
            view = use_case(Context(connection, self._now(), request.actor))
            outcome = Outcome(status, view.model_dump_json())
            _keep(connection, request, outcome)
            return outcome

        future = self._writer.submit(work)
        future.add_done_callback(lambda _: self._done())
        return future


def _find(connection: Connection, key: str) -> RowMapping | None:
    query = select(schema.command).where(schema.command.c.key == key)
    return connection.execute(query).mappings().one_or_none()


def _replay(known: RowMapping, request: Request) -> Outcome:
    if known["request_hash"] != request.hash:
        raise Incorrect(
            "idempotency_key_reused",
            "This Idempotency-Key belongs to another request; use a new one.",
            "该幂等键已用于其他请求,请更换。",
        )
    return Outcome(known["status"], known["answer"], replayed=True)


def _keep(connection: Connection, request: Request, outcome: Outcome) -> None:
    connection.execute(
        insert(schema.command).values(
            key=request.key,
            principal=request.actor.name,
            method=request.method,
            path=request.path,
            request_hash=request.hash,
            status=outcome.status,
            answer=outcome.answer,
        )
    )
