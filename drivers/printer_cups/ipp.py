"""What is asked of a print queue and what it answers: IPP messages, as bytes.

Source: RFC 8010 (encoding), RFC 8011 (operations, states), CUPS' "CUPS Implementation of IPP".
Only what a queue of this machine needs; a value of a kind that is not known stays bytes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

PRINT_JOB, CANCEL_JOB, GET_JOB, GET_JOBS, GET_PRINTER = 0x0002, 0x0008, 0x0009, 0x000A, 0x000B
CANCELED, ABORTED, COMPLETED = 7, 8, 9
"""job-state, RFC 8011 section 5.3.7."""
PROCESSING, STOPPED = 4, 5
"""printer-state, section 5.4.11."""

INTEGER, BOOLEAN, ENUM = 0x21, 0x22, 0x23
NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = 0x42, 0x44, 0x45, 0x47, 0x48, 0x49
_VERSION = (2, 0)
_OPERATION, _END, _LAST_DELIMITER = 0x01, 0x03, 0x0F
_HEAD = struct.Struct(">BBHI")
_TEXTS = range(0x41, 0x4A)

Value = int | str | bytes
Attribute = tuple[int, str, int | str]
"""Tag, name, value. An empty name: one more value of the attribute before it."""


class IppError(ValueError):
    """Bytes that are no answer of IPP."""


@dataclass(frozen=True)
class Answer:
    """`status`: below 0x0100 is good. `values` of all groups, by attribute name."""

    status: int
    values: dict[str, list[Value]] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.status < 0x0100

    def number(self, name: str) -> int | None:
        """The first value of `name`, if it is a number."""
        value = next(iter(self.values.get(name, [])), None)
        return value if isinstance(value, int) else None

    def numbers(self, name: str) -> list[int]:
        return [value for value in self.values.get(name, []) if isinstance(value, int)]

    def words(self, name: str) -> list[str]:
        return [value for value in self.values.get(name, []) if isinstance(value, str)]


def request(operation: int, attributes: Sequence[Attribute], number: int = 1) -> bytes:
    """A request without its document. Charset and language stand first by themselves."""
    first: list[Attribute] = [
        (CHARSET, "attributes-charset", "utf-8"),
        (LANGUAGE, "attributes-natural-language", "en"),
    ]
    body = _HEAD.pack(*_VERSION, operation, number) + bytes([_OPERATION])
    for tag, name, value in (*first, *attributes):
        body += bytes([tag]) + _counted(name.encode()) + _counted(_packed(tag, value))
    return body + bytes([_END])


def read(body: bytes) -> Answer:
    """An answer; IppError if it is cut or none."""
    try:
        _, _, status, _ = _HEAD.unpack_from(body)
        values: dict[str, list[Value]] = {}
        at, name = _HEAD.size, ""
        while (tag := body[at]) != _END:
            at += 1
            if tag <= _LAST_DELIMITER:
                continue
            told, at = _part(body, at)
            value, at = _part(body, at)
            name = told.decode() or name
            values.setdefault(name, []).append(_value(tag, value))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise IppError("not an answer of IPP") from error
    return Answer(status, values)


def _packed(tag: int, value: int | str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return bytes([value]) if tag == BOOLEAN else struct.pack(">i", value)


def _counted(part: bytes) -> bytes:
    return struct.pack(">H", len(part)) + part


def _part(body: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", body, at)
    end = at + 2 + length
    if end > len(body):
        raise IndexError
    return body[at + 2 : end], end


def _value(tag: int, value: bytes) -> Value:
    if tag in (INTEGER, ENUM):
        return int(struct.unpack(">i", value)[0])
    if tag == BOOLEAN:
        return value[0]
    return value.decode() if tag in _TEXTS else value
