"""A fact in its CloudEvents 1.0 envelope, and the bytes a sealed one is bound to.

Source: the contract between terminal and centre, version 1, "A fact"; CloudEvents 1.0.2,
sections "Context Attributes" and "Type System" (an Integer has 32 bits, hence the texts).
"""

import re
from typing import Literal

import msgspec

CONTENT_TYPE = "application/cloudevents+json"
PLAIN = "application/json"
SEALED = "application/vnd.onewindow.sealed+json"
VISIT_PREFIX = "visit/"
TYPE_PREFIX = "cn.onewindow."

Clock = Literal["synced", "holdover", "unknown"]
DataClass = Literal["operational", "personal"]

_TYPE = re.compile(r"cn\.onewindow\.([a-z_]+)\.([a-z_]+)\.v1")
_DIGITS = re.compile(r"[0-9]{1,19}")
_INT64_MAX = (1 << 63) - 1


class EnvelopeError(ValueError):
    """Bytes that are no fact of this contract. Keep them, with this reason, and go on."""


class SealedData(msgspec.Struct, frozen=True):
    """The `data` of a personal fact: `box` is base64url(enc‖ciphertext) without padding."""

    kid: str
    box: str


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. Immutable; a repeat is the same bytes.

    `sequence` is contiguous per (terminal, epoch), from 1. `mono` is nanoseconds since `boot`.
    `subject` is `visit/{ULID}`, or absent when no visit was open; then it is never bound to one.
    `data` is the type's payload, or `SealedData` when `dataclass` is `personal`.
    """

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    subject: str | None = None
    datacontenttype: str
    sequence: str
    epoch: str
    boot: str
    mono: str
    clock: Clock
    dataclass: DataClass
    data: msgspec.Raw

    @property
    def number(self) -> int:
        """The sequence as a number."""
        return int(self.sequence)

    @property
    def visit(self) -> str | None:
        """The id of the visit that was open, None if there was none."""
        return self.subject.removeprefix(VISIT_PREFIX) if self.subject else None


_decoder = msgspec.json.Decoder(Fact)
_encoder = msgspec.json.Encoder()


def encode_fact(fact: Fact) -> bytes:
    """The bytes of `fact` as they go into the outbox and over the wire."""
    return _encoder.encode(fact)


def decode_fact(body: bytes) -> Fact:
    """Read and check an envelope; EnvelopeError says what is wrong with it.

    Fields that this version does not know are ignored. The payload in `data` is not looked at.
    """
    try:
        fact = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EnvelopeError(str(error)) from error
    for name in ("sequence", "mono"):
        text = getattr(fact, name)
        if not _DIGITS.fullmatch(text) or int(text) > _INT64_MAX:
            raise EnvelopeError(f"{name} is not a 64-bit number as text")
    if fact.number < 1:
        raise EnvelopeError("sequence starts at 1")
    if not (fact.id and fact.epoch and fact.boot and fact.time):
        raise EnvelopeError("id, epoch, boot and time must not be empty")
    if fact.subject is not None and not fact.subject.startswith(VISIT_PREFIX):
        raise EnvelopeError("subject must be visit/{id}, or be left out")
    expected = SEALED if fact.dataclass == "personal" else PLAIN
    if fact.datacontenttype != expected:
        raise EnvelopeError(f"a fact of class {fact.dataclass} must be {expected}")
    return fact


def fact_type(role: str, name: str) -> str:
    """`cn.onewindow.{role}.{name}.v1`."""
    return f"{TYPE_PREFIX}{role}.{name}.v1"


def split_type(text: str) -> tuple[str, str]:
    """(role, name) of a type; EnvelopeError if it is not of the form above."""
    match = _TYPE.fullmatch(text)
    if match is None:
        raise EnvelopeError(f"not a type of this contract: {text!r}")
    return match[1], match[2]


def seal_info(
    *, source: str, type: str, id: str, epoch: str, sequence: str, subject: str | None, time: str
) -> bytes:
    """The HPKE `info` that ties a box to its envelope: a box moved elsewhere does not open."""
    return "\n".join(
        ("onewindow/1", source, type, id, epoch, sequence, subject or "", time)
    ).encode()


def info_of(fact: Fact) -> bytes:
    """`seal_info` of a fact that has been decoded."""
    return seal_info(
        source=fact.source,
        type=fact.type,
        id=fact.id,
        epoch=fact.epoch,
        sequence=fact.sequence,
        subject=fact.subject,
        time=fact.time,
    )
