"""From key strokes of a barcode gun to the characters it meant: US layout, our own table.

Source: USB HID Usage Tables 1.5, section 10 (keyboard page), as the kernel numbers the keys in
linux/input-event-codes.h. A gun is set to the US layout; any other layout garbles, which the
control barcode proves.
"""

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3

_DOWN, _UP = 1, 0
_SHIFTS = {42, 54}
_CAPS_LOCK = 58

_PLAIN = {
    2: "1", 3: "2", 4: "3", 5: "4", 6: "5", 7: "6", 8: "7", 9: "8", 10: "9", 11: "0", 12: "-",
    13: "=", 15: "\t", 16: "q", 17: "w", 18: "e", 19: "r", 20: "t", 21: "y", 22: "u", 23: "i",
    24: "o", 25: "p", 26: "[", 27: "]", 28: "\r", 30: "a", 31: "s", 32: "d", 33: "f", 34: "g",
    35: "h", 36: "j", 37: "k", 38: "l", 39: ";", 40: "'", 41: "`", 43: "\\", 44: "z", 45: "x",
    46: "c", 47: "v", 48: "b", 49: "n", 50: "m", 51: ",", 52: ".", 53: "/", 57: " ",
    55: "*", 71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1",
    80: "2", 81: "3", 82: "0", 83: ".", 96: "\r", 98: "/",
}  # fmt: skip
_SHIFTED = {
    2: "!", 3: "@", 4: "#", 5: "$", 6: "%", 7: "^", 8: "&", 9: "*", 10: "(", 11: ")", 12: "_",
    13: "+", 26: "{", 27: "}", 39: ":", 40: '"', 41: "~", 43: "|", 51: "<", 52: ">", 53: "?",
}  # fmt: skip


def with_capitals(text: str) -> str:
    """A code of ours whose case was turned over, put right; any other as it is.

    Some guns read the keyboard's caps lock light, and turn shift over to make up for a caps lock
    that another keyboard has on. We do not look at that light: it says nothing of other guns.
    """
    return text.swapcase() if text.startswith("ow:") else text


class HidKeys:
    """Feed it the events of an evdev node, in order; it gives the characters typed.

    `dropped` becomes True when the kernel said that it lost events (SYN_DROPPED), or a key came
    that no code contains; it stays so until `taken` is called at the end of a code.
    """

    def __init__(self) -> None:
        self.dropped = False
        self._shifts: set[int] = set()
        self._caps = False

    def feed(self, kind: int, code: int, value: int) -> str:
        """The character that this event completes, or an empty text."""
        if kind == EV_SYN and code == SYN_DROPPED:
            # What shift was doing meanwhile is not known any more.
            self.dropped = True
            self._shifts.clear()
        if kind != EV_KEY:
            return ""
        if code in _SHIFTS:
            (self._shifts.add if value != _UP else self._shifts.discard)(code)
            return ""
        if value != _DOWN:
            return ""
        if code == _CAPS_LOCK:
            self._caps = not self._caps
            return ""
        return self._character(code)

    def taken(self) -> None:
        """A code has ended: what is damaged from here on belongs to the next."""
        if self.dropped:
            # A gun that types capitals by caps lock leaves it off; its last stroke may be lost.
            self._caps = False
        self.dropped = False

    def _character(self, code: int) -> str:
        plain = _PLAIN.get(code)
        if plain is None:
            self.dropped = True
            return ""
        shifted = bool(self._shifts)
        if plain.isalpha():
            return plain.upper() if shifted != self._caps else plain
        return _SHIFTED.get(code, plain) if shifted else plain
