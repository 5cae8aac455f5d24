"""The centre's keys open what another HPKE implementation has sealed."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from central.errors import Unavailable
from central.ingest.keys import Keys, Unopenable
from hal.events.envelope import decode_fact, info_of

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "hpke.json").read_text("utf-8"))
FACT = VECTORS["fact"]


def stored(path: Path, key: Any) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    raw = bytes.fromhex(VECTORS["rfc9180"]["skRm"])
    return stored(tmp_path / "seal.pem", X25519PrivateKey.from_private_bytes(raw))


def test_another_implementations_fact_opens(key_file: Path) -> None:
    """A whole fact, its box made elsewhere, opens with the info that hal.events builds."""
    fact = decode_fact(json.dumps(FACT["envelope"]).encode())
    assert info_of(fact) == FACT["info"].encode()
    assert Keys({"dev1": key_file}).open(fact).decode() == FACT["plain"]


def test_the_key_is_found_by_its_name(key_file: Path, tmp_path: Path) -> None:
    """After a rotation the older facts still open; a name that is not there opens nothing."""
    newer = stored(tmp_path / "newer.pem", X25519PrivateKey.generate())
    fact = decode_fact(json.dumps(FACT["envelope"]).encode())
    assert Keys({"dev2": newer, "dev1": key_file}).open(fact).decode() == FACT["plain"]
    for others in ({"dev2": key_file}, {"dev1": newer}, {}):
        with pytest.raises(Unopenable):
            Keys(others).open(fact)


@pytest.mark.parametrize("body", [None, b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAA\n"])
def test_a_file_without_a_key_stops_the_centre(tmp_path: Path, body: bytes | None) -> None:
    """Missing, empty or something else: the sentence names the file."""
    path = tmp_path / "seal.pem"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(Unavailable, match=r"The sealing key .*seal\.pem cannot be read"):
        Keys({"dev1": path})


def test_a_key_of_another_kind_stops_the_centre(tmp_path: Path) -> None:
    """A signature key opens nothing; the sentence says where to name the right file."""
    path = stored(tmp_path / "sign.pem", Ed25519PrivateKey.generate())
    with pytest.raises(Unavailable, match=r"is no X25519 key; name the right file in \[seal\]"):
        Keys({"dev1": path})
