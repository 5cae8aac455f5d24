"""What the driver and its child process say to each other: a length, then a body.

A length is four bytes, big endian. A request's body is a letter, PAGE or PREVIEW, and a frame's
JPEG; the answer's is msgpack.
When it is ready the child first sends an answer without being asked, with nothing in it.
"""

import struct

import msgspec

from hal.interfaces import ScannedPage

LENGTH = struct.Struct(">I")
PAGE, PREVIEW = b"g", b"v"
DARK = "the camera sees nothing but darkness"
MOST_BYTES = 64 << 20  # no frame is larger; a greater length means that the two are out of step


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`page` or `preview`, or `fault` if the frame was no picture; none of them: ready."""

    page: ScannedPage | None = None
    preview: bytes | None = None
    fault: str | None = None


def pack(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


def encode(answer: Answer) -> bytes:
    return pack(msgspec.msgpack.encode(answer))


def decode(body: bytes) -> Answer:
    """ValueError (msgspec.ValidationError, DecodeError) if it is none."""
    return msgspec.msgpack.decode(body, type=Answer)
