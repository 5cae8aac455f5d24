"""A barcode gun that types: what its evdev node answers, and the events a code makes.

Source: linux/input.h and linux/input-event-codes.h (key codes, `struct input_event`); umockdev's
ioctl file format. Standard library only: this runs in the testbed.
"""

import struct

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

DEVICE = """\
P: /devices/virtual/input/input0/event0
N: input/event0
E: DEVNAME=/dev/input/event0
E: DEVTYPE=input
E: MAJOR=13
E: MINOR=64
E: ID_INPUT=1
E: ID_INPUT_KEYBOARD=1
E: SUBSYSTEM=input
A: dev=13:64

"""
PATH = "/dev/input/event0"
SYSFS = "/sys/devices/virtual/input/input0/event0"


def _bitmap(bits: list[int], size_bytes: int) -> str:
    field = bytearray(size_bytes)
    for bit in bits:
        field[bit // 8] |= 1 << bit % 8
    return field.hex().upper()


def ioctl_file() -> str:
    """What the node answers to EVIOCG…; libraries ask for the same thing in several sizes."""
    lines = [f"@DEV {PATH}", "EVIOCGVERSION 0 01000100"]
    lines.append("EVIOCGID 0 " + struct.pack("<4H", 3, 0x0483, 0x5750, 0x0110).hex().upper())
    lines.append("EVIOCGEFFECTS 0 00000000")
    for name, value in (("NAME", _NAME), ("PHYS", b"usb-sim-1/input0"), ("UNIQ", b"SN1")):
        lines.append(f"EVIOCG{name} 256 " + value.ljust(256, b"\0").hex().upper())
    for size in (4, 31, 32):
        lines.append(f"EVIOCGPROP {size} " + bytes(size).hex().upper())
        lines.append(f"EVIOCGBIT(0) {size} " + _bitmap([_EV_SYN, _EV_KEY, _EV_MSC], size))
    for size in (96, 767, 768):
        lines.append(f"EVIOCGBIT({_EV_KEY}) {size} " + _bitmap(list(_TYPABLE_KEYS), size))
    for size in (8, 96, 767, 768):
        lines.append(f"EVIOCGBIT({_EV_MSC}) {size} " + _bitmap([_MSC_SCAN], size))
    return "\n".join(lines) + "\n"


def strokes(code: str, *, dropped: bool = False) -> list[list[tuple[int, int, int]]]:
    """The reports a gun sends for `code`: each a list of (type, code, value), SYN_REPORT left out.

    A character that is not on the keyboard is left out, as a gun does. With `dropped` the kernel's
    SYN_DROPPED stands in the middle, where its buffer overflowed.
    """
    reports: list[list[tuple[int, int, int]]] = []
    for position, character in enumerate(code):
        if dropped and position == len(code) // 2:
            reports.append([(_EV_SYN, _SYN_DROPPED, 0)])
        if character not in KEYS:
            continue
        key, shifted = KEYS[character]
        if shifted:
            reports.append([(_EV_KEY, _LEFT_SHIFT, 1)])
        reports += [[(_EV_MSC, _MSC_SCAN, key), (_EV_KEY, key, 1)], [(_EV_KEY, key, 0)]]
        if shifted:
            reports.append([(_EV_KEY, _LEFT_SHIFT, 0)])
    return reports


def packed(report: list[tuple[int, int, int]], now_s: float) -> bytes:
    """The bytes that a reader of the node gets for one report, with its SYN_REPORT."""
    seconds, fraction = divmod(now_s, 1)
    stamp = (int(seconds), int(fraction * 1e6))
    events = [*report, (_EV_SYN, _SYN_REPORT, 0)]
    return b"".join(struct.pack("@qqHHi", *stamp, *event) for event in events)
