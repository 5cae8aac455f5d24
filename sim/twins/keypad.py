"""A calling keypad (叫号键盘) with rating keys, a six-digit display and a beeper.

Source: docs/protocols/calling-keypad.md. What the page does not say, and this twin does: it sends a
frame again, at most twice, when no echo came in time.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from sim.twins.line import SerialLine

BAUD = 9600
ECHO_S = 0.15
_TRIES = 3
_KEY, _SHOW, _BEEP, _RATING = 0x01, 0x02, 0x03, 0x11
_BLANK = 0x0A
_CONFIRM = 0x0F
KEYS = {
    "call_next": 0x0C,
    "recall": 0x0D,
    "finish": 0x0B,
    "cancel": 0x0E,
    "pause": 0x12,
    "transfer": 0x13,
}
FAULTS = ("garble", "noise", "cut", "twice", "deaf", "reflect", "foreign", "unplug")
"""What can go wrong with a press: a byte is wrong; bytes of nothing before it; the second half does
not come; it is sent twice at once; its echo is not heard; the line gives back what the host says;
it comes from another keypad; the cable comes out in the middle."""


def framed(address: int, function: int, data: Sequence[int]) -> bytes:
    """A frame of the line, either way."""
    counted = [address, function, *data]
    length = len(counted)
    return bytes([0xFF, 0x68, length, length, 0x68, *counted, sum(counted) & 0xFF, 0x16])


def _silent(text: str) -> None:
    return None


class KeypadTwin:
    """The keypad. `shown` is its display, six characters; `beeps` how often it has beeped.

    `say` hears what it shows, and each beep.
    """

    def __init__(self, link: Path, address: int = 1, say: Callable[[str], None] = _silent) -> None:
        self.shown = " " * 6
        self.beeps = 0
        self.echoes = 0
        """Presses that the host has echoed."""
        self._address = address
        self._say = say
        self._changed = threading.Condition()
        self._rest = b""
        self._awaited: bytes | None = None
        self._fault: str | None = None
        self._reflecting = False
        self._line = SerialLine(link, BAUD, self._receive)

    def plug(self) -> None:
        """Connect it (also again, after `unplug`)."""
        self.shown, self._rest = " " * 6, b""
        self._line.plug()

    def unplug(self) -> None:
        """Pull its cable."""
        self._line.unplug()

    def fault(self, name: str) -> None:
        """The next press goes wrong so; `name` is one of FAULTS."""
        if name not in FAULTS:
            raise ValueError(f"the keypad has no fault {name!r}")
        self._fault = name

    def mend(self) -> None:
        """The next press is a good one."""
        self._fault, self._reflecting = None, False

    def press(self, key: str, digits: str = "") -> bool:
        """Press a key; with `digits`, those and then confirm. Whether the host has echoed it."""
        if digits:
            return self._send(_KEY, [*(int(digit) for digit in digits), _CONFIRM])
        return self._send(_KEY, [KEYS[key]])

    def rate(self, score: int) -> bool:
        """Press a rating key: 0 不满意, 1 默认, 2 满意, 3 非常满意. Whether the host echoed it."""
        return self._send(_RATING, [score])

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each frame of the host. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def _send(self, function: int, data: Sequence[int]) -> bool:
        fault, self._fault = self._fault, None
        address = self._address + (fault == "foreign")
        frame = framed(address, function, data)
        self._reflecting = fault == "reflect"
        first = _spoilt(frame, fault)
        if fault in ("cut", "unplug"):
            self._line.send(first)
            if fault == "unplug":
                self.unplug()
            return False
        tries = 1 if fault in ("garble", "foreign") else _TRIES
        for attempt in range(tries):
            if self._echoed(frame, first if attempt == 0 else frame, fault == "deaf"):
                return True
        return False

    def _echoed(self, frame: bytes, sent: bytes, deaf: bool) -> bool:
        with self._changed:
            before, self._awaited = self.echoes, None if deaf else frame
        self._line.send(sent)
        with self._changed:
            heard = self._changed.wait_for(lambda: self.echoes > before, ECHO_S)
            self._awaited = None
        return heard

    def _receive(self, chunk: bytes) -> None:
        if self._reflecting:
            self._line.send(chunk)
        self._rest += chunk
        while len(self._rest) >= 9:
            size = self._rest[2] + 7
            if self._rest[:2] != b"\xff\x68" or self._rest[2] != self._rest[3]:
                self._rest = self._rest[1:]
                continue
            if len(self._rest) < size:
                return
            frame, self._rest = self._rest[:size], self._rest[size:]
            self._hear(frame)

    def _hear(self, frame: bytes) -> None:
        address, function, data = frame[5], frame[6], frame[7:-2]
        if address != self._address or frame != framed(address, function, data):
            return
        with self._changed:
            if frame == self._awaited:
                self.echoes += 1
            elif function == _SHOW and len(data) == 6:
                self.shown = "".join(" " if each == _BLANK else str(each) for each in data)
                self._say(f"shows [{self.shown}]")
            elif function == _BEEP and not data:
                self.beeps += 1
                self._say("beeps")
            self._changed.notify_all()


def _spoilt(frame: bytes, fault: str | None) -> bytes:
    """What goes out in place of `frame`."""
    middle = len(frame) // 2
    if fault == "garble":
        return frame[:-3] + bytes([frame[-3] ^ 0x41]) + frame[-2:]
    if fault == "noise":
        return b"\x00\xff\x68\x16\xff" + frame
    if fault == "twice":
        return frame + frame
    return frame[:middle] if fault in ("cut", "unplug") else frame
