"""Frames of the resident-ID reader's SAM module (居民身份证阅读器安全模块), pure.

Source: docs/protocols/resident-id-reader.md, "Frames"; GA/T 467-2019. Bytes in, frames out; no
port and no clock here.

    host    AA AA AA 96 69 | length(2) | CMD PARA data… | check
    module  AA AA AA 96 69 | length(2) | SW1 SW2 SW3 data… | check

`length` counts what follows it, `check` included; `check` is the XOR of all bytes from `length` on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import xor

from hal.errors import DeviceError, DeviceLost, DeviceRefused, WireError

PREAMBLE = bytes.fromhex("AAAAAA9669")
_LENGTH_SIZE = 2
_STATUS_SIZE = 3
_SHORTEST = _STATUS_SIZE + 1
LONGEST = 0x090A  # text, photo and fingerprint: the longest reply the module knows


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


class Status(IntEnum):
    """SW3, the byte that says what happened."""

    DONE = 0x90
    NOTHING_THERE = 0x91
    FOUND = 0x9F
    CHECKSUM = 0x10
    LENGTH = 0x11
    COMMAND = 0x21
    NO_RIGHT = 0x23
    UNKNOWN = 0x24
    AUTHENTICATION_CARD = 0x31
    AUTHENTICATION_MODULE = 0x32
    VERIFICATION = 0x33
    FINGERPRINT = 0x37
    FIELD_LENGTH = 0x3F
    UNKNOWN_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM = 0x47
    SELF_TEST = 0x60
    NOT_AUTHORISED = 0x66
    FIND_FAILED = 0x80
    SELECT_FAILED = 0x81


_MEANING: dict[Status, str] = {
    Status.CHECKSUM: "the module received a wrong checksum",
    Status.LENGTH: "the module received a wrong length",
    Status.COMMAND: "the module does not know the command",
    Status.NO_RIGHT: "the module has no right to do this",
    Status.UNKNOWN: "the module reports an unknown error",
    Status.AUTHENTICATION_CARD: "the card did not prove itself to the module",
    Status.AUTHENTICATION_MODULE: "the module did not prove itself to the card",
    Status.VERIFICATION: "the card's data failed verification",
    Status.FINGERPRINT: "the fingerprint could not be read",
    Status.FIELD_LENGTH: "a field of the card has a wrong length",
    Status.UNKNOWN_CARD: "the card is of an unknown kind",
    Status.READ_FAILED: "the card could not be read",
    Status.RANDOM: "the module's random numbers failed",
    Status.SELF_TEST: "the module failed its self-test",
    Status.NOT_AUTHORISED: "the module is not authorised",
    Status.FIND_FAILED: "no new card on the reader",
    Status.SELECT_FAILED: "the card could not be selected",
    Status.NOTHING_THERE: "the card has nothing of this kind",
}
_WIRE = {Status.CHECKSUM, Status.LENGTH}
_PERSON_TRIES_AGAIN = {
    Status.AUTHENTICATION_CARD,
    Status.VERIFICATION,
    Status.FINGERPRINT,
    Status.FIELD_LENGTH,
    Status.UNKNOWN_CARD,
    Status.READ_FAILED,
    Status.SELECT_FAILED,
    Status.FIND_FAILED,
    Status.NOTHING_THERE,
    Status.COMMAND,
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


def error_of(reply: Reply) -> DeviceError:
    """What a reply that is no success means: who must do what.

    DeviceRefused: the person lays the card again. WireError: send the command again.
    DeviceLost: the module itself is at fault; reopen, then a technician.
    """
    try:
        status = Status(reply.sw3)
    except ValueError:
        return DeviceRefused(f"unknown status {reply.sw3:02X}", code=reply.sw3)
    meaning = _MEANING.get(status, "the module answered out of turn")
    if status in _WIRE:
        return WireError(meaning, code=status)
    if status in _PERSON_TRIES_AGAIN:
        return DeviceRefused(meaning, remedy="clear", code=status)
    return DeviceLost(meaning, remedy="maintain", code=status)


class Deframer:
    """Takes the module's bytes in chunks of any size, gives whole frames.

    Keeps at most one frame's worth of bytes. After damage it looks for the next preamble, so the
    first whole frame that follows is found. `damaged` counts frames with a wrong checksum or an
    impossible length. An echo of the host's own command is a frame whose data the caller did not
    ask for: it has no module status, and is left out.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Reply]:
        """The frames that `chunk` completes, in order. Read all of them before feeding again."""
        self._buffer += chunk
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

    def pending(self) -> int:
        """How many bytes the frame under way still lacks; 0 while none is known to be."""
        length = self._aligned_length()
        if length is None:
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
                del self._buffer[: max(0, len(self._buffer) - len(PREAMBLE) + 1)]
                return None
            del self._buffer[:start]
            head = self._buffer[len(PREAMBLE) : len(PREAMBLE) + _LENGTH_SIZE]
            if len(head) < _LENGTH_SIZE:
                return None
            length = int.from_bytes(head, "big")
            if 2 < length <= LONGEST:
                return length
            self._skip_preamble()

    def _skip_preamble(self) -> None:
        self.damaged += 1
        # One byte only: a fourth AA may belong to the preamble that follows.
        del self._buffer[:1]


def _check(body: bytes) -> int:
    return reduce(xor, body, 0)
