"""The record of what people and devices did: acts.jsonl, which the judge reads.

One act, up to three lines: attempted; sent, when the last byte of the device's message was out;
acknowledged, when the person saw the answer. Every line is one write to a file opened for
appending, so lines of several writers never mix. Each retry is an act of its own.
"""

import json
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Now = Callable[[], datetime]


def new_id(now: datetime) -> str:
    """A fresh ULID: 48 bits of milliseconds, 80 of chance, Crockford's base 32."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True)
class Act:
    """One attempt. `content` is what the judge looks for in the centre's database."""

    id: str
    number: int
    kind: str
    actor: str
    terminal: str | None = None


class Witness(Protocol):
    """Somebody who wants to know when acts begin and end, on the actor's own thread."""

    def attempted(self, act: Act) -> None:
        """`act` is on record as attempted; nothing of it has been sent."""

    def acknowledging(self, act: Act) -> None:
        """The person has the answer; it goes on record when this returns."""


class Acts:
    """Writes acts.jsonl; safe to use from several threads."""

    def __init__(self, path: Path, now: Now) -> None:
        self.path = path
        self.witness: Witness | None = None
        self._now = now
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._count = 0

    @property
    def count(self) -> int:
        """How many acts were attempted so far."""
        return self._count

    def close(self) -> None:
        os.close(self._file)

    def attempted(
        self,
        kind: str,
        actor: str,
        content: str,
        *,
        terminal: str | None = None,
        ticket: str | None = None,
        path: str | None = None,
    ) -> Act:
        """Put a new act on record, before anything of it happens."""
        with self._lock:
            self._count += 1
            act = Act(new_id(self._now()), self._count, kind, actor, terminal)
            details = {"actor": actor, "kind": kind, "terminal": terminal, "ticket": ticket}
            where = {} if path is None else {"path": path}
            self._write(act, "attempted", {**details, "content": content, **where})
        if self.witness is not None:
            self.witness.attempted(act)
        return act

    def sent(self, act: Act) -> None:
        """The last byte of the device's message is out, now."""
        with self._lock:
            self._write(act, "sent", {})

    def acknowledged(self, act: Act) -> None:
        """The person saw the answer to `act`."""
        if self.witness is not None:
            self.witness.acknowledging(act)
        with self._lock:
            self._write(act, "acknowledged", {})

    def _write(self, act: Act, phase: str, more: dict[str, str | None]) -> None:
        at = self._now().isoformat(timespec="microseconds")
        line = json.dumps({"act": act.id, "phase": phase, "at": at, **more}, ensure_ascii=False)
        os.write(self._file, line.encode() + b"\n")
