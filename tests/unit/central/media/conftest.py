"""The media listener on a development folder, called over TLS with the certificates in it."""

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from central.config import Config, load
from central.ingest.keys import Keys
from central.media.app import make_app
from central.media.files import Files
from central.media.listener import MediaServer
from central.media.sheets import Sheets
from central.media.trust import Trust
from central.register import Register
from provisioning.development import develop
from provisioning.folder import Folder

DEADLINE_S = 20


@dataclass
class Caller:
    """Calls the listener as one terminal."""

    client: httpx.Client

    def put(
        self, body: bytes, *, name: str | None = None, span: str | None = None
    ) -> httpx.Response:
        """Send `body`; `span` is the Content-Range."""
        headers = {"Content-Range": span} if span else {}
        return self.client.put(_path(name or sha256(body)), content=body, headers=headers)

    def head(self, name: str) -> httpx.Response:
        return self.client.head(_path(name))


@dataclass
class Listener:
    """Where it listens, and the folder with everybody's identities."""

    folder: Path
    port: int
    files: Files
    server: MediaServer
    sheets: Sheets

    def context(self, name: str | None) -> ssl.SSLContext:
        """As a client with the identity `name`, or with none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.folder / "ca.pem")
        if name:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def caller(self, name: str | None = "pzh01-w01") -> Caller:
        address = f"https://127.0.0.1:{self.port}"
        context = self.context(name)
        return Caller(
            httpx.Client(base_url=address, verify=context, timeout=DEADLINE_S, trust_env=False)
        )

    def raw(self, name: str, head: str, body: bytes) -> ssl.SSLSocket:
        """A connection on which `head` and `body` have been sent, and no more."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)
        line = self.context(name).wrap_socket(plain, server_hostname="127.0.0.1")
        line.sendall(head.encode() + body)
        return line


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _path(name: str) -> str:
    return f"/api/v1/media/{name}"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    develop(Folder(tmp_path / "dev"), terminals=2, site="pzh01", now=datetime.now(UTC))
    return load(tmp_path / "dev" / "centre.toml")


@pytest.fixture
def listener(config: Config) -> Iterator[Listener]:
    register, files = Register(config.register), Files(config.state_dir / "media")
    config.state_dir.mkdir(mode=0o700)
    sheets = Sheets(config.state_dir / "sheets", Keys(config.seal).by_kid)
    app = make_app(files, lambda terminal: register.find(terminal) is not None, sheets)
    listens = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = MediaServer(app, bound, Trust(config.broker), listens.set)
        server.start()
        assert listens.wait(DEADLINE_S)
        yield Listener(config.folder, bound.getsockname()[1], files, server, sheets)
        server.stop()


@pytest.fixture
def caller(listener: Listener) -> Iterator[Caller]:
    made = listener.caller()
    with made.client:
        yield made
