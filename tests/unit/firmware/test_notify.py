"""The service manager hears what it waits for, at either kind of address."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.notify import Notifier, from_environment


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's socket, and the address that it hands out."""
    address = str(tmp_path / "notify")
    if request.param == "abstract":
        address = f"@onewindow-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0", 1))
        listening.settimeout(10)
        yield listening, address


def test_each_word_is_one_datagram(manager: tuple[socket.socket, str]) -> None:
    """Ready, status, watchdog and stopping, as sd_notify writes them."""
    listening, address = manager
    notifier = from_environment({"NOTIFY_SOCKET": address})
    told = [notifier.ready(), notifier.status("2 facts\nwait"), notifier.alive()]
    assert [*told, notifier.stopping()] == [True] * 4
    notifier.close()
    assert [listening.recv(256) for _ in range(4)] == [
        b"READY=1",
        b"STATUS=2 facts wait",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:3"}])
def test_without_a_service_manager_nothing_happens(environment: dict[str, str]) -> None:
    """A terminal that was started by hand tells nobody, and is not disturbed."""
    notifier = from_environment(environment)
    assert not notifier.ready()
    notifier.close()


def test_a_service_manager_that_is_gone_disturbs_nobody(tmp_path: Path) -> None:
    """Nor does an address at which nobody listens."""
    notifier = Notifier(str(tmp_path / "nobody"))
    assert not notifier.alive()
    notifier.close()


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdogs_patience(
    tmp_path: Path, environment: dict[str, str], watchdog_s: float | None
) -> None:
    """Microseconds become seconds; what is meant for another process is not for us."""
    address = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    notifier = from_environment(address | environment)
    notifier.close()
    assert notifier.watchdog_s == watchdog_s
