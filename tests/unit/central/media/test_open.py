"""Opening what a terminal has sealed."""

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.ingest.keys import Unopenable
from central.media.open import open_picture
from hal.events.media import MediaError, SealedMedia, media_info, pack, unpack

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
ID = "01JD8Z3K5M7N9P1Q3R5S7T9V1W"
PLAIN = b"\xff\xd8\xff\xe0 a picture with\na newline"


@pytest.fixture
def key() -> X25519PrivateKey:
    return X25519PrivateKey.generate()


@pytest.fixture
def packed(key: X25519PrivateKey) -> bytes:
    box = SUITE.encrypt(PLAIN, key.public_key(), f"onewindow/media/1\nw1\n{ID}".encode())
    return pack(SealedMedia("dev1", ID, box))


def test_what_was_sealed_opens(key: X25519PrivateKey, packed: bytes) -> None:
    """With the key that is named, for the terminal that sent it; the info is as documented."""
    assert packed.startswith(f"onewindow/media/1 dev1 {ID}\n".encode())
    assert media_info("w1", ID) == f"onewindow/media/1\nw1\n{ID}".encode()
    assert open_picture(packed, "w1", {"dev1": key}) == PLAIN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"dev1", b"dev2"),
        (b"V1W", b"V1X"),
        (b"media/1", b"media/2"),
        (b"\n", b" "),
    ],
)
def test_a_changed_head_does_not_open(
    key: X25519PrivateKey, packed: bytes, old: bytes, new: bytes
) -> None:
    """Key, id and version are bound to the box."""
    with pytest.raises(Unopenable):
        open_picture(packed.replace(old, new, 1), "w1", {"dev1": key})


def test_it_opens_for_nobody_else(key: X25519PrivateKey, packed: bytes) -> None:
    """Under another terminal's name, with another key, or cut short it does not open."""
    with pytest.raises(Unopenable):
        open_picture(packed, "w2", {"dev1": key})
    with pytest.raises(Unopenable):
        open_picture(packed, "w1", {"dev1": X25519PrivateKey.generate()})
    for length in (0, 20, len(packed) - 1):
        with pytest.raises(Unopenable):
            open_picture(packed[:length], "w1", {"dev1": key})


def test_a_head_is_one_line() -> None:
    """A name of a key that would break the head is refused, and no other bytes have one."""
    with pytest.raises(MediaError):
        pack(SealedMedia("de v1", ID, b""))
    with pytest.raises(MediaError):
        unpack(b"\xff\xd8\xff")
