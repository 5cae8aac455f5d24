"""From a message to a fact that can be stored: read, checked, opened. No database here."""

import re
from dataclasses import dataclass

from central.ingest.keys import Keys, Unopenable
from central.service.places import Places
from central.service.received import ReceivedFact
from hal.events.envelope import EnvelopeError, Fact, decode_fact, split_type
from hal.events.facts import FACTS, decode_data
from hal.events.topics import Topic

# For an envelope that cannot be read: where it stood in its line, so that it blocks nothing.
_EPOCH = re.compile(rb'"epoch"\s*:\s*"([0-9A-Za-z-]{1,64})"')
_SEQUENCE = re.compile(rb'"sequence"\s*:\s*"([0-9]{1,18})"')


@dataclass(frozen=True)
class Message:
    """What came from the broker below `fact/`."""

    topic: Topic
    body: bytes

    @property
    def terminal(self) -> str:
        return self.topic.branch.terminal


@dataclass(frozen=True)
class Arrived:
    """A message as it will be stored. `received` is None when `reason` says what is wrong."""

    message: Message
    epoch: str | None
    sequence: int | None
    envelope: Fact | None
    received: ReceivedFact | None
    reason: str | None


class _Bad(Exception):
    """The reason code under which the message is set aside."""


def decode(message: Message, places: Places, keys: Keys) -> Arrived:
    """Read a message; whatever is wrong with it becomes a reason, never an exception."""
    try:
        fact = decode_fact(message.body)
    except EnvelopeError:
        return _broken(message)
    try:
        received = _check(message, fact, places, keys)
    except _Bad as bad:
        return Arrived(message, fact.epoch, fact.number, fact, None, str(bad))
    return Arrived(message, fact.epoch, fact.number, fact, received, None)


def _broken(message: Message) -> Arrived:
    epoch, sequence = _EPOCH.search(message.body), _SEQUENCE.search(message.body)
    found = epoch is not None and sequence is not None and int(sequence[1]) > 0
    return Arrived(
        message,
        epoch[1].decode() if epoch and found else None,
        int(sequence[1]) if sequence and found else None,
        None,
        None,
        "bad_envelope",
    )


def _check(message: Message, fact: Fact, places: Places, keys: Keys) -> ReceivedFact:
    branch, rest = message.topic.branch, message.topic.rest
    place = places.find(branch.terminal)
    if place is None:
        raise _Bad("unregistered_terminal")
    if place.site != branch.site:
        raise _Bad("foreign_site")
    try:
        role, name = split_type(fact.type)
    except EnvelopeError:
        raise _Bad("unknown_type") from None
    if len(rest) != 2 or rest[1] != name or fact.source != branch.source(rest[0]):
        raise _Bad("foreign_source")
    kind = f"{role}.{name}"
    if kind not in FACTS:
        raise _Bad("unknown_type")
    if FACTS[kind].dataclass != fact.dataclass:
        raise _Bad("wrong_dataclass")
    try:
        data = decode_data(kind, keys.open(fact) if fact.dataclass == "personal" else fact.data)
    except Unopenable:
        raise _Bad("unopenable") from None
    except EnvelopeError:
        raise _Bad("bad_data") from None
    return ReceivedFact(
        id=fact.id,
        terminal=branch.terminal,
        device=rest[0],
        role=role,
        name=name,
        epoch=fact.epoch,
        sequence=fact.number,
        visit=fact.visit,
        time=fact.time,
        data=data,
        site=branch.site,
        clock=fact.clock,
    )
