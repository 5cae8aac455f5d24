"""MQTT 5 control packets as they pass: whole ones from a stream, and what a PUBLISH says.

Source: OASIS MQTT Version 5.0, sections 1.5.5 (variable byte integer), 2.1 (fixed header),
3.3 (PUBLISH) and 3.4 (PUBACK).
"""

import asyncio
from dataclasses import dataclass

PUBLISH, PUBACK = 3, 4
MOST_BYTES = 1024 * 1024 + 1024
"""Of one packet: what our broker allows, and some for its head."""
_DUP = 0x08
_MOST_LENGTH_BYTES = 4


class MalformedPacket(ValueError):
    """Bytes that are no control packet; the connection cannot be followed any further."""


@dataclass(frozen=True)
class Packet:
    """One control packet: the first byte, and everything behind the remaining length."""

    first: int
    body: bytes

    @property
    def kind(self) -> int:
        return self.first >> 4

    @property
    def qos(self) -> int:
        return self.first >> 1 & 3

    @property
    def topic(self) -> str:
        """Of a PUBLISH; empty when it goes by a topic alias."""
        return self.body[2 : self._topic_end].decode("utf-8", errors="replace")

    @property
    def identifier(self) -> int:
        """Of a PUBACK, or of a PUBLISH with QoS 1 or 2."""
        at = 0 if self.kind == PUBACK else self._topic_end
        return int.from_bytes(self.body[at : at + 2])

    @property
    def message(self) -> bytes:
        """Topic, properties and payload of a PUBLISH: what is the same in a repetition."""
        end = self._topic_end
        return self.body[:end] + self.body[end + (2 if self.qos else 0) :]

    def again(self, identifier: int) -> "Packet":
        """The PUBLISH once more, marked as a repetition, under another identifier."""
        if not self.qos:
            return self
        end = self._topic_end
        body = self.body[:end] + identifier.to_bytes(2) + self.body[end + 2 :]
        return Packet(self.first | _DUP, body)

    def encode(self) -> bytes:
        return bytes([self.first]) + _length(len(self.body)) + self.body

    @property
    def _topic_end(self) -> int:
        return 2 + int.from_bytes(self.body[:2])


def acknowledge(publish: Packet) -> Packet:
    """The PUBACK of a PUBLISH with QoS 1; without a reason code it means success (3.4.2.1)."""
    return Packet(PUBACK << 4, publish.identifier.to_bytes(2))


async def read(stream: asyncio.StreamReader) -> Packet:
    """The next whole packet, however it is cut on the way.

    asyncio.IncompleteReadError when the stream ends, MalformedPacket when it carries no MQTT.
    """
    first = (await stream.readexactly(1))[0]
    length = 0
    for place in range(_MOST_LENGTH_BYTES):
        byte = (await stream.readexactly(1))[0]
        length |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            break
    else:
        raise MalformedPacket("the remaining length has more than four bytes")
    if length > MOST_BYTES:
        raise MalformedPacket(f"a packet of {length} bytes")
    return Packet(first, await stream.readexactly(length))


def _length(number: int) -> bytes:
    digits = bytearray()
    while True:
        number, digit = number >> 7, number & 0x7F
        digits.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(digits)
