"""The real terminal under a service manager that is played, far from any broker."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sim.launcher import program
from sim.ports import free_ports
from sim.settings import make_identities, terminal_name

WAIT_S = 20.0
WATCHDOG_S = 0.4
TOML = """\
[terminal]
site = "pzh01"
id = "{terminal}"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = {port}
ca = "{identities}/ca.pem"
cert = "{identities}/{terminal}.pem"
key = "{identities}/{terminal}.key"
[centre]
url = "https://127.0.0.1:{port}"
[seal]
kid = "dev1"
public_key = "{identities}/seal.pub.pem"
[page]
port = 0
[intervals]
reconnect_base_s = 0.05
reconnect_cap_s = 0.1
"""


@dataclass
class Service:
    """A terminal that runs, and the service manager's socket."""

    process: "subprocess.Popen[bytes]"
    words: socket.socket
    output: Path

    def hear(self, word: bytes) -> None:
        """Wait until it is told; what else is told meanwhile passes by."""
        until = time.monotonic() + WAIT_S
        while self.words.recv(4096) != word:
            assert time.monotonic() < until, word

    def heard(self) -> list[bytes]:
        """All that was told and not yet heard."""
        told = []
        self.words.setblocking(False)
        try:
            while True:
                told.append(self.words.recv(4096))
        except BlockingIOError:
            return told
        finally:
            self.words.settimeout(WAIT_S)

    def state(self) -> str:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0]

    def ended(self) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_identities(tmp_path_factory.mktemp("service") / "dev")


@pytest.fixture
def service(identities: Path, tmp_path: Path) -> Iterator[Service]:
    """A terminal without devices; at its broker's port nobody listens."""
    (port,) = free_ports(1)
    config = tmp_path / "terminal.toml"
    text = TOML.format(terminal=terminal_name(1), port=port, identities=identities)
    config.write_text(text, encoding="utf-8")
    output = tmp_path / "output"
    address = str(tmp_path / "notify")
    manager = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as words, output.open("wb") as file:
        words.bind(address)
        words.settimeout(WAIT_S)
        process = subprocess.Popen(
            [program("ow-terminal"), "run", "--config", str(config)],
            env={**os.environ, **manager},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        yield Service(process, words, output)
        process.kill()
        process.wait()


def test_it_settles_without_a_broker(service: Service) -> None:
    """The start is over when every device was tried: a window works in a hall without a network."""
    service.hear(b"READY=1")
    service.hear(b"WATCHDOG=1")
    assert service.ended() == 0
    assert b"STOPPING=1" in service.heard()
    lines = service.output.read_bytes().splitlines()
    assert b"ready" not in lines
    assert any(b"cannot reach the broker" in line for line in lines)


def test_the_watchdog_is_fed_again_and_again(service: Service) -> None:
    """As long as it works, whoever waits for it hears so; no line to a broker is needed."""
    service.hear(b"READY=1")
    for _ in range(5):
        service.hear(b"WATCHDOG=1")
    assert service.ended() == 0


def test_it_goes_on_after_it_was_stopped(service: Service) -> None:
    """A terminal that stood still feeds nothing meanwhile, and works on when it may."""
    service.hear(b"READY=1")
    service.hear(b"WATCHDOG=1")
    service.process.send_signal(signal.SIGSTOP)
    until = time.monotonic() + WAIT_S
    while service.state() != "T":
        assert time.monotonic() < until
    service.heard()
    assert service.heard() == []
    service.process.send_signal(signal.SIGCONT)
    for _ in range(3):
        service.hear(b"WATCHDOG=1")
    assert service.process.poll() is None
    assert service.ended() == 0
