"""A contact card in a reader: the chip's answers, and the slot of vpcd that it lies in.

Source: docs/protocols/social-security-card.md. The chip also remembers what a host must not send.
The slot speaks the wire of vsmartcard's vpcd: two bytes of length and a message, both ways; a
message of one byte is 0 power off, 1 power on, 2 reset, 4 give the answer to reset.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Literal, get_args

from sim.card_person import SocialSecurityCard

Fault = Literal[
    "hang",  # no answer
    "empty",  # an answer of no bytes
    "oversize",  # an answer of 60,000 bytes
    "endless_61",  # more and more waits to be fetched
    "endless_6c",  # another length is asked for, again and again
    "lengths",  # records say another length than they have
    "garble",  # records are noise
    "withdraw",  # taken out between command and answer
    "reset",  # it forgets what was selected, as by a bad contact
    "crawl",  # each answer takes a second
    "bad_atr",  # an answer to reset of one byte that begins none
    "mute",  # no answer to reset that the reader can make out
    "slow",  # each answer takes 50 ms; a card may
    "drip",  # answers come byte by byte; the line may
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
HARMLESS: frozenset[Fault] = frozenset({"slow", "drip"})
"""With these a card can be read."""
APPLICATION = b"sx1.sh." + "社会保障".encode("gbk")
_ATR = 4
_BY_IDENTIFIER, _BY_NUMBER = 0b000, 0b100  # the low bits of P2
_SHORT = {0x05: 0xEF05, 0x06: 0xEF06}  # its high bits
_CONNECT_EVERY_S = 0.05
_OVERSIZE = 60_000
_ATRS: dict[Fault | None, bytes] = {"bad_atr": b"\x00", "mute": b"\x3b" * 40}
# To say nothing at all would hold the reader's library, and pcscd would see no card.
_DELAYS_S: dict[Fault | None, float] = {"slow": 0.05, "crawl": 1.0}


class Chip:
    """Answers one command after the other. `verified` counts attempts to spend a holder's try."""

    def __init__(self, card: SocialSecurityCard) -> None:
        self.card = card
        self.atr = bytes.fromhex(card.atr)
        self.verified = 0
        self._files = card.files()
        self._records = card.records()
        self.reset()

    def reset(self) -> None:
        self._application = False
        self._file: int | None = None
        self._waiting = b""

    def answer(self, command: bytes) -> bytes:
        """Data and status word; `67 00` for what is no command."""
        if len(command) < 5:
            return b"\x67\x00"
        instruction, p1, p2 = command[1], command[2], command[3]
        if instruction == 0xA4:
            return self._select(p1, command[5 : 5 + command[4]])
        if instruction == 0xB2:
            return self._read(p1, p2, command[4])
        if instruction == 0xC0:
            data, self._waiting = self._waiting[: command[4]], b""
            return data + b"\x90\x00"
        if instruction == 0x20:
            self.verified += 1
            return b"\x63\xc2"
        return b"\x6d\x00"

    def _select(self, p1: int, name: bytes) -> bytes:
        if p1 == 0x04:
            self._application, self._file = name == APPLICATION, None
            return bytes.fromhex(self.card.application) if self._application else b"\x6a\x82"
        identifier = int.from_bytes(name, "big")
        if not self._application or identifier not in self._files:
            return b"\x6a\x82"
        self._file = identifier
        return b"\x90\x00"

    def _read(self, p1: int, p2: int, size: int) -> bytes:
        short = _SHORT.get(p2 >> 3) if self.card.short_identifiers else None
        file = short if p2 >> 3 else self._file
        if not self._application or file is None:
            return b"\x6a\x82"
        tag = self._tag(self._files[file], p1, p2 & 0b111)
        if tag is None:
            return b"\x6a\x83"
        if f"{tag:02X}" in self.card.withheld:
            return b"\x69\x82"
        record = self._records[tag]
        if size not in (0, len(record)):
            return bytes((0x6C, len(record)))
        if self.card.transfer == "fetch":
            self._waiting = record
            return bytes((0x61, len(record)))
        return record + b"\x90\x00"

    def _tag(self, tags: tuple[int, ...], p1: int, how: int) -> int | None:
        if how == _BY_NUMBER:
            return tags[p1 - 1] if 1 <= p1 <= len(tags) else None
        return p1 if how == _BY_IDENTIFIER and p1 in tags else None


class Slot:
    """One reader of vpcd. People lay and withdraw cards; a card stays when pcscd goes and comes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lying: _Lying | None = None

    def lay(self, chip: Chip, fault: Fault | None = None, after: int = 0) -> None:
        """Put a card in; the one before is withdrawn. `fault` begins after so many commands."""
        self.withdraw()
        self._lying = _Lying(self._port, chip, fault, after)
        self._lying.start()

    def withdraw(self) -> None:
        """Take the card out, also from the middle of an answer."""
        if self._lying is not None:
            self._lying.end()
            self._lying = None


class _Lying(threading.Thread):
    """A card in its slot: connects to vpcd as often as there is one, and answers."""

    def __init__(self, port: int, chip: Chip, fault: Fault | None, after: int) -> None:
        super().__init__(name=f"card {port}", daemon=True)
        self._port = port
        self._chip = chip
        self._fault = fault
        self._good_commands = after
        self._taken = threading.Event()
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None

    def end(self) -> None:
        self._taken.set()
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(OSError):  # pcscd was quicker to end it
                    self._connection.shutdown(socket.SHUT_RDWR)
        self.join()

    def run(self) -> None:
        while not self._taken.is_set():
            try:
                connection = socket.create_connection(("127.0.0.1", self._port))
            except ConnectionRefusedError:
                self._taken.wait(_CONNECT_EVERY_S)  # pcscd is starting, or away
                continue
            with self._lock:
                self._connection = connection
            with contextlib.suppress(OSError):
                self._serve(connection)
            with self._lock:
                self._connection = None
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not self._taken.is_set() and (message := _receive(connection)) is not None:
            answer = self._answer(message)
            if answer is None:
                continue
            if len(message) > 1 and self._taken.wait(_DELAYS_S.get(self._fault, 0.0)):
                return
            _send(connection, answer, 1 if self._fault == "drip" else len(answer) + 2)

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) == 1 and message[0] != _ATR:
            self._chip.reset()
            return None
        if len(message) == 1:
            return _ATRS.get(self._fault, self._chip.atr)
        if self._fault not in _FAULTY or self._good_commands > 0:
            self._good_commands -= 1
            return self._chip.answer(message)
        if self._fault == "withdraw":
            self._taken.set()
        if self._fault == "reset":
            self._chip.reset()
        return _FAULTY[self._fault](self._chip.answer(message))


_FAULTY: dict[Fault | None, Callable[[bytes], bytes | None]] = {
    "hang": lambda _: None,
    "withdraw": lambda _: None,
    "empty": lambda _: b"",
    "oversize": lambda _: bytes(_OVERSIZE),
    "endless_61": lambda _: b"\x61\xff",
    "endless_6c": lambda _: b"\x6c\x07",
    "lengths": lambda answer: answer[:1] + b"\x7f" + answer[2:],
    "reset": lambda answer: answer,
    "garble": lambda answer: bytes(byte ^ 0x55 for byte in answer[:-2]) + answer[-2:],
}
"""What becomes of a good answer; None: there is none."""


def _receive(connection: socket.socket) -> bytes | None:
    """The next message; None at the end of the connection."""
    head = _exactly(connection, 2)
    if head is None:
        return None
    # vpcd writes length and body apart: without this its body waits 40 ms for our delayed ACK.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return _exactly(connection, struct.unpack(">H", head)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    body = b""
    while len(body) < size:
        piece = connection.recv(size - len(body))
        if not piece:
            return None
        body += piece
    return body


def _send(connection: socket.socket, message: bytes, piece_size: int) -> None:
    body = struct.pack(">H", len(message)) + message
    for start in range(0, len(body), piece_size):
        connection.sendall(body[start : start + piece_size])
