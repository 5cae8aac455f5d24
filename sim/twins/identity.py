"""A resident-ID reader on a serial port: the SAM module behind a paced pty."""

import threading
from collections.abc import Callable
from pathlib import Path

from sim.card import Card
from sim.errors import UsageFault
from sim.twins.line import USUAL, Delivery, SerialLine
from sim.twins.sam import Reply, Sam

FAULTS = (
    "unplug", "garble", "echo", "split", "join", "hang", "wrong-checksum", "short-frame",
)  # fmt: skip
_LASTING = ("echo", "hang")
_SPLIT_PAUSE_S = 0.2
"""Between head and body of a reply, as USB bridges deliver them; longer than any real one."""


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
        self,
        link: Path,
        *,
        sam: Sam | None = None,
        delivery: Delivery = USUAL,
        say: Callable[[str], None] = _silent,
    ) -> None:
        self._sam = sam or Sam()
        self._line = SerialLine(link, self._sam.baud, self._receive)
        self._line.delivery = delivery
        self._lock = threading.Lock()
        self._sent: Callable[[], None] = _nothing
        self._again: Callable[[], None] = _nothing
        self._at_half: Callable[[], None] | None = None
        self._stop_after: int | None = None
        self._garble_next = False
        self._lasting: set[str] = set()
        self._strikes: list[str] = []
        self._last = b""
        self._say = say

    def plug(self) -> None:
        """Connect the reader (also again, after `unplug`): its module starts anew."""
        with self._lock:
            self._sam.restart()
        self._line.plug()

    def unplug(self) -> None:
        """Pull its cable. The card stays where it lies."""
        self._line.unplug()

    def lay(
        self, card: Card, sent: Callable[[], None] = _nothing, again: Callable[[], None] = _nothing
    ) -> None:
        """Lay `card` on the reader; `sent` is called when the last byte of its data is out.

        A card that is left lying may be read more than once, as after a restart of the program:
        `again` is called, on the line's thread, before the data go out another time.
        """
        with self._lock:
            self._sam.lay(card)
            self._sent, self._again = sent, again

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

    def fault(self, name: str) -> None:
        """One of FAULTS. UsageFault for another name.

        `unplug` until `plug`; `echo` (what was sent comes back first) and `hang` (no answer to
        anything) until `mend`; all others strike one reply that carries a card, the first named the
        next: one byte of it wrong, its CHK wrong, its end missing, a pause in its middle, or the
        reply before once more in front of it.
        """
        if name not in FAULTS:
            raise UsageFault(f"no such fault of an identity reader: say one of {', '.join(FAULTS)}")
        if name == "unplug":
            self.unplug()
        elif name in _LASTING:
            self._lasting.add(name)
        else:
            self._strikes.append(name)

    def mend(self) -> None:
        """End every fault but `unplug`."""
        self._lasting.clear()
        self._strikes.clear()

    def _receive(self, chunk: bytes) -> None:
        # At another rate the module hears no start of a frame, and answers nothing.
        if "hang" in self._lasting or not self._line.understood():
            return
        if "echo" in self._lasting:
            self._line.send(chunk)
        with self._lock:
            replies = self._sam.feed(chunk)
            baud = self._sam.baud
            sent, again = self._sent, self._again
        for reply in replies:
            if reply.again:
                again()
            self._send(reply, sent)
        self._line.baud = baud

    def _send(self, reply: Reply, sent: Callable[[], None]) -> None:
        message = bytearray(reply.frame)
        if self._garble_next:
            self._garble_next = False
            message[len(message) // 2] ^= 0x55
        self._say(f"answered {reply.status.name}, {len(message)} bytes")
        carries = reply.carries_card
        whole = self._send_card(message) if carries else self._line.send(bytes(message))
        self._last = reply.frame
        if whole and carries:
            sent()

    def _send_card(self, message: bytearray) -> bool:
        """False if the reply did not go out whole and good."""
        struck = self._strikes.pop(0) if self._strikes else None
        half, good = len(message) // 2, True
        match struck:
            case "garble":
                message[half] ^= 0x55
                good = False
            case "wrong-checksum":
                message[-1] ^= 0xFF
                good = False
            case "short-frame":
                del message[half:]
                good = False
            case "join":
                message[:0] = self._last
            case "split":
                if not (self._line.send(bytes(message[:half])) and self._line.wait(_SPLIT_PAUSE_S)):
                    return False
                del message[:half]
        return self._line.send(bytes(message), self._watch(len(message))) and good

    def _watch(self, total: int) -> Callable[[int], bool]:
        def watch(out: int) -> bool:
            if self._at_half is not None and out * 2 >= total:
                call, self._at_half = self._at_half, None
                call()
            if self._stop_after is not None and out >= self._stop_after:
                self._stop_after = None
                return False
            return True

        return watch
