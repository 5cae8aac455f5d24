"""The indicator lights of the window as a USB tower lamp (三色灯) that takes one byte an order.

Source: docs/protocols/tower-lamp-usb.md. The lamp blinks by itself, at one rate: `slow`, `medium`
and `quick` look alike on it.
"""

from threading import Event, Lock
from typing import Annotated

import msgspec

from drivers.serial_port import SerialPort
from hal.clock import Clock
from hal.errors import DeviceLost
from hal.interfaces import Colour, FlashRate, Report, Role

_CHECK_S = 0.5
FOUND_S = _CHECK_S
"""No later than this after the port is gone, `watch` ends with DeviceLost."""
_LIGHTS: dict[Colour, int] = {"red": 0x01, "yellow": 0x02, "green": 0x04, "buzzer": 0x08}
_ON, _OFF, _BLINK = 0x10, 0x20, 0x40


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`port` is a device path, best one below /dev/serial/by-path. `buzzer`: whether it may sound.

    The buzzer is loud; a quiet hall leaves it out.
    """

    port: str
    baud: Annotated[int, msgspec.Meta(gt=0)] = 9600
    buzzer: bool = True


class LampsTowerUsb:
    """See hal.interfaces.Lamps. The lamp answers nothing: only its port shows that it is there."""

    role: Role = "lamp"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._lock = Lock()
        self._port: SerialPort | None = None
        self._failed = Event()
        self._shown: dict[Colour, int] = {}

    def open(self) -> None:
        self._failed.clear()
        port = SerialPort(self._options.port, self._options.baud)
        with self._lock:
            self._port, self._shown = port, {}
            # It keeps what an earlier program left on.
            for colour in _LIGHTS:
                self._order(colour, _OFF)

    def watch(self, report: Report, stop: Event) -> None:
        port = self._port
        if port is None:
            raise DeviceLost("the tower lamp is not open")
        while not stop.is_set():
            port.read(_CHECK_S)
            if self._failed.is_set():
                raise DeviceLost("the tower lamp takes no order", remedy="reset")

    def set(self, colour: Colour, on: bool) -> None:
        self.flash(colour, "continuous" if on else "off")

    def flash(self, colour: Colour, rate: FlashRate) -> None:
        order = {"off": _OFF, "continuous": _ON}.get(rate, _BLINK)
        with self._lock:
            if self._options.buzzer or colour != "buzzer":
                self._order(colour, order)

    def close(self) -> None:
        with self._lock:
            port, self._port = self._port, None
        if port is not None:
            port.close()

    def _order(self, colour: Colour, order: int) -> None:
        """Send it, unless the lamp is so already: what is not sent cannot fill the port."""
        if self._port is None:
            raise DeviceLost("the tower lamp is not open")
        if self._shown.get(colour) != order:
            try:
                self._port.write(bytes([order | _LIGHTS[colour]]))
            except DeviceLost:
                self._failed.set()
                raise
            self._shown[colour] = order
