"""The web application on a real store, called over loopback as a client calls it."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.ingest.terminal_logs import TerminalLogs
from central.media.files import Files
from central.media.sheets import Sheets
from central.service.commands import Commands
from central.service.papers import Papers
from central.web.app import make_app
from central.web.bell import Bell
from central.web.parts import Parts
from central.web.pictures import Pictures
from central.web.principals import Principal, Principals
from hal.events.envelope import Fact

DEADLINE_S = 20
ROLES = ("kiosk", "teller", "hall", "auditor", "observer")


@dataclass
class Keyring:
    """Opens a box by looking it up; one that it does not hold does not open."""

    boxes: dict[str, bytes] = field(default_factory=dict)

    def open(self, fact: Fact) -> bytes:
        try:
            return self.boxes[fact.id]
        except KeyError:
            raise ValueError("the box does not open") from None


@dataclass
class Caller:
    """Calls with the token of a role, each command under a key of its own."""

    client: httpx.Client
    count: int = 0

    def post(
        self, path: str, role: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        self.count += 1
        headers = {"Authorization": f"Bearer {role}-token"}
        headers["Idempotency-Key"] = key or f"key-{self.count}"
        return self.client.post(f"/api/v1{path}", json=body or {}, headers=headers)

    def get(self, path: str, role: str = "observer") -> httpx.Response:
        headers = {"Authorization": f"Bearer {role}-token"}
        return self.client.get(path, headers=headers)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring()


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def seal_key() -> X25519PrivateKey:
    """The centre's key `dev1`."""
    return X25519PrivateKey.generate()


@pytest.fixture
def media(tmp_path: Path) -> Files:
    """What terminals have uploaded."""
    return Files(tmp_path / "media")


@pytest.fixture
def panels(tmp_path: Path) -> Path:
    """The folder of the displays' pictures."""
    folder = tmp_path / "panels"
    folder.mkdir()
    return folder


@pytest.fixture
def pictures(media: Files, seal_key: X25519PrivateKey, panels: Path) -> Pictures:
    return Pictures(media, {"dev1": seal_key}, panels)


@pytest.fixture
def logs() -> TerminalLogs:
    return TerminalLogs()


@pytest.fixture
def parts(
    store: Any,
    clock: Any,
    sites: Any,
    catalogue: Any,
    keyring: Any,
    bell: Bell,
    pictures: Pictures,
    logs: TerminalLogs,
    seal_key: X25519PrivateKey,
    tmp_path: Path,
) -> Parts:
    store.writer.on_commit(bell.ring)
    known = [
        Principal(role, role, hashlib.sha256(f"{role}-token".encode()).hexdigest())  # type: ignore[arg-type]
        for role in ROLES
    ]
    return Parts(
        commands=Commands(store.writer, clock.now, lambda: None),
        writer=store.writer,
        readers=store.readers,
        places=sites,
        catalogue=catalogue,
        principals=Principals(known),
        opener=keyring.open,
        papers=Papers(keyring.open, Sheets(tmp_path / "sheets", {"dev1": seal_key}).keep),
        bell=bell,
        pictures=pictures,
        now=clock.now,
        broker_up=lambda: True,
        logs=logs.of,
    )


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@pytest.fixture
def client(parts: Parts, bell: Bell) -> Iterator[httpx.Client]:
    server = Server(uvicorn.Config(make_app(parts), log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.listens.wait(DEADLINE_S)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=DEADLINE_S, trust_env=False) as client:
            yield client
            bell.close()
            server.should_exit = True
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


@pytest.fixture
def caller(client: httpx.Client) -> Caller:
    return Caller(client)
