"""Facts as the contract writes them, made here without the firmware, and the centre's keys."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from central.ingest.decode import Arrived, Message, decode
from central.ingest.keep import Means
from central.ingest.keys import Keys
from hal.events.topics import parse_topic

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
CITIZEN = {"document": "resident", "name": "示例人", "number": "11010519491231002X"}


@dataclass(frozen=True)
class Sent:
    """One message of a terminal."""

    topic: str
    body: bytes


@dataclass
class Wire:
    """What the terminal pzh01-w01 sends."""

    key: X25519PrivateKey

    def fact(
        self,
        sequence: int = 1,
        kind: str = "card.presented",
        data: object = None,
        visit: str | None = None,
        **fields: Any,
    ) -> Sent:
        """An operational fact; `fields` replace those of the envelope, None takes one out."""
        role, _, name = kind.partition(".")
        whole = {
            "specversion": "1.0",
            "id": f"FACT{sequence:022d}",
            "source": f"/hall/1/pzh01/pzh01-w01/{role}",
            "type": f"cn.onewindow.{kind}.v1",
            "time": "2026-11-23T08:15:02.123456+08:00",
            "subject": visit and f"visit/{visit}",
            "datacontenttype": "application/json",
            "sequence": str(sequence),
            "epoch": "E1",
            "boot": "B1",
            "mono": "123456789012",
            "clock": "synced",
            "dataclass": "operational",
            "data": {"slot": "contact"} if data is None else data,
        } | fields
        body = json.dumps({name: value for name, value in whole.items() if value is not None})
        return Sent(f"hall/1/pzh01/pzh01-w01/fact/{role}/{name}", body.encode())

    def sealed(
        self,
        sequence: int = 1,
        kind: str = "identity.read",
        data: object = CITIZEN,
        visit: str | None = None,
        **fields: Any,
    ) -> Sent:
        """A personal fact, its data sealed to `key` and bound to its envelope."""
        personal = {
            "datacontenttype": "application/vnd.onewindow.sealed+json",
            "dataclass": "personal",
        }
        draft = json.loads(self.fact(sequence, kind, {}, visit, **personal).body)
        names = ("source", "type", "id", "epoch", "sequence", "subject", "time")
        info = "\n".join(["onewindow/1", *(draft.get(name, "") for name in names)])
        plain = data if isinstance(data, bytes) else json.dumps(data).encode()
        box = SUITE.encrypt(plain, self.key.public_key(), info.encode())
        sealed = {"kid": "dev1", "box": base64.urlsafe_b64encode(box).rstrip(b"=").decode()}
        return self.fact(sequence, kind, sealed, visit, **(personal | fields))


@pytest.fixture
def wire() -> Wire:
    return Wire(X25519PrivateKey.generate())


@pytest.fixture
def keys(wire: Wire, tmp_path: Path) -> Keys:
    path = tmp_path / "seal.pem"
    path.write_bytes(wire.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Keys({"dev1": path})


@pytest.fixture
def means(catalogue: Any, sites: Any, keys: Keys) -> Means:
    """With what the ingest carries facts out."""
    return Means(catalogue, lambda message: decode(message, sites, keys))


@pytest.fixture
def arrive(sites: Any, keys: Keys) -> Any:
    """Decode a message as the ingest does."""

    def arrived(sent: Sent) -> Arrived:
        return decode(Message(parse_topic(sent.topic), sent.body), sites, keys)

    return arrived
