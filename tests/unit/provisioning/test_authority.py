"""provisioning.authority: what it signs, and what it refuses to sign."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioning.authority import CRL_LIFE, Authority, Uses, new_key
from provisioning.errors import IdentityError, UsageError


@pytest.fixture
def authority(now: datetime) -> Authority:
    return Authority.create(new_key(), now)


@pytest.mark.parametrize(
    "name", ["", "A", "pzh01/w01", "+", "#", "w_1", "a b", "w01\n", "a" * 33, "窗口"]
)
def test_refuses_other_names(authority: Authority, now: datetime, name: str) -> None:
    """A name outside a-z, 0-9, - and 1 to 32 characters is never signed."""
    with pytest.raises(UsageError, match="use a-z, 0-9 and -"):
        authority.issue(name, new_key().public_key(), Uses(client=True), now)


def test_client_certificate(authority: Authority, now: datetime) -> None:
    """A client's certificate carries its name, may only sign, and is for clients only."""
    name = "a" * 32
    certificate = authority.issue(name, new_key().public_key(), Uses(client=True), now)
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [attribute.value for attribute in names] == [name]
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_server_certificate(authority: Authority, now: datetime) -> None:
    """A server's certificate names this machine three ways."""
    certificate = authority.issue("broker", new_key().public_key(), Uses(server=True), now)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1"]


def test_key_and_certificate_belong_together(authority: Authority) -> None:
    """An authority is not made of one's key and another's certificate."""
    with pytest.raises(IdentityError, match="do not belong together"):
        Authority(new_key(), authority.certificate)


def test_knows_its_own(authority: Authority, now: datetime) -> None:
    """A certificate of another authority with the same name is not taken for its own."""
    other = Authority.create(new_key(), now)
    certificate = other.issue("pzh01-w01", new_key().public_key(), Uses(client=True), now)
    assert other.signed(certificate)
    assert not authority.signed(certificate)


def test_list_says_what_was_put_in(authority: Authority, now: datetime) -> None:
    """A revocation list read back has its number, serials, moments and a life of 30 days."""
    moment = now.replace(microsecond=0)
    pem = authority.revocation_list({7: moment, 9: moment}, number=4, now=moment)
    read = authority.read_revocation_list(pem)
    assert (read.number, dict(read.revoked)) == (4, {7: moment, 9: moment})
    assert read.next_update == moment + CRL_LIFE
    assert timedelta(days=30) == CRL_LIFE


def test_refuses_foreign_list(authority: Authority, now: datetime) -> None:
    """A list that another authority signed, or no list at all, is not believed."""
    foreign = Authority.create(new_key(), now).revocation_list({}, number=1, now=now)
    for pem in (foreign, b"no list"):
        with pytest.raises(IdentityError, match="restore it"):
            authority.read_revocation_list(pem)
