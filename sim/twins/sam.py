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


class Order(IntEnum):
    """CMD and PARA of the commands that a module knows, but for the five that set its rate."""

    RESET = 0x10FF
    STATUS = 0x11FF
    SAM_ID = 0x12FF
    FIND = 0x2001
    SELECT = 0x2002
    READ = 0x3001
    READ_WITH_PRINTS = 0x3010
    READ_ADDRESS = 0x3003
    READ_MANAGEMENT = 0x3005


class SW3(IntEnum):
    """The third status byte, with the page's meanings."""

    DONE = 0x90
    FOUND = 0x9F
    NOTHING_THERE = 0x91
    FIND_FAILED = 0x80
    SELECT_FAILED = 0x81
    READ_FAILED = 0x41
    UNKNOWN_CARD = 0x40
    AUTHENTICATION_1 = 0x31
    AUTHENTICATION_2 = 0x32
    VERIFICATION = 0x33
    FINGERPRINT = 0x37
    FIELD_LENGTH = 0x3F
    RANDOM = 0x47
    BAD_CHECKSUM = 0x10
    BAD_LENGTH = 0x11
    BAD_COMMAND = 0x21
    NO_RIGHT = 0x23
    UNKNOWN = 0x24
    SELF_TEST = 0x60
    NOT_AUTHORISED = 0x66


@dataclass(frozen=True)
class Reply:
    """One reply frame; `carries_card` when it is a card's text and photo.

    `again`: the card lies there since before an earlier reading, and nobody has touched it.
    """

    frame: bytes
    status: SW3
    carries_card: bool = False
    again: bool = False


def frame(body: bytes) -> bytes:
    """`body` (what stands between Len and CHK) as a frame."""
    counted = struct.pack(">H", len(body) + 1) + body
    return PREAMBLE + counted + bytes([_xor(counted)])


def _xor(block: bytes | bytearray) -> int:
    value = 0
    for byte in block:
        value ^= byte
    return value


def _reply(
    status: SW3, data: bytes = b"", *, carries_card: bool = False, again: bool = False
) -> Reply:
    return Reply(frame(bytes([0, 0, status]) + data), status, carries_card, again)


class Sam:
    """The module's state: which card lies there, and how far finding and selecting have come.

    A card that was read answers "find failed" until it is lifted and laid again, or the field goes
    off and on, as it does at a reset. `old` modules (SAM id 05.01) do not know the command that
    reads fingerprints. `baud` is the rate the module stands at, or the host asked for last; the
    reply to that command still goes out at the rate before.
    """

    def __init__(self, *, old: bool = False, baud: int = BAUDS[0]) -> None:
        self.old = old
        self.baud = baud
        self.asked: list[int] = []
        """Every command with a good checksum, CMD and PARA as one number."""
        self._refusals: list[tuple[Order, SW3]] = []
        self._buffer = bytearray()
        self._card: Card | None = None
        self._readings = 0
        self._start_over()

    def lay(self, card: Card) -> None:
        """A card is laid on the reader."""
        self._card = card
        self._readings = 0
        self._start_over()

    def lift(self) -> None:
        """The card is taken away."""
        self._card = None
        self._start_over()

    def restart(self) -> None:
        """The power was away. The card lies where it lay."""
        self._buffer.clear()
        self._start_over()

    def refuse(self, order: Order, status: SW3, times: int = 1) -> None:
        """Fault: the next commands of this kind are answered with this status."""
        self._refusals += [(order, status)] * times

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
        number = int.from_bytes(command, "big")
        self.asked.append(number)
        if command[0] == 0x60 and command[1] < len(BAUDS):
            self.baud = BAUDS[command[1]]
            return _reply(SW3.DONE)
        for at, (order, status) in enumerate(self._refusals):
            if number == order:
                del self._refusals[at]
                return _reply(status)
        return self._obey(number)

    def _obey(self, number: int) -> Reply:
        match number:
            case Order.RESET:
                self._start_over()
                return _reply(SW3.DONE)
            case Order.STATUS:
                return _reply(SW3.DONE)
            case Order.SAM_ID:
                return _reply(SW3.DONE, self._sam_id())
            case Order.FIND:
                return self._find()
            case Order.SELECT:
                return self._select()
            case Order.READ:
                return self._read_card(with_prints=False)
            case Order.READ_WITH_PRINTS if not self.old:
                return self._read_card(with_prints=True)
            case Order.READ_ADDRESS:
                return self._read_address()
            case Order.READ_MANAGEMENT:
                # No invented card has a management number.
                return _reply(SW3.NOTHING_THERE)
        return _reply(SW3.BAD_COMMAND)

    def _sam_id(self) -> bytes:
        return struct.pack("<HH", 5, 1) + SAM_ID[4:] if self.old else SAM_ID

    def _find(self) -> Reply:
        self._selected = False
        self._found = self._card is not None and not self._read
        return _reply(SW3.FOUND, bytes(4)) if self._found else _reply(SW3.FIND_FAILED)

    def _select(self) -> Reply:
        self._selected = self._found and not self._read
        return _reply(SW3.DONE, bytes(8)) if self._selected else _reply(SW3.SELECT_FAILED)

    def _read_card(self, *, with_prints: bool) -> Reply:
        card = self._card
        if card is None:
            return _reply(SW3.NOTHING_THERE)
        if not self._selected or self._read:
            return _reply(SW3.READ_FAILED)
        self._read = True
        again = self._readings > 0
        self._readings += 1
        text, photo, prints = card.text(), card.photo(), card.prints()
        sizes = _BLOCK_SIZES.pack(len(text), len(photo))
        if with_prints:
            sizes += struct.pack(">H", len(prints))
            data = sizes + text + photo + prints
        else:
            data = sizes + text + photo
        return _reply(SW3.DONE, data, carries_card=True, again=again)

    def _read_address(self) -> Reply:
        """What was written later belongs to the card selected last, read or not."""
        if self._card is None or not self._card.new_address:
            return _reply(SW3.NOTHING_THERE)
        if not self._selected:
            return _reply(SW3.READ_FAILED)
        address = self._card.address_text()
        return _reply(SW3.DONE, struct.pack(">H", len(address)) + address)
