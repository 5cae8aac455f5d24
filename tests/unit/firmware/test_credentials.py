"""Who the terminal is: each fault of its files is found at the start, as a sentence."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from firmware.config import Broker
from firmware.credentials import expiry, tls_context
from firmware.errors import KeyFault

ENDS = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)
NAME = "pzh01-w03"
Issue = Callable[[str], Broker]


def certificate(name: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    """One of `name` that signs itself, so that it is its own authority."""
    fields = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
    subject = x509.Name(fields)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(ENDS - timedelta(days=800)).not_valid_after(ENDS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def issue(tmp_path: Path) -> Issue:
    """Files for a terminal of some name, as the TOML names them."""

    def made(name: str) -> Broker:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = certificate(name, key)
        paths = {part: tmp_path / f"{part}.pem" for part in ("ca", "cert", "key")}
        paths["ca"].write_bytes(pem)
        paths["cert"].write_bytes(pem)
        paths["key"].write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return Broker(host="localhost", port=8883, **paths)

    return made


def test_good_files_make_a_strict_context(issue: Issue) -> None:
    """TLS 1.3 at least, the broker's name and certificate checked, our authority believed alone."""
    context = tls_context(issue(NAME), NAME)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    (authority,) = context.get_ca_certs()
    assert authority["subject"] == ((("commonName", NAME),),)


@pytest.mark.parametrize("part", ["ca", "cert", "key"])
def test_a_missing_file_is_named(issue: Issue, part: str) -> None:
    """The sentence says which key of the TOML and which file, with exit code 5."""
    broker = issue(NAME)
    getattr(broker, part).unlink()
    with pytest.raises(
        KeyFault, match=rf"broker\.{part}: cannot read .*{part}\.pem: No such"
    ) as why:
        tls_context(broker, NAME)
    assert why.value.exit_code == 5


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("ca", r"broker\.ca: .*ca\.pem is no certificate in PEM"),
        ("cert", r"broker\.cert: .*cert\.pem is no certificate in PEM"),
        ("key", r"broker\.cert, broker\.key: .* do not fit together; take both from the same"),
    ],
)
def test_a_file_of_something_else_is_named(issue: Issue, part: str, sentence: str) -> None:
    """What is no certificate or key in PEM is said to be none."""
    broker = issue(NAME)
    getattr(broker, part).write_text("nothing of the kind\n")
    with pytest.raises(KeyFault, match=sentence):
        tls_context(broker, NAME)


def test_somebody_elses_key_is_refused(issue: Issue, tmp_path: Path) -> None:
    """A key that is not the certificate's is found before the broker sees it."""
    broker = issue(NAME)
    whole = broker.cert.read_bytes()
    issue(NAME)
    broker.cert.write_bytes(whole)
    with pytest.raises(KeyFault, match="do not fit together"):
        tls_context(broker, NAME)


@pytest.mark.parametrize(("name", "found"), [("pzh01-w04", "pzh01-w04"), ("", "nobody")])
def test_somebody_elses_certificate_is_refused(issue: Issue, name: str, found: str) -> None:
    """The sentence says whose it is, whose it should be, and the command that issues one."""
    sentence = (
        rf"is of {found}, not of terminal\.id {NAME}; "
        rf"issue one by ow-provision issue --role terminal --name {NAME}\."
    )
    with pytest.raises(KeyFault, match=sentence):
        tls_context(issue(name), NAME)


def test_the_end_is_read_from_the_certificate(issue: Issue) -> None:
    """The day on which the terminal will fall silent is known beforehand."""
    assert expiry(issue(NAME).cert) == ENDS
