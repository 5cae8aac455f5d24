"""`/dev/i2c-1` of the testbed: kernel ioctls taken apart, each write handed to the chip.

Source: linux/i2c-dev.h and linux/i2c.h (ioctl numbers, `struct i2c_msg`,
`struct i2c_rdwr_ioctl_data`, `struct i2c_smbus_ioctl_data`), 64-bit layout. NXP UM10204, section
3.1 (what a transfer has on the wire): start, then nine clocks a byte, the ninth its acknowledge,
the address before all others; stop.
"""

import struct
import time
from typing import Any, Protocol

DEVICE = """\
P: /devices/virtual/i2c-1
N: i2c-1
E: DEVNAME=/dev/i2c-1
E: SUBSYSTEM=i2c-dev
E: MAJOR=89
E: MINOR=1
A: dev=89:1

"""
PATH = "/dev/i2c-1"

_I2C_SLAVE, _I2C_FUNCS, _I2C_RDWR, _I2C_SMBUS = 0x0703, 0x0705, 0x0707, 0x0720
# Plain I2C, SMBus quick command and I2C block write.
_FUNCTIONS = 0x00000001 | 0x00010000 | 0x08000000
_EIO, _ETIMEDOUT, _EREMOTEIO = 5, 110, 121
_START_STOP_CLOCKS, _BYTE_CLOCKS = 2, 9
_MESSAGE_SIZE, _MESSAGE_BUFFER = 16, 8


class Chip(Protocol):
    """What sits on the bus."""

    def write(self, address: int, body: bytes) -> None: ...


class Bus:
    """Answers a client's ioctls. `client` is an UMockdev.IoctlClient."""

    def __init__(self, chip: Chip) -> None:
        self._chip: Chip | None = chip
        self._slave = 0
        self.refused = 0
        """Writes that nothing acknowledged."""
        self.clocks = 0
        """Of all transfers so far."""
        self.hz: int | None = None
        """How fast the clock is; None: a transfer takes no time."""
        self.unheard = 0
        """Fault: so many of the next writes nobody acknowledges."""
        self.stuck = False
        """Fault: something holds the wires, and no transfer comes to an end."""

    def connect(self, chip: Chip | None) -> None:
        """Put another chip on the bus; None: nothing is there that could acknowledge."""
        self._chip = chip

    def handle(self, client: Any) -> bool:
        """True if the request was one of this bus and has been answered."""
        request = client.get_request() & 0xFFFFFFFF
        argument = client.get_arg()
        began_s, before = time.monotonic(), self.clocks
        try:
            result = self._answer(request, argument)
        except OSError as error:
            client.complete(-1, error.errno or _EIO)
            return True
        if result is None:
            return False
        if self.hz is not None:
            # As an adapter does, that waits for its last clock before it says that it is done.
            ends_s = began_s + (self.clocks - before) / self.hz
            time.sleep(max(0.0, ends_s - time.monotonic()))
        client.complete(result, 0)
        return True

    def _answer(self, request: int, argument: Any) -> int | None:
        if request == _I2C_FUNCS:
            argument.resolve(0, 8).update(0, struct.pack("<Q", _FUNCTIONS))
            return 0
        if request == _I2C_SLAVE:
            # Not a pointer: the argument itself is the address that SMBus requests go to.
            self._slave = int.from_bytes(bytes(argument.retrieve()), "little")
            return 0
        if request == _I2C_RDWR:
            return self._transfer(argument)
        if request == _I2C_SMBUS:
            return self._smbus(argument)
        return None

    def _transfer(self, argument: Any) -> int:
        head = argument.resolve(0, 16)
        count: int = struct.unpack_from("<I", bytes(head.retrieve()), 8)[0]
        messages = head.resolve(0, _MESSAGE_SIZE * count)
        raw = bytes(messages.retrieve())
        for number in range(count):
            start = _MESSAGE_SIZE * number
            address, _flags, length = struct.unpack_from("<HHH", raw, start)
            buffer = messages.resolve(start + _MESSAGE_BUFFER, length)
            self._write(address, bytes(buffer.retrieve()))
        return count

    def _smbus(self, argument: Any) -> int:
        head = argument.resolve(0, 16)
        command = bytes(head.retrieve())[1]
        block = bytes(head.resolve(8, 34).retrieve())
        self._write(self._slave, bytes([command]) + block[1 : 1 + block[0]])
        return 0

    def _write(self, address: int, body: bytes) -> None:
        if self.stuck:
            raise OSError(_ETIMEDOUT, "the bus is busy")
        self.clocks += _START_STOP_CLOCKS + _BYTE_CLOCKS * (1 + len(body))
        if self.unheard:
            self.unheard -= 1
            self.refused += 1
            raise OSError(_EREMOTEIO, "no acknowledge")
        if self._chip is None:
            self.refused += 1
            raise OSError(_EREMOTEIO, "no acknowledge")
        self._chip.write(address, body)
