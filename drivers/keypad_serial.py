"""A calling keypad (叫号键盘) at a serial port, with the four rating keys (评价器) some have.

Source: docs/protocols/calling-keypad.md. The teller's keys come as `KeyDown`, the citizen's as
`LevelPressed`; both with the raw key.
"""

from math import inf
from threading import Event, Lock
from typing import Annotated, cast, get_args

import msgspec

from drivers.serial_port import SerialPort
from hal.clock import Clock
from hal.codecs import keypad
from hal.errors import DeviceLost, DeviceRefused
from hal.events.facts import Key
from hal.interfaces import KeyDown, LevelPressed, Observation, Report, Role, Unreadable

IDLE_S = 0.5
FOUND_S = IDLE_S
"""No later than this after the port is gone, `watch` ends with DeviceLost."""
_GAP_S = 0.1  # a byte takes 1 ms; a keypad sends a frame without pauses
_REFLECTED_S = 0.05
"""The same frame within this time is our own echo, come back over a line with two wires."""
_AGAIN_S = 0.3
"""The same frame within this time is the same press, sent again because our echo was lost."""
_KEYS: frozenset[str] = frozenset(get_args(Key))

Score = Annotated[int, msgspec.Meta(ge=0, le=5)]
FourLevels = tuple[Score, Score, Score, Score]


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`port` is a device path, best one below /dev/serial/by-path.

    `address`: the keypad's; frames of others on the line are not ours. `keys`: raw key (`"0E"`,
    `"06 0F"`) → key, before the printed meaning. `levels`: of the rating keys 0 to 3, the level 1
    to 5 that each stands for; 0: that key is none.
    """

    port: str
    baud: Annotated[int, msgspec.Meta(gt=0)] = 9600
    address: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    keys: dict[str, Key] = {}
    levels: FourLevels = (2, 3, 4, 5)


class KeypadSerial:
    """See hal.interfaces.Device. `show_number` and `beep` may come from any thread."""

    role: Role = "key"

    def __init__(self, options: Options, clock: Clock) -> None:
        self.rates = any(options.levels)
        self._options = options
        self._clock = clock
        self._port: SerialPort | None = None
        self._writing = Lock()
        self._last: tuple[keypad.Frame, int] | None = None

    def open(self) -> None:
        self._port = SerialPort(self._options.port, self._options.baud)
        self._last = None

    def watch(self, report: Report, stop: Event) -> None:
        port = self._port
        if port is None:
            raise DeviceLost("the keypad is not open")
        frames, whole = keypad.Frames(), True
        while not stop.is_set():
            chunk = port.read(_GAP_S if frames.waiting else IDLE_S)
            for each in frames.feed(chunk) if chunk else frames.gap():
                if isinstance(each, keypad.Frame):
                    whole = True
                    self._take(each, report)
                elif whole:
                    # Somebody pressed a key. One answer, however long the line is disturbed.
                    whole = False
                    report(Unreadable(each))
            whole = whole or not chunk

    def show_number(self, number: str) -> None:
        """Show the digits of `number`, at most six; none: blank. DeviceLost if the keypad is gone.

        Returns at once; the keypad does not say whether it has shown it.
        """
        self._send(keypad.number(self._options.address, number))

    def beep(self) -> None:
        """Beep once. As `show_number` otherwise."""
        self._send(keypad.beep(self._options.address))

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _send(self, frame: keypad.Frame) -> None:
        port = self._port
        if port is None:
            raise DeviceLost("the keypad is not open")
        with self._writing:
            port.write(keypad.encode(frame))

    def _take(self, frame: keypad.Frame, report: Report) -> None:
        """Echo a press, so that the keypad does not send it again, and tell it once."""
        if frame.address != self._options.address or not frame.data:
            return
        if frame.function not in (keypad.KEY, keypad.RATING):
            return
        now_ns, last = self._clock.monotonic_ns(), self._last
        since_s = (now_ns - last[1]) / 1e9 if last is not None and last[0] == frame else inf
        if since_s < _REFLECTED_S:
            return
        self._send(frame)
        self._last = (frame, now_ns)
        if since_s >= _AGAIN_S:
            rated = frame.function == keypad.RATING
            report(self._rated(frame) if rated else self._pressed(frame))

    def _pressed(self, frame: keypad.Frame) -> Observation:
        raw_key = frame.raw_key
        name = self._options.keys.get(raw_key) or keypad.NAMES.get(raw_key)
        if name in _KEYS:
            return KeyDown(cast(Key, name), raw_key)
        cause = f"key {raw_key} ({name or 'unknown'}) has no meaning here; see `keys` of the keypad"
        return Unreadable(DeviceRefused(cause, remedy="configure"))

    def _rated(self, frame: keypad.Frame) -> Observation:
        score = frame.score
        level = 0 if score is None else self._options.levels[score]
        if level:
            return LevelPressed(level, frame.raw_key)
        cause = f"rating key {frame.raw_key} stands for no level; see `levels` of the keypad"
        return Unreadable(DeviceRefused(cause, remedy="configure"))
