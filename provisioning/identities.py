"""Certificates and keys in the folder: made when missing, kept while they are good."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provisioning.authority import Authority, RevocationList, Uses, new_key
from provisioning.errors import FolderError, IdentityError
from provisioning.folder import PRIVATE, PUBLIC, Folder

RENEW_BEFORE = timedelta(days=30)
REFRESH_CRL_BEFORE = timedelta(days=15)


class Identities:
    """The authority of one folder and the identities it has signed. Use it under the lock."""

    def __init__(self, folder: Folder, authority: Authority, now: datetime) -> None:
        self._folder = folder
        self._authority = authority
        self._now = now

    @classmethod
    def create(cls, folder: Folder, now: datetime) -> "Identities":
        """Open the folder's authority, or make one when there is none yet."""
        if not folder.has("ca.pem"):
            key = _load_key(folder, "ca.key") if folder.has("ca.key") else new_key()
            authority = Authority.create(key, now)
            if not folder.has("ca.key"):
                folder.write("ca.key", _private_pem(key), mode=PRIVATE)
            folder.write("ca.pem", _public_pem(authority.certificate), mode=PUBLIC)
        return cls.open(folder, now)

    @classmethod
    def open(cls, folder: Folder, now: datetime) -> "Identities":
        """Open the folder's authority; FolderError if there is none."""
        if not folder.has("ca.pem"):
            raise FolderError(
                f"{folder.path} holds no certificate authority; "
                f"run `ow-provision dev --dir {folder.path}` first."
            )
        key = _load_key(folder, "ca.key")
        return cls(folder, Authority(key, _load_certificate(folder, "ca.pem")), now)

    def ensure(self, name: str, uses: Uses, *, replace_revoked: bool = False) -> bool:
        """See to it that `name` has a key and a good certificate. True if one was made.

        A revoked identity stays as it is unless `replace_revoked`; then it gets a new key too.
        """
        certificate = None
        if self._folder.has(f"{name}.pem"):
            certificate = _load_certificate(self._folder, f"{name}.pem")
        if certificate is not None and certificate.serial_number in self.revocations().revoked:
            if not replace_revoked:
                return False
            return self._sign(name, new_key(), uses, write_key=True)
        if not self._folder.has(f"{name}.key"):
            return self._sign(name, new_key(), uses, write_key=True)
        key = _load_key(self._folder, f"{name}.key")
        if certificate is not None and self._good(certificate, key):
            return False
        return self._sign(name, key, uses, write_key=False)

    def revoke(self, name: str) -> None:
        """Put the certificate of `name` on the list. IdentityError if there is none."""
        certificate = _load_certificate(self._folder, f"{name}.pem")
        known = self.revocations()
        revoked = {certificate.serial_number: self._now, **known.revoked}
        self._write_list(revoked, known.number + 1)

    def revocations(self) -> RevocationList:
        """What the folder's list says; nothing is revoked where there is no list."""
        pem = self._folder.read("crl.pem")
        if pem is None:
            return RevocationList(0, {}, self._now)
        return self._authority.read_revocation_list(pem)

    def refresh_list(self) -> None:
        """Write the list anew before it grows stale: a stale one refuses everybody."""
        known = self.revocations()
        if known.next_update - self._now < REFRESH_CRL_BEFORE:
            self._write_list(dict(known.revoked), known.number + 1)

    def _write_list(self, revoked: dict[int, datetime], number: int) -> None:
        pem = self._authority.revocation_list(revoked, number=number, now=self._now)
        self._folder.write("crl.pem", pem, mode=PUBLIC)

    def _good(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
        return (
            certificate.public_key() == key.public_key()
            and self._authority.signed(certificate)
            and certificate.not_valid_after_utc - self._now > RENEW_BEFORE
        )

    def _sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, uses: Uses, *, write_key: bool
    ) -> bool:
        certificate = self._authority.issue(name, key.public_key(), uses, self._now)
        if write_key:
            self._folder.write(f"{name}.key", _private_pem(key), mode=PRIVATE)
        self._folder.write(f"{name}.pem", _public_pem(certificate), mode=PUBLIC)
        return True


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _load_key(folder: Folder, name: str) -> ec.EllipticCurvePrivateKey:
    pem = folder.read(name)
    if pem is None:
        raise IdentityError(f"{folder.path / name} is missing; restore it.")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise IdentityError(f"{folder.path / name} is no private key; restore it.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise IdentityError(f"{folder.path / name} is no elliptic-curve key; restore it.")
    folder.close_to_others(name)
    return key


def _load_certificate(folder: Folder, name: str) -> x509.Certificate:
    pem = folder.read(name)
    if pem is None:
        raise IdentityError(
            f"{folder.path / name} is missing: that identity was never issued here."
        )
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise IdentityError(f"{folder.path / name} is no certificate; restore it.") from error
