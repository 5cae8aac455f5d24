"""What the service manager is told, in the words of sd_notify(3). Without one, nothing happens."""

import os
import socket
from collections.abc import Mapping

_US_PER_S = 1_000_000


class Notifier:
    """A datagram socket of the service manager's. All methods return at once and never raise."""

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        """`address`: a path, or `@name` for an abstract socket; None: nobody listens.

        `watchdog_s`: how long the service manager waits for `alive`; None: it does not.
        """
        self.watchdog_s = watchdog_s
        self._address = None if address is None else _kernel_name(address)
        self._socket = None if address is None else _datagrams()

    def ready(self) -> bool:
        """The start is over. False if nobody was told."""
        return self._tell("READY=1")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`; nothing personal."""
        return self._tell("STATUS=" + text.replace("\n", " "))

    def stopping(self) -> bool:
        """The end begins."""
        return self._tell("STOPPING=1")

    def alive(self) -> bool:
        """Feed the watchdog."""
        return self._tell("WATCHDOG=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, words: str) -> bool:
        if self._socket is None or self._address is None:
            return False
        try:
            self._socket.sendto(words.encode(), self._address)
        except OSError:
            return False
        return True


def from_environment(environment: Mapping[str, str]) -> Notifier:
    """As the service manager has set it: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return Notifier(None)
    return Notifier(address, _watchdog_s(environment))


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Seconds; None if no watchdog waits for this process (sd_watchdog_enabled(3))."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    for_whom = environment.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or int(microseconds) == 0 or for_whom != str(os.getpid()):
        return None
    return int(microseconds) / _US_PER_S


def _kernel_name(address: str) -> str:
    return "\0" + address[1:] if address.startswith("@") else address


def _datagrams() -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    opened.setblocking(False)  # a service manager that does not read must not hold up a window
    return opened
