"""Opening a sealed picture, in memory, for who may see it.

HPKE base mode (RFC 9180): X25519, HKDF-SHA256, AES-128-GCM, the suite of docs/adr/0004. What a
picture is bound to is `hal.events.media.media_info`.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.ingest.keys import Unopenable
from hal.events.media import MediaError, media_info, unpack

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


def open_picture(packed: bytes, terminal: str, keys: Mapping[str, X25519PrivateKey]) -> bytes:
    """The plain picture (JPEG). `terminal` is who uploaded it, `keys` the centre's by kid.

    Unopenable if the bytes are no sealed picture, its key is not here, or it is not for this
    terminal or not whole.
    """
    try:
        sealed = unpack(packed)
    except MediaError as error:
        raise Unopenable(str(error)) from error
    key = keys.get(sealed.kid)
    if key is None:
        raise Unopenable("unknown key")
    try:
        return _SUITE.decrypt(sealed.box, key, media_info(terminal, sealed.media))
    except (InvalidTag, ValueError) as error:
        raise Unopenable("the box does not open") from error
