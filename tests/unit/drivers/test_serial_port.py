"""A serial port whose other end does nothing."""

import os
import tty
from collections.abc import Iterator

import pytest

from drivers import serial_port
from drivers.serial_port import SerialPort
from hal.errors import DeviceLost


@pytest.fixture
def unread() -> Iterator[str]:
    """A port of which nobody takes the bytes."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_device_that_takes_no_bytes_is_lost(unread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes is not held for ever: a wedged lamp must not stop a window."""
    monkeypatch.setattr(serial_port, "WRITE_S", 0.05)
    port = SerialPort(unread, 9600)
    with pytest.raises(DeviceLost):
        port.write(bytes(1024 * 1024))
    port.close()
