"""Frames of a calling keypad with rating keys (叫号键盘, 评价器), pure.

Source: docs/protocols/calling-keypad.md. Bytes in, frames out; no port and no clock here.

    FF 68 | L | L | 68 | ADDR | FUNC | DATA… | CS | 16

`L` counts ADDR, FUNC and DATA; `CS` is the sum of these, modulo 256.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hal.errors import WireError

HEAD = b"\xff\x68"
AGAIN, END = 0x68, 0x16
KEY, SHOW, BEEP, RATING = 0x01, 0x02, 0x03, 0x11
BLANK = 0x0A
DIGITS = 6
_LENGTH_AT, _BODY_AT = 2, 5
_TAIL_SIZE = 2  # CS and END
_SHORTEST, _LONGEST = 2, 18

CONFIRM = 0x0F
NAMES = {
    "0C": "call_next",
    "0D": "recall",
    "0B": "finish",
    "0E": "cancel",
    "12": "pause",
    "13": "transfer",
    "06 0F": "give_up",
    "00 0F": "hold",
    "03 0F": "call_back",
}
"""Raw key → what is printed on it: 呼叫, 重呼, 评价, 取消, 暂停, 转移; 弃号, 挂起, 回呼."""
SCORES = {0: "不满意", 1: "默认", 2: "满意", 3: "非常满意"}
"""What the four rating keys say."""


@dataclass(frozen=True)
class Frame:
    """One frame, either way. `data` may be empty."""

    address: int
    function: int
    data: bytes = b""

    @property
    def raw_key(self) -> str:
        """The key as the keypad names it: `0C`, `06 0F` (6, then confirm), `11 03` (a rating)."""
        data = self.data[-1:] if self.function == RATING else self.data
        named = bytes([RATING]) + data if self.function == RATING else data
        return named.hex(" ").upper()

    @property
    def score(self) -> int | None:
        """0 to 3 of a rating, None of anything else."""
        if self.function == RATING and self.data and self.data[-1] in SCORES:
            return self.data[-1]
        return None


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    body = bytes([frame.address, frame.function]) + frame.data
    head = HEAD + bytes([len(body), len(body), AGAIN])
    return head + body + bytes([sum(body) % 256, END])


def number(address: int, text: str) -> Frame:
    """The order to show the digits of `text`, at most six, to the right.

    The display has no letters: `A012` is shown as `012`, nothing as blanks.
    """
    digits = [int(character) for character in text if "0" <= character <= "9"][-DIGITS:]
    return Frame(address, SHOW, bytes([BLANK] * (DIGITS - len(digits)) + digits))


def beep(address: int) -> Frame:
    """The order to beep once."""
    return Frame(address, BEEP)


class Frames:
    """Cuts a keypad's bytes into frames. Feed it chunks of any size.

    What is no frame is passed over byte by byte, so that a good frame behind or within it is found.
    A frame that began and is none comes out as a WireError; bytes outside of any are dropped.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[Frame | WireError]:
        """The frames that `chunk` completes, and those that it showed to be none."""
        self._buffer += chunk
        yield from self._cut(ended=False)

    def gap(self) -> Iterator[Frame | WireError]:
        """The line has been silent: what has begun will not end, but may hold a frame."""
        yield from self._cut(ended=True)

    def _cut(self, *, ended: bool) -> Iterator[Frame | WireError]:
        while self._begin():
            size = self._size()
            if size is None and not ended:
                return
            if size is not None and size <= len(self._buffer) and self._sound(size):
                body = bytes(self._buffer[_BODY_AT : size - _TAIL_SIZE])
                del self._buffer[:size]
                yield Frame(body[0], body[1], body[2:])
            elif size is None or size <= len(self._buffer) or ended:
                del self._buffer[0]
                yield WireError("a frame of the keypad came damaged", remedy="clear")
            else:
                return

    def _begin(self) -> bool:
        """Drop what is before the next head, or may be one; False if nothing is left."""
        at = self._buffer.find(HEAD)
        if at < 0:
            at = len(self._buffer) - self._buffer.endswith(HEAD[:1])
        del self._buffer[:at]
        return bool(self._buffer)

    def _size(self) -> int | None:
        """The whole frame's size; 0 if its head is none, None if the head has not come yet."""
        head = self._buffer[_LENGTH_AT:_BODY_AT]
        if head and not _SHORTEST <= head[0] <= _LONGEST:
            return 0
        if head[1:] and head[1] != head[0]:
            return 0
        if head[2:] and head[2] != AGAIN:
            return 0
        return _BODY_AT + head[0] + _TAIL_SIZE if len(head) == _BODY_AT - _LENGTH_AT else None

    def _sound(self, size: int) -> bool:
        body = self._buffer[_BODY_AT : size - _TAIL_SIZE]
        return size > 0 and self._buffer[size - _TAIL_SIZE : size] == bytes([sum(body) % 256, END])
