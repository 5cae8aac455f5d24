"""What every use case is given: who asks, when, and the transaction it happens in."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import insert
from sqlalchemy.engine import Connection

from central.service import moments
from central.store import schema
from hal.events.ids import new_ulid


@dataclass(frozen=True)
class Actor:
    """Who asks: a principal (操作人) with one role, or a terminal."""

    name: str
    role: str


@dataclass(frozen=True)
class Context:
    """One use case's transaction, moment and actor."""

    connection: Connection
    now: datetime
    actor: Actor

    @property
    def moment(self) -> str:
        """`now` as it is written down."""
        return moments.written(self.now)

    def new_id(self) -> str:
        return new_ulid(moments.unix_ms(self.now))

    def audit(self, what: str, subject: str, **detail: object) -> None:
        """Add a row of the trail, in this transaction. Never a citizen's data."""
        self.connection.execute(
            insert(schema.audit).values(
                at=self.moment,
                who=self.actor.name,
                what=what,
                subject=subject,
                detail=msgspec.json.encode(detail).decode(),
            )
        )
