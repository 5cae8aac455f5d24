"""A barcode gun that types: what its evdev node answers, and the events a code makes.

Source: linux/input.h (EVIOC… requests, `struct input_event`), linux/input-event-codes.h (key
codes), asm-generic/ioctl.h (how a request is made up). Standard
library only: this runs in the testbed.
"""

import errno
import struct
from collections.abc import Callable, Iterable
from typing import Any

_NAME = b"Sim HID Barcode Scanner"
_EV_SYN, _EV_KEY, _EV_MSC = 0, 1, 4
_MSC_SCAN = 4
_SYN_REPORT, _SYN_DROPPED = 0, 3
_LEFT_SHIFT = 42
_TYPABLE_KEYS = range(1, 89)

# US layout: character → (key code, with shift), row by row as the keys lie.
_ROWS = {
    2: ("1234567890-=", "!@#$%^&*()_+"),
    16: ("qwertyuiop[]", "QWERTYUIOP{}"),
    30: ("asdfghjkl;'`", 'ASDFGHJKL:"~'),
    43: ("\\zxcvbnm,./", "|ZXCVBNM<>?"),
}
KEYS: dict[str, tuple[int, bool]] = {" ": (57, False), "\r": (28, False), "\t": (15, False)}
for _first, _pair in _ROWS.items():
    for _shifted, _row in enumerate(_pair):
        for _offset, _character in enumerate(_row):
            KEYS[_character] = (_first + _offset, bool(_shifted))

PATH = "/dev/input/by-id/usb-Sim_HID_Barcode_Scanner_SN1-event-kbd"
"""What a program opens: the link that stays the same when the gun comes back as another node."""


def sysfs(number: int) -> str:
    """Where event node `number` is in /sys."""
    return f"/devices/virtual/input/input{number}/event{number}"


def device(number: int) -> str:
    """The gun as event node `number`, in umockdev's words."""
    return f"""\
P: {sysfs(number)}
N: input/event{number}
S: {PATH.removeprefix("/dev/")}
E: DEVNAME={node(number)}
E: DEVTYPE=input
E: MAJOR=13
E: MINOR={64 + number}
E: ID_INPUT=1
E: ID_INPUT_KEYBOARD=1
E: SUBSYSTEM=input
A: dev=13:{64 + number}

"""


DROPPED = [(_EV_SYN, _SYN_DROPPED, 0)]
"""The report by which the kernel says that its buffer overflowed."""


def node(number: int) -> str:
    """The path of event node `number`."""
    return f"/dev/input/event{number}"


def _bitmap(bits: Iterable[int], size_bytes: int) -> bytes:
    field = bytearray(size_bytes)
    for bit in bits:
        field[bit // 8] |= 1 << bit % 8
    return bytes(field)


_IOC_NUMBER, _IOC_TYPE, _IOC_SIZE = 0xFF, 0xFF00, 0x3FFF0000
_TYPE_INPUT = ord("E") << 8
_EVIOCGBIT, _EVIOCGRAB = 0x20, 0x90
_ANSWERS = {
    0x01: struct.pack("<I", 0x010001),  # EVIOCGVERSION
    0x02: struct.pack("<4H", 3, 0x0483, 0x5750, 0x0110),  # EVIOCGID: bus, vendor, product, version
    0x06: _NAME + b"\0",
    0x07: b"usb-sim-1/input0\0",
    0x08: b"SN1\0",
    0x09: b"",  # EVIOCGPROP: none
    0x84: struct.pack("<I", 0),  # EVIOCGEFFECTS: none
    _EVIOCGBIT: _bitmap([_EV_SYN, _EV_KEY, _EV_MSC], 4),
    _EVIOCGBIT + _EV_KEY: _bitmap(_TYPABLE_KEYS, 96),
    _EVIOCGBIT + _EV_MSC: _bitmap([_MSC_SCAN], 1),
}


class Node:
    """Answers the ioctls of whoever has the gun open. `client` is an UMockdev.IoctlClient."""

    def __init__(self, grabbed: Callable[[bool], None]) -> None:
        """`grabbed` hears each EVIOCGRAB: True to take the gun for oneself, False to let go."""
        self._grabbed = grabbed
        self.busy = False
        """Whether somebody else has it for himself: then nobody else gets it."""

    def handle(self, client: Any) -> bool:
        """True if the request was one of an input device and has been answered."""
        request = client.get_request() & 0xFFFFFFFF
        if request & _IOC_TYPE != _TYPE_INPUT:
            return False
        argument = client.get_arg()
        number, size = request & _IOC_NUMBER, (request & _IOC_SIZE) >> 16
        if number == _EVIOCGRAB:
            # Not a pointer: the argument itself is the value.
            taken = any(bytes(argument.retrieve()))
            if taken and self.busy:
                client.complete(-1, errno.EBUSY)
                return True
            self._grabbed(taken)
            client.complete(0, 0)
            return True
        answer = _ANSWERS.get(number)
        if answer is None:
            client.complete(-1, errno.EINVAL)
            return True
        argument.resolve(0, size).update(0, answer[:size].ljust(size, b"\0"))
        client.complete(min(len(answer), size), 0)
        return True


def strokes(code: str, *, dropped: bool = False) -> list[list[tuple[int, int, int]]]:
    """The reports a gun sends for `code`: each a list of (type, code, value), SYN_REPORT left out.

    A character that is not on the keyboard is left out, as a gun does. With `dropped` the kernel's
    SYN_DROPPED stands in the middle, where its buffer overflowed.
    """
    reports: list[list[tuple[int, int, int]]] = []
    for position, character in enumerate(code):
        if dropped and position == len(code) // 2:
            reports.append(DROPPED)
        if character not in KEYS:
            continue
        key, shifted = KEYS[character]
        if shifted:
            reports.append([(_EV_KEY, _LEFT_SHIFT, 1)])
        reports += [[(_EV_MSC, _MSC_SCAN, key), (_EV_KEY, key, 1)], [(_EV_KEY, key, 0)]]
        if shifted:
            reports.append([(_EV_KEY, _LEFT_SHIFT, 0)])
    return reports


def is_stroke(report: list[tuple[int, int, int]]) -> bool:
    """Whether a key goes down in this report."""
    return any(kind == _EV_KEY and value == 1 for kind, _code, value in report)


def packed(report: list[tuple[int, int, int]], now_s: float) -> bytes:
    """The bytes that a reader of the node gets for one report, with its SYN_REPORT."""
    seconds, fraction = divmod(now_s, 1)
    stamp = (int(seconds), int(fraction * 1e6))
    events = [*report, (_EV_SYN, _SYN_REPORT, 0)]
    return b"".join(struct.pack("@qqHHi", *stamp, *event) for event in events)
