"""A resident-ID reader on a serial port: the SAM module behind a paced pty."""

import threading
from collections.abc import Callable
from pathlib import Path

from sim.card import Card
from sim.twins.line import SerialLine
from sim.twins.sam import BAUDS, Reply, Sam


def _nothing() -> None:
    return None


def _silent(text: str) -> None:
    return None


class IdentityTwin:
    """The reader. People lay and lift cards; the program at `link` polls and reads.

    `at_half` is called once, on the line's thread, when half of the next card reply is out.
    `say` hears, without personal data, what was asked and answered.
    """

    def __init__(
        self, link: Path, *, sam: Sam | None = None, say: Callable[[str], None] = _silent
    ) -> None:
        self._sam = sam or Sam()
        self._line = SerialLine(link, BAUDS[0], self._receive)
        self._lock = threading.Lock()
        self._sent: Callable[[], None] = _nothing
        self._at_half: Callable[[], None] | None = None
        self._stop_after: int | None = None
        self._garble_next = False
        self._say = say

    def plug(self) -> None:
        """Connect the reader (also again, after `unplug`)."""
        self._line.plug()

    def unplug(self) -> None:
        """Pull its cable. The card stays where it lies."""
        self._line.unplug()

    def lay(self, card: Card, sent: Callable[[], None] = _nothing) -> None:
        """Lay `card` on the reader; `sent` is called when the last byte of its data is out."""
        with self._lock:
            self._sam.lay(card)
            self._sent = sent

    def lift(self) -> None:
        """Take the card away."""
        with self._lock:
            self._sam.lift()

    def at_half(self, call: Callable[[], None]) -> None:
        """Arm `call` for the moment when half of the next card reply is out."""
        self._at_half = call

    def stop_mid_frame(self, after_bytes: int) -> None:
        """Fault: the next card reply ends after so many bytes (rounded up to a chunk)."""
        self._stop_after = after_bytes

    def garble(self) -> None:
        """Fault: one byte of the next reply arrives wrong."""
        self._garble_next = True

    def _receive(self, chunk: bytes) -> None:
        with self._lock:
            replies = self._sam.feed(chunk)
            baud = self._sam.baud
            sent = self._sent
        for reply in replies:
            self._send(reply, sent)
        self._line.baud = baud

    def _send(self, reply: Reply, sent: Callable[[], None]) -> None:
        message = bytearray(reply.frame)
        if self._garble_next:
            self._garble_next = False
            message[len(message) // 2] ^= 0x55
        self._say(f"answered {reply.status.name}, {len(message)} bytes")
        whole = self._line.send(bytes(message), self._watch(len(message), reply.carries_card))
        if whole and reply.carries_card:
            sent()

    def _watch(self, total: int, carries_card: bool) -> Callable[[int], bool] | None:
        if not carries_card:
            return None

        def watch(out: int) -> bool:
            if self._at_half is not None and out * 2 >= total:
                call, self._at_half = self._at_half, None
                call()
            if self._stop_after is not None and out >= self._stop_after:
                self._stop_after = None
                return False
            return True

        return watch
