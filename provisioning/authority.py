"""A small certificate authority: keys and certificates in, keys and certificates out, no files.

Certificates are EC P-256 with SHA-256, as RFC 5280 profiles them. The common name is the identity
that the broker's access rules go by (`%u`), so nothing but `[a-z0-9-]{1,32}` is ever signed: a
name with `/` in it would escape its branch of the topic tree.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hal.events.topics import valid_name
from provisioning.errors import IdentityError, UsageError

AUTHORITY_NAME = "OneWindow development CA"
AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)
CRL_LIFE = timedelta(days=30)
BACKDATE = timedelta(days=1)  # a terminal without a clock chip may lag behind when it starts

_LOOPBACK = x509.SubjectAlternativeName(
    [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
)
_NO_USAGE = {
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "encipher_only": False,
    "decipher_only": False,
}
_SIGNS = x509.KeyUsage(digital_signature=True, key_cert_sign=False, crl_sign=False, **_NO_USAGE)
_ISSUES = x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **_NO_USAGE)


@dataclass(frozen=True)
class Uses:
    """What a certificate may be used for. A server is reached on this machine only."""

    client: bool = False
    server: bool = False


@dataclass(frozen=True)
class RevocationList:
    """What a CRL says: serial number → when it was revoked."""

    number: int
    revoked: Mapping[int, datetime]
    next_update: datetime


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def check_name(name: str) -> None:
    """UsageError if `name` is not one that this authority may sign."""
    if not valid_name(name):
        raise UsageError(f"{name!r} is no name: use a-z, 0-9 and -, at most 32 characters.")


class Authority:
    """Signs. It keeps no register and reads no clock: `now` is passed in, with its offset."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        """IdentityError if key and certificate do not belong together."""
        if certificate.public_key() != key.public_key():
            raise IdentityError(
                "ca.key and ca.pem do not belong together; restore both from the same copy."
            )
        self.certificate = certificate
        self._key = key

    @classmethod
    def create(cls, key: ec.EllipticCurvePrivateKey, now: datetime) -> "Authority":
        """A self-signed authority that can sign nothing but end certificates."""
        name = _name(AUTHORITY_NAME)
        builder = _builder(name, name, key.public_key(), now, AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_ISSUES, critical=True)
        builder = builder.add_extension(_key_id(key.public_key()), critical=False)
        return cls(key, builder.sign(key, hashes.SHA256()))

    def issue(
        self, name: str, public_key: ec.EllipticCurvePublicKey, uses: Uses, now: datetime
    ) -> x509.Certificate:
        """A certificate for `name`. UsageError if the name is not one this authority may sign."""
        check_name(name)
        builder = _builder(_name(name), self.certificate.subject, public_key, now, LIFE)
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH] * uses.client
        purposes += [ExtendedKeyUsageOID.SERVER_AUTH] * uses.server
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_SIGNS, True),
            (x509.ExtendedKeyUsage(purposes), False),
            (_key_id(public_key), False),
            (self._authority_id(), False),
        ]
        if uses.server:
            extensions.append((_LOOPBACK, False))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())

    def signed(self, certificate: x509.Certificate) -> bool:
        """Whether this authority issued `certificate`."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True

    def revocation_list(
        self, revoked: Mapping[int, datetime], *, number: int, now: datetime
    ) -> bytes:
        """A CRL in PEM, fresh for `CRL_LIFE`. `number` must grow from list to list."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - BACKDATE)
            .next_update(now + CRL_LIFE)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(self._authority_id(), critical=False)
        )
        for serial, since in revoked.items():
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(since)
                .build()
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def read_revocation_list(self, pem: bytes) -> RevocationList:
        """What an earlier list of this authority says; IdentityError if it is no such list."""
        try:
            crl = x509.load_pem_x509_crl(pem)
            number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        except (ValueError, x509.ExtensionNotFound) as error:
            raise IdentityError("crl.pem is no revocation list; restore it.") from error
        if not crl.is_signature_valid(self._key.public_key()) or crl.next_update_utc is None:
            raise IdentityError("crl.pem was not signed by this authority; restore it.")
        revoked = {entry.serial_number: entry.revocation_date_utc for entry in crl}
        return RevocationList(number, revoked, crl.next_update_utc)

    def _authority_id(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_id(public_key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(public_key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + life)
    )
