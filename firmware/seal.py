"""Sealing personal data to the centre before it touches the disk.

HPKE base mode (RFC 9180): X25519, HKDF-SHA256, AES-128-GCM. Only the centre's private key opens
what is sealed here; the terminal itself cannot.
"""

import base64
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from firmware.errors import KeyFault
from hal.events.envelope import SealedData

Seal = Callable[[bytes, bytes], SealedData]
"""(plain text, info) → box."""

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


def load_seal(kid: str, path: Path) -> Seal:
    """A seal to the X25519 public key in `path`. KeyFault if there is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise KeyFault(f"seal.public_key: cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise KeyFault(f"seal.public_key: {path} is no public key in PEM.") from error
    if not isinstance(key, X25519PublicKey):
        raise KeyFault(f"seal.public_key: {path} is no X25519 key; take the centre's seal.pub.pem.")
    return lambda plain, info: _seal(kid, key, plain, info)


def _seal(kid: str, key: X25519PublicKey, plain: bytes, info: bytes) -> SealedData:
    box = _SUITE.encrypt(plain, key, info)
    return SealedData(kid, base64.urlsafe_b64encode(box).rstrip(b"=").decode())
