"""From what happened to the bytes of a fact: identity, time, place, seal.

Source: the contract between terminal and centre, version 1, "A fact".
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from firmware.seal import Seal
from hal.clock import Clock, rfc3339
from hal.events.envelope import (
    PLAIN,
    SEALED,
    VISIT_PREFIX,
    Fact,
    encode_fact,
    fact_type,
    seal_info,
)
from hal.events.facts import FACTS, Data
from hal.events.ids import new_ulid
from hal.events.topics import Branch


@dataclass(frozen=True)
class Draft:
    """Something that happened, before it has a sequence. `visit` None: it belongs to nobody."""

    device: str
    role: str
    name: str
    data: Data
    visit: str | None = None


class Stamp:
    """Knows where and in which run of the terminal things happen."""

    def __init__(self, branch: Branch, clock: Clock, seal: Seal) -> None:
        self._branch = branch
        self._clock = clock
        self._seal = seal
        self._start_ns = clock.monotonic_ns()
        self.boot = self.new_id()

    def new_id(self) -> str:
        """A fresh ULID of this moment."""
        return new_ulid(int(self._clock.now().timestamp() * 1000))

    def writer(self, epoch: str) -> Callable[[Draft, int], tuple[str, bytes]]:
        """(draft, sequence) → (topic, bytes) in `epoch`; personal data leaves here sealed."""
        return lambda draft, sequence: self._write(draft, str(sequence), epoch)

    def _write(self, draft: Draft, sequence: str, epoch: str) -> tuple[str, bytes]:
        kind = f"{draft.role}.{draft.name}"
        personal = FACTS[kind].dataclass == "personal"
        source = self._branch.source(draft.device)
        type_ = fact_type(draft.role, draft.name)
        id_ = self.new_id()
        time = rfc3339(self._clock.now())
        subject = None if draft.visit is None else VISIT_PREFIX + draft.visit
        data = msgspec.json.encode(draft.data)
        if personal:
            info = seal_info(
                source=source,
                type=type_,
                id=id_,
                epoch=epoch,
                sequence=sequence,
                subject=subject,
                time=time,
            )
            data = msgspec.json.encode(self._seal(data, info))
        fact = Fact(
            specversion="1.0",
            id=id_,
            source=source,
            type=type_,
            time=time,
            subject=subject,
            datacontenttype=SEALED if personal else PLAIN,
            sequence=sequence,
            epoch=epoch,
            boot=self.boot,
            mono=str(self._clock.monotonic_ns() - self._start_ns),
            clock=self._clock.quality(),
            dataclass="personal" if personal else "operational",
            data=msgspec.Raw(data),
        )
        return self._branch.fact(draft.device, draft.name), encode_fact(fact)
