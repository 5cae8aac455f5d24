"""provisioning.sealing: one key pair, never silently another."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from provisioning import sealing
from provisioning.errors import IdentityError
from provisioning.folder import PRIVATE, Folder


def test_pair_belongs_together(tmp_path: Path) -> None:
    """What is sealed to the public file opens with the private one."""
    sealing.ensure(Folder(tmp_path))
    private = load_pem_private_key((tmp_path / "seal.pem").read_bytes(), None)
    public = load_pem_public_key((tmp_path / "seal.pub.pem").read_bytes())
    assert isinstance(private, X25519PrivateKey)
    assert isinstance(public, X25519PublicKey)
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    assert suite.decrypt(suite.encrypt(b"x", public, b"i"), private, b"i") == b"x"


def test_again_writes_nothing(tmp_path: Path) -> None:
    """A second run keeps the pair; a lost public half comes back from the private one."""
    sealing.ensure(Folder(tmp_path))
    public = (tmp_path / "seal.pub.pem").read_bytes()
    again = Folder(tmp_path)
    sealing.ensure(again)
    assert again.written == []
    (tmp_path / "seal.pub.pem").unlink()
    sealing.ensure(again)
    assert again.written == ["seal.pub.pem"]
    assert (tmp_path / "seal.pub.pem").read_bytes() == public


def test_lost_private_key_is_missed(tmp_path: Path) -> None:
    """A lost private key is not replaced: what was sealed under it needs it."""
    sealing.ensure(Folder(tmp_path))
    (tmp_path / "seal.pem").unlink()
    with pytest.raises(IdentityError, match="restore it, sealed facts need it"):
        sealing.ensure(Folder(tmp_path))


def test_broken_private_key_is_named(tmp_path: Path) -> None:
    """A private key file that is none is an error with its name."""
    folder = Folder(tmp_path)
    folder.write("seal.pem", b"garbage", mode=PRIVATE)
    with pytest.raises(IdentityError, match=r"seal\.pem is no key"):
        sealing.ensure(folder)
