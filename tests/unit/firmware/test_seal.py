"""Sealing, held against an independent reading of RFC 9180 and against its faults."""

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.errors import KeyFault
from firmware.seal import load_seal
from hal.events.envelope import SealedData

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "hpke.json").read_text("utf-8"))
RFC = {name: bytes.fromhex(text) for name, text in VECTORS["rfc9180"].items()}
KEM_ID = b"KEM\x00\x20"
SUITE_ID = b"HPKE\x00\x20\x00\x01\x00\x01"
PLAIN, INFO = b'{"name":"\xe7\xa4\xba\xe4\xbe\x8b\xe4\xba\xba"}', b"onewindow/1\nx"


def extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    """LabeledExtract of RFC 9180, section 4."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")


def expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand of RFC 9180, section 4, for at most one block."""
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labelled + b"\x01", "sha256")[:length]


def rfc_open(box: bytes, key: X25519PrivateKey, info: bytes, aad: bytes = b"") -> bytes:
    """Decap (4.1), KeySchedule (5.1) and Open (5.2) of the first message in base mode."""
    enc, ciphertext = box[:32], box[32:]
    shared = key.exchange(X25519PublicKey.from_public_bytes(enc))
    context = enc + key.public_key().public_bytes_raw()
    secret = expand(KEM_ID, extract(KEM_ID, b"", b"eae_prk", shared), b"shared_secret", context, 32)
    hashes = (
        extract(SUITE_ID, b"", b"psk_id_hash", b""),
        extract(SUITE_ID, b"", b"info_hash", info),
    )
    schedule = b"\x00" + b"".join(hashes)
    prk = extract(SUITE_ID, secret, b"secret", b"")
    aead = AESGCM(expand(SUITE_ID, prk, b"key", schedule, 16))
    return aead.decrypt(expand(SUITE_ID, prk, b"base_nonce", schedule, 12), ciphertext, aad)


def unpadded(box: str) -> bytes:
    return base64.b64decode(box + "=" * (-len(box) % 4), b"-_", validate=True)


@pytest.fixture
def key() -> X25519PrivateKey:
    """The receiver's key of RFC 9180, appendix A.1.1."""
    return X25519PrivateKey.from_private_bytes(RFC["skRm"])


@pytest.fixture
def public(key: X25519PrivateKey, tmp_path: Path) -> Path:
    path = tmp_path / "seal.pub.pem"
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def test_the_reading_above_opens_the_rfcs_own_ciphertext(key: X25519PrivateKey) -> None:
    """RFC 9180, appendix A.1.1.1: so the reading, and the tests that use it, can be believed."""
    assert key.public_key().public_bytes_raw() == RFC["pkRm"]
    assert rfc_open(RFC["enc"] + RFC["ct"], key, RFC["info"], RFC["aad"]) == RFC["pt"]


def test_what_is_sealed_here_is_what_the_rfc_says(key: X25519PrivateKey, public: Path) -> None:
    """The box opens by the RFC alone: enc‖ciphertext, base mode, the suite of the contract."""
    sealed = load_seal("dev1", public)(PLAIN, INFO)
    assert rfc_open(unpadded(sealed.box), key, INFO) == PLAIN


def test_another_implementations_box_opens_with_the_suite(key: X25519PrivateKey) -> None:
    """The suite that seals here reads what another HPKE implementation has sealed."""
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    fact = VECTORS["fact"]
    box = unpadded(fact["envelope"]["data"]["box"])
    assert suite.decrypt(box, key, fact["info"].encode()).decode() == fact["plain"]
    assert rfc_open(box, key, fact["info"].encode()).decode() == fact["plain"]


def test_a_box_names_its_key_and_is_base64url_without_padding(public: Path) -> None:
    """Whatever its length, a box holds letters, digits, - and _, and the key's name beside it."""
    seal = load_seal("hall-2026", public)
    for length in range(6):
        sealed = seal(bytes(length), INFO)
        assert isinstance(sealed, SealedData)
        assert sealed.kid == "hall-2026"
        assert len(unpadded(sealed.box)) == 32 + length + 16
        assert set(sealed.box).isdisjoint("=+/")


def test_a_box_does_not_open_elsewhere(key: X25519PrivateKey, public: Path) -> None:
    """Another info, that is another envelope, does not open it."""
    box = unpadded(load_seal("dev1", public)(PLAIN, INFO).box)
    with pytest.raises(InvalidTag):
        rfc_open(box, key, INFO + b"\n")


def test_equal_data_give_different_boxes(public: Path) -> None:
    """Who sees two boxes cannot tell that the same citizen came twice."""
    seal = load_seal("dev1", public)
    assert len({seal(PLAIN, INFO).box for _ in range(20)}) == 20


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """No file: the sentence says which key of the TOML and which file, with exit code 5."""
    with pytest.raises(
        KeyFault, match=r"seal\.public_key: cannot read .*gone\.pem: No such"
    ) as why:
        load_seal("dev1", tmp_path / "gone.pem")
    assert why.value.exit_code == 5


@pytest.mark.parametrize("body", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, body: bytes) -> None:
    """What is no public key in PEM is said to be none."""
    path = tmp_path / "seal.pub.pem"
    path.write_bytes(body)
    with pytest.raises(KeyFault, match="is no public key in PEM"):
        load_seal("dev1", path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A signature key is none to seal with; the sentence names the right file."""
    path = tmp_path / "sign.pub.pem"
    other: Any = Ed25519PrivateKey.generate().public_key()
    path.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(KeyFault, match=r"is no X25519 key; take the centre's seal\.pub\.pem"):
        load_seal("dev1", path)
