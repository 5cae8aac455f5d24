"""The link and somebody on the broker's port who never grants what it asks for."""

import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Semaphore, Thread

from firmware.config import Broker, Intervals
from firmware.link import Link
from hal.events.topics import Branch
from provisioning.development import develop
from provisioning.folder import Folder

DEADLINE_S = 10.0
BRANCH = Branch("pzh01", "pzh01-w01")
CONNECT, PINGREQ, PINGRESP = 1, bytes.fromhex("c000"), bytes.fromhex("d000")
CONNACK = bytes.fromhex("2003000000")


class Taciturn:
    """Somebody on the broker's port who accepts and answers pings, and grants nothing."""

    def __init__(self, folder: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "broker.pem", folder / "broker.key")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.connected = Semaphore(0)
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as terminal:
                self._serve(terminal)

    def _serve(self, terminal: ssl.SSLSocket) -> None:
        while packet := terminal.recv(4096):
            if packet[0] >> 4 == CONNECT:
                self.connected.release()
                terminal.sendall(CONNACK)
            elif packet.endswith(PINGREQ):
                terminal.sendall(PINGRESP)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(DEADLINE_S)


def test_a_broker_that_grants_nothing_is_left(tmp_path: Path) -> None:
    """It answers pings for ever, but a line without subscriptions is no line: begin again."""
    develop(Folder(tmp_path), terminals=1, site=BRANCH.site, now=datetime.now(UTC))
    own = [tmp_path / name for name in ("ca.pem", "pzh01-w01.pem", "pzh01-w01.key")]
    taciturn = Taciturn(tmp_path)
    soon = Intervals(keepalive_s=1, reconnect_base_s=0.02)
    link = Link(Broker("127.0.0.1", taciturn.port, *own), BRANCH, b"lost", lambda *_: None, soon)
    link.start()
    assert taciturn.connected.acquire(timeout=DEADLINE_S)
    assert taciturn.connected.acquire(timeout=DEADLINE_S)
    assert not link.subscribed.is_set()
    link.stop({}, DEADLINE_S)
    taciturn.close()
