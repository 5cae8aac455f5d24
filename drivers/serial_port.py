"""A serial port as drivers use it: bytes as they come, and one kind of error when it is gone.

The only module that knows pyserial. Traps it takes care of: the end of a port shows as
SerialException, OSError or termios.error, by what was asked of it; what a dead program left in
the buffer is thrown away when the port is opened.
"""

import termios
from threading import Lock

import serial

from hal.errors import DeviceLost

_GONE = (serial.SerialException, OSError, termios.error, TypeError)
# pyserial raises TypeError when another thread closes the port under a read.


WRITE_S = 0.5
"""A device that takes no bytes for so long is lost; an order is a few bytes."""


class SerialPort:
    """8N1. One thread reads; `close` may come from another."""

    def __init__(self, path: str, baud: int) -> None:
        """Open it. DeviceLost if it is not there."""
        self.path = path
        try:
            self._port = serial.Serial(path, baud, exclusive=True, write_timeout=WRITE_S)
            self._port.reset_input_buffer()
        except _GONE as error:
            raise DeviceLost(f"cannot open {path}", remedy="configure") from error
        self._closing = Lock()

    def read(self, timeout_s: float) -> bytes:
        """What has come, at least one byte; empty when none came within the time."""
        try:
            self._port.timeout = timeout_s
            first: bytes = self._port.read(1)
            if not first:
                return b""
            rest: bytes = self._port.read(self._port.in_waiting)
        except _GONE as error:
            raise DeviceLost(f"{self.path} is gone", remedy="reset") from error
        return first + rest

    def write(self, body: bytes) -> None:
        """Hand `body` to the kernel; DeviceLost if the port is gone, or takes nothing."""
        try:
            self._port.write(body)
        except _GONE as error:
            raise DeviceLost(f"{self.path} is gone", remedy="reset") from error

    def drop_input(self) -> None:
        """Throw away what came and was not read."""
        try:
            self._port.reset_input_buffer()
        except _GONE as error:
            raise DeviceLost(f"{self.path} is gone", remedy="reset") from error

    def close(self) -> None:
        """End a read under way and let go of the port."""
        with self._closing:
            try:
                self._port.cancel_read()
                self._port.close()
            except _GONE:
                return
