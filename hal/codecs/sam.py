"""Frames of the resident-ID reader's SAM module (居民身份证阅读器安全模块), pure.

Source: docs/protocols/resident-id-reader.md, "Frames"; GA/T 467-2019. Bytes in, frames out; no
port and no clock here.

    host    AA AA AA 96 69 | length(2) | CMD PARA data… | check
    module  AA AA AA 96 69 | length(2) | SW1 SW2 SW3 data… | check

`length` counts what follows it, `check` included; `check` is the XOR of all bytes from `length` on.
"""

import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import xor

from hal.codecs.sam_status import Status
from hal.errors import WireError

PREAMBLE = bytes.fromhex("AAAAAA9669")
_LENGTH_SIZE = 2
_STATUS_SIZE = 3
_SHORTEST = _STATUS_SIZE + 1
LONGEST = 0x090A  # text, photo and fingerprint: the longest reply the module knows
_SAM_ID = struct.Struct("<HHIII")
_OLD_MODULE = (5, 1)


class Command(IntEnum):
    """CMD and PARA as one number."""

    RESET = 0x10FF
    STATUS = 0x11FF
    SAM_ID = 0x12FF
    FIND = 0x2001
    SELECT = 0x2002
    READ_BASE = 0x3001
    READ_BASE_AND_FINGERPRINT = 0x3010
    READ_NEW_ADDRESS = 0x3003


# What follows the status of a success. Where modules may differ, and a reply taken for another
# does no harm, more sizes than the published one are taken.
_DATA_SIZES: dict[Command, Container[int]] = {
    Command.RESET: range(8),
    Command.STATUS: range(8),
    Command.SAM_ID: (_SAM_ID.size,),
    Command.FIND: range(16),
    Command.SELECT: range(16),
    Command.READ_BASE: (1284,),
    Command.READ_BASE_AND_FINGERPRINT: (1284, 1286, 2310),
    Command.READ_NEW_ADDRESS: range(0, 512, 2),
}


@dataclass(frozen=True)
class Reply:
    """One frame of the module with a good checksum. `status` is SW1 SW2 SW3 as it came."""

    status: bytes
    data: bytes

    @property
    def sw3(self) -> int:
        return self.status[2]


def command(order: Command) -> bytes:
    """The bytes of a command without data."""
    body = b"\x00\x03" + order.to_bytes(2, "big")
    return PREAMBLE + body + bytes([_check(body)])


def answers(order: Command, reply: Reply) -> bool:
    """Whether `reply` can be one to `order`. One left over from an earlier order often cannot."""
    if reply.sw3 not in (Status.DONE, Status.FOUND):
        return True
    success = Status.FOUND if order is Command.FIND else Status.DONE
    return reply.sw3 == success and len(reply.data) in _DATA_SIZES[order]


@dataclass(frozen=True)
class SamId:
    """The module's own number, as it is printed on it. `old` modules read no fingerprints."""

    text: str
    old: bool


def sam_id(data: bytes) -> SamId:
    """The 16 bytes of a SAM id. WireError for any other number of bytes."""
    try:
        kind, maker, day, first, second = _SAM_ID.unpack(data)
    except struct.error as error:
        raise WireError("a SAM id has 16 bytes") from error
    text = f"{kind:02d}.{maker:02d}-{day:08d}-{first:010d}-{second:010d}"
    return SamId(text, (kind, maker) == _OLD_MODULE)


class Deframer:
    """Takes the module's bytes in chunks of any size, gives whole frames.

    Keeps at most one frame's worth of bytes. After damage it looks for the next preamble, so the
    first whole frame that follows is found; where a damaged length hides it, `gap` finds it when
    the line falls still. `damaged` counts frames with a wrong checksum or an impossible length. An
    echo of the host's own command is a frame too short for a status, and is left out.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Reply]:
        """The frames that `chunk` completes, in order. Read all of them before feeding again."""
        self._buffer += chunk
        yield from self._whole()

    def gap(self) -> Iterator[Reply]:
        """The line fell still, so the frame under way will not be completed: the frames in it."""
        while self._aligned_length() is not None:
            self._skip_preamble()
            yield from self._whole()
        self._buffer.clear()

    def _whole(self) -> Iterator[Reply]:
        while True:
            length = self._aligned_length()
            if length is None:
                return
            end = len(PREAMBLE) + _LENGTH_SIZE + length
            if len(self._buffer) < end:
                return
            counted = bytes(self._buffer[len(PREAMBLE) : end])
            if _check(counted) != 0:
                self._skip_preamble()
                continue
            del self._buffer[:end]
            if length >= _SHORTEST:
                yield Reply(counted[2:5], counted[5:-1])

    @property
    def held(self) -> int:
        """How many bytes are kept."""
        return len(self._buffer)

    def pending(self) -> int:
        """How many bytes the reply under way still lacks; 0 while none is known to be."""
        length = self._aligned_length()
        if length is None or length < _SHORTEST:
            return 0
        return len(PREAMBLE) + _LENGTH_SIZE + length - len(self._buffer)

    def reset(self) -> None:
        """Forget a frame that will not be completed."""
        self._buffer.clear()

    def _aligned_length(self) -> int | None:
        """Drop what stands before a preamble; the length field behind it, None if not yet there."""
        while True:
            start = self._buffer.find(PREAMBLE)
            if start < 0:
                self._keep_beginning()
                return None
            del self._buffer[:start]
            head = self._buffer[len(PREAMBLE) : len(PREAMBLE) + _LENGTH_SIZE]
            if len(head) < _LENGTH_SIZE:
                return None
            length = int.from_bytes(head, "big")
            if 2 < length <= LONGEST:
                return length
            self._skip_preamble()

    def _keep_beginning(self) -> None:
        """Drop all but a tail with which a preamble may begin."""
        for size in range(len(PREAMBLE) - 1, 0, -1):
            if self._buffer.endswith(PREAMBLE[:size]):
                del self._buffer[:-size]
                return
        self._buffer.clear()

    def _skip_preamble(self) -> None:
        self.damaged += 1
        # One byte only: a fourth AA may belong to the preamble that follows.
        del self._buffer[:1]


def _check(body: bytes) -> int:
    return reduce(xor, body, 0)
