"""The X25519 key pair under which personal facts are sealed to the centre."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from provisioning.errors import IdentityError
from provisioning.folder import PRIVATE, PUBLIC, Folder

KID = "dev1"
PRIVATE_FILE = "seal.pem"
PUBLIC_FILE = "seal.pub.pem"


def ensure(folder: Folder) -> None:
    """Make the pair when missing. A lost private key is never replaced while the public one is
    there: what terminals have sealed under it could not be opened."""
    pem = folder.read(PRIVATE_FILE)
    if pem is None:
        if folder.has(PUBLIC_FILE):
            raise IdentityError(
                f"{folder.path / PRIVATE_FILE} is missing; restore it, sealed facts need it."
            )
        pem = _private_pem(X25519PrivateKey.generate())
        folder.write(PRIVATE_FILE, pem, mode=PRIVATE)
    folder.close_to_others(PRIVATE_FILE)
    public = _public_pem(pem, folder)
    if folder.read(PUBLIC_FILE) != public:
        folder.write(PUBLIC_FILE, public, mode=PUBLIC)


def _private_pem(key: X25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_pem(pem: bytes, folder: Folder) -> bytes:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise IdentityError(f"{folder.path / PRIVATE_FILE} is no key; restore it.") from error
    if not isinstance(key, X25519PrivateKey):
        raise IdentityError(f"{folder.path / PRIVATE_FILE} is no X25519 key; restore it.")
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
