"""The SAM module inside a resident-ID reader, as a protocol peer: bytes in, replies out.

Source: docs/protocols/resident-id-reader.md, "Frames" and "Link". Pure: no port and no clock.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from sim.card import Card

PREAMBLE = bytes.fromhex("AAAAAA9669")
BAUDS = (115200, 57600, 38400, 19200, 9600)
LONGEST_COMMAND = 64
"""No command of the host is longer: a greater Len is noise, not a reason to wait for bytes."""
SAM_ID = struct.pack("<HHIII", 5, 3, 20261123, 1000000001, 2000000002)
_BLOCK_SIZES = struct.Struct(">HH")


class SW3(IntEnum):
    """The third status byte, with the page's meanings."""

    DONE = 0x90
    FOUND = 0x9F
    NOTHING_THERE = 0x91
    FIND_FAILED = 0x80
    SELECT_FAILED = 0x81
    READ_FAILED = 0x41
    BAD_CHECKSUM = 0x10
    BAD_LENGTH = 0x11
    BAD_COMMAND = 0x21


@dataclass(frozen=True)
class Reply:
    """One reply frame; `carries_card` when a person's data is in it."""

    frame: bytes
    status: SW3
    carries_card: bool = False


def frame(body: bytes) -> bytes:
    """`body` (what stands between Len and CHK) as a frame."""
    counted = struct.pack(">H", len(body) + 1) + body
    return PREAMBLE + counted + bytes([_xor(counted)])


def _xor(block: bytes | bytearray) -> int:
    value = 0
    for byte in block:
        value ^= byte
    return value


def _reply(status: SW3, data: bytes = b"", *, carries_card: bool = False) -> Reply:
    return Reply(frame(bytes([0, 0, status]) + data), status, carries_card)


class Sam:
    """The module's state: which card lies there, and how far finding and selecting have come.

    A card that was read answers "find failed" until it is lifted and laid again. `old` modules
    (SAM id 05.01) do not know the command that reads fingerprints. `baud` is the rate the host
    asked for last; the reply to that command still goes out at the rate before.
    """

    def __init__(self, *, old: bool = False) -> None:
        self.old = old
        self.baud = BAUDS[0]
        self._buffer = bytearray()
        self._card: Card | None = None
        self._read = False
        self._found = False
        self._selected = False

    def lay(self, card: Card) -> None:
        """A card is laid on the reader."""
        self._card = card
        self._start_over()

    def lift(self) -> None:
        """The card is taken away."""
        self._card = None
        self._start_over()

    def _start_over(self) -> None:
        self._read = self._found = self._selected = False

    def feed(self, chunk: bytes) -> list[Reply]:
        """Take bytes as they come, in pieces of any size; answer every frame completed by them."""
        self._buffer += chunk
        replies = []
        while (reply := self._next()) is not None:
            replies.append(reply)
        return replies

    def _next(self) -> Reply | None:
        start = self._buffer.find(PREAMBLE)
        if start < 0:
            del self._buffer[: max(0, len(self._buffer) - len(PREAMBLE) + 1)]
            return None
        del self._buffer[:start]
        counted = self._buffer[len(PREAMBLE) :]
        if len(counted) < 2:
            return None
        length = int.from_bytes(counted[:2], "big")
        if not 3 <= length <= LONGEST_COMMAND:
            del self._buffer[: len(PREAMBLE)]
            return _reply(SW3.BAD_LENGTH)
        if len(counted) < 2 + length:
            return None
        counted = counted[: 2 + length]
        if _xor(counted):
            # Only the preamble is dropped: a whole frame may begin inside the broken one.
            del self._buffer[: len(PREAMBLE)]
            return _reply(SW3.BAD_CHECKSUM)
        del self._buffer[: len(PREAMBLE) + 2 + length]
        return self._answer(bytes(counted[2:-1]))

    def _answer(self, command: bytes) -> Reply:
        if len(command) != 2:
            return _reply(SW3.BAD_LENGTH)
        if command[0] == 0x60 and command[1] < len(BAUDS):
            self.baud = BAUDS[command[1]]
            return _reply(SW3.DONE)
        match command:
            case b"\x10\xff":
                self._found = self._selected = False
                return _reply(SW3.DONE)
            case b"\x11\xff":
                return _reply(SW3.DONE)
            case b"\x12\xff":
                return _reply(SW3.DONE, self._sam_id())
            case b"\x20\x01":
                return self._find()
            case b"\x20\x02":
                return self._select()
            case b"\x30\x01":
                return self._read_card(with_prints=False)
            case b"\x30\x10" if not self.old:
                return self._read_card(with_prints=True)
            case b"\x30\x03" | b"\x30\x05":
                # No invented card has a new address or a management number.
                return _reply(SW3.NOTHING_THERE)
        return _reply(SW3.BAD_COMMAND)

    def _sam_id(self) -> bytes:
        return struct.pack("<HH", 5, 1) + SAM_ID[4:] if self.old else SAM_ID

    def _find(self) -> Reply:
        self._selected = False
        self._found = self._card is not None and not self._read
        return _reply(SW3.FOUND, bytes(4)) if self._found else _reply(SW3.FIND_FAILED)

    def _select(self) -> Reply:
        self._selected = self._found
        return _reply(SW3.DONE, bytes(8)) if self._selected else _reply(SW3.SELECT_FAILED)

    def _read_card(self, *, with_prints: bool) -> Reply:
        card = self._card
        if card is None:
            return _reply(SW3.NOTHING_THERE)
        if not self._selected:
            return _reply(SW3.READ_FAILED)
        self._read = True
        self._found = self._selected = False
        text, photo, prints = card.text(), card.photo(), card.prints()
        sizes = _BLOCK_SIZES.pack(len(text), len(photo))
        if with_prints:
            sizes += struct.pack(">H", len(prints))
            return _reply(SW3.DONE, sizes + text + photo + prints, carries_card=True)
        return _reply(SW3.DONE, sizes + text + photo, carries_card=True)
