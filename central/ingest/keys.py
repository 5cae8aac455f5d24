"""The centre's private keys, by their name (kid), and opening what was sealed to them.

HPKE base mode (RFC 9180): X25519, HKDF-SHA256, AES-128-GCM; see the contract, "A fact".
"""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from central.errors import Unavailable
from hal.events.envelope import Fact, SealedData, info_of

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


class Unopenable(ValueError):
    """A box that does not open: no such key, not for this envelope, or not whole."""


class Keys:
    """Safe to use from several threads."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """Unavailable if a file holds no X25519 key."""
        self._keys = {kid: _load(path) for kid, path in files.items()}

    @property
    def by_kid(self) -> Mapping[str, X25519PrivateKey]:
        return self._keys

    def open(self, fact: Fact) -> bytes:
        """The plain payload of a personal fact, as JSON; Unopenable if its box does not open."""
        try:
            sealed = msgspec.json.decode(fact.data, type=SealedData)
            box = base64.b64decode(sealed.box + "=" * (-len(sealed.box) % 4), b"-_", validate=True)
        except (msgspec.MsgspecError, binascii.Error) as error:
            raise Unopenable("no box") from error
        key = self._keys.get(sealed.kid)
        if key is None:
            raise Unopenable("unknown key")
        try:
            return _SUITE.decrypt(box, key, info_of(fact))
        except (InvalidTag, ValueError) as error:
            raise Unopenable("the box does not open") from error


def _load(path: Path) -> X25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable(f"The sealing key {path} cannot be read; restore it.") from error
    if not isinstance(key, X25519PrivateKey):
        raise Unavailable(f"{path} is no X25519 key; name the right file in [seal].")
    return key
