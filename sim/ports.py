"""TCP ports of this machine: which are free, and when somebody listens."""

import socket
import time
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
_TRY_AGAIN_S = 0.02


def is_free(port: int) -> bool:
    """Whether a program could listen on loopback at `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody uses now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def preferred(port: int, say: Callable[[str], None]) -> int:
    """`port` if it is free, else another one, and says so."""
    if is_free(port):
        return port
    other = free_ports(1)[0]
    say(f"port {port} is taken by another program; using {other} instead")
    return other


def accepts(port: int) -> bool:
    """Whether somebody listens on loopback at `port` now."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def wait_accepting(port: int, timeout_s: float, alive: Callable[[], bool]) -> bool:
    """Block until somebody listens at `port`; False after the time, or once not `alive`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and alive():
        if accepts(port):
            return True
        time.sleep(_TRY_AGAIN_S)
    return False
