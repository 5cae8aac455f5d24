"""The far end of a serial cable: a pty, a link that names it, and the pace of a UART.

A pty itself has no pace (3000 bytes at "9600 baud" arrive in 0.1 ms), so the pace is kept here:
8N1, ten bit times a byte.
"""

import contextlib
import os
import select
import termios
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.errors import PortFault

BITS_PER_BYTE = 10

Watch = Callable[[int], bool]
"""Told how many bytes are out; False stops the message there."""


@dataclass(frozen=True)
class Delivery:
    """How messages arrive: in chunks of so many bytes, each when its last bit would be there.

    `lose_every`: of every n-th message one byte is lost, 0 for never. `delay_s`: before each.
    """

    chunk_size: int = 16
    lose_every: int = 0
    delay_s: float = 0.0


USUAL = Delivery()


class SerialLine:
    """One end of a cable. `link` is the path that the other program opens as its port.

    `receive` is called on the line's own thread with what came; it may call `send`.
    """

    def __init__(self, link: Path, baud: int, receive: Callable[[bytes], None]) -> None:
        self.link = link
        self.baud = baud
        self.delivery = USUAL
        self._sent = 0
        self._receive = receive
        self._sending = threading.Lock()
        self._gone = threading.Event()
        self._gone.set()
        self._out = threading.Event()
        self._out.set()
        self._thread: threading.Thread | None = None
        self._master = self._slave = self._wake = -1

    def plug(self) -> None:
        """Make the port and its link; PortFault if the link's place is taken by something else.

        A second call does nothing.
        """
        if not self._gone.is_set():
            return
        # The line's own thread may still be pulling the cable: it must not close what we open.
        self._out.wait()
        self._master, self._slave = os.openpty()
        # Our own hold on the port's side keeps it alive while no program has it open.
        tty.setraw(self._slave)
        self._set_rate(self._slave)
        os.set_blocking(self._master, False)
        self._place_link(os.ttyname(self._slave))
        woken, self._wake = os.pipe()
        self._out.clear()
        self._gone.clear()
        self._thread = threading.Thread(
            target=self._listen, args=(self._master, woken), name=f"line {self.link.name}"
        )
        self._thread.daemon = True
        self._thread.start()

    def _set_rate(self, slave: int) -> None:
        """A program that sets no rate finds the port at the line's own."""
        rate = getattr(termios, f"B{self.baud}")
        attributes = termios.tcgetattr(slave)
        attributes[4] = attributes[5] = rate
        termios.tcsetattr(slave, termios.TCSANOW, attributes)

    def understood(self) -> bool:
        """Whether the program at the other end has its port at the line's rate."""
        return bool(termios.tcgetattr(self._slave)[5] == getattr(termios, f"B{self.baud}"))

    def wait(self, pause_s: float) -> bool:
        """Let so much time pass. False if the cable was pulled meanwhile."""
        return not self._gone.wait(pause_s)

    def _place_link(self, target: str) -> None:
        if self.link.exists() and not self.link.is_symlink():
            raise PortFault(f"{self.link} exists and is no link; choose another --pty.")
        fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        try:
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(target)
            fresh.replace(self.link)
        except OSError as error:
            raise PortFault(f"{self.link}: {error.strerror}; choose another --pty.") from error

    def unplug(self) -> None:
        """Pull the cable: the program at the other end gets an I/O error, the link is gone."""
        if self._gone.is_set():
            return
        self._gone.set()
        self.link.unlink(missing_ok=True)
        os.close(self._wake)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        with self._sending:
            os.close(self._master)
            os.close(self._slave)
        self._out.set()

    def _listen(self, master: int, woken: int) -> None:
        while not self._gone.is_set():
            ready, _, _ = select.select([master, woken], [], [])
            if woken in ready:
                break
            with contextlib.suppress(BlockingIOError):
                self._receive(os.read(master, 4096))
        os.close(woken)

    def send(self, message: bytes, watch: Watch | None = None) -> bool:
        """Send `message` at the pace of the line; blocks that long. False if it did not all go.

        Bytes that nobody takes are dropped when the port's buffer is full, as a UART would.
        """
        seconds_per_byte = BITS_PER_BYTE / self.baud
        delivery = self.delivery
        with self._sending:
            message = self._less(message, delivery)
            start = time.monotonic() + delivery.delay_s
            for first in range(0, len(message), delivery.chunk_size):
                piece = message[first : first + delivery.chunk_size]
                out = first + len(piece)
                due = start + out * seconds_per_byte
                if self._gone.wait(max(0.0, due - time.monotonic())):
                    return False
                with contextlib.suppress(BlockingIOError):
                    os.write(self._master, piece)
                if watch is not None and not watch(out):
                    return False
        return True

    def _less(self, message: bytes, delivery: Delivery) -> bytes:
        self._sent += 1
        if not delivery.lose_every or self._sent % delivery.lose_every:
            return message
        lost = self._sent * 7 % len(message)
        return message[:lost] + message[lost + 1 :]
