"""A terminal with real keys on a folder of its own, and a listener that speaks TLS."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from firmware import config
from firmware.config import Configuration
from provisioning.development import develop
from provisioning.folder import Folder
from sim.ports import free_ports

NAME = "pzh01-w01"
TOML = """\
# a comment that mentions a secret: hunter2
[terminal]
site = "pzh01"
id = "{name}"
state_dir = "{state}"
[broker]
host = "localhost"
port = {port}
ca = "{dev}/ca.pem"
cert = "{dev}/{name}.pem"
key = "{dev}/{name}.key"
[centre]
url = "https://localhost:{port}"
[seal]
kid = "dev1"
public_key = "{dev}/seal.pub.pem"
[page]
port = {page}
[limits]
reserve_bytes = 0
[recovery]
systemctl = "{state}/systemctl"
[device.reader]
driver = "id_serial"
port = "{state}/reader"
baud = 115200
daemon = "readerd.service"
"""


@dataclass(frozen=True)
class Place:
    """One terminal's files."""

    toml: Path
    state: Path
    dev: Path
    port: int
    page: int

    def read(self) -> Configuration:
        return config.read(self.toml)


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Folder(tmp_path_factory.mktemp("identities") / "dev")
    develop(made, terminals=1, site="pzh01", now=datetime.now(UTC))
    return made.path


@pytest.fixture
def place(tmp_path: Path, identities: Path) -> Place:
    port, page = free_ports(2)
    state = tmp_path / "state"
    state.mkdir()
    toml = tmp_path / "terminal.toml"
    words = TOML.format(name=NAME, state=state, dev=identities, port=port, page=page)
    toml.write_text(words)
    return Place(toml, state, identities, port, page)


class Listener:
    """A broker as far as its handshake: it waits for the first word, or refuses."""

    def __init__(self, port: int, dev: Path, authority: Path) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(dev / "broker.pem", dev / "broker.key")
        self._tls.load_verify_locations(authority)
        self._tls.verify_mode = ssl.CERT_REQUIRED
        self.heard = b""
        self._listening = socket.create_server(("127.0.0.1", port))
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection, suppress(OSError):
                    connection.settimeout(10)
                    with self._tls.wrap_socket(connection, server_side=True) as secured:
                        self.heard += secured.recv(64)

    def stop(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)


@pytest.fixture
def listen(place: Place) -> Iterator[Callable[[Path], Listener]]:
    """Opens a broker that believes the given authority."""
    opened: list[Listener] = []

    def open_one(authority: Path) -> Listener:
        opened.append(Listener(place.port, place.dev, authority))
        return opened[-1]

    yield open_one
    for listener in opened:
        listener.stop()
