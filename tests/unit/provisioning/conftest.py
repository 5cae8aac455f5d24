"""What the provisioning tests share: a moment, a folder, and a TLS handshake in memory."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning.development import develop
from provisioning.folder import Folder

Handshake = Callable[[Path, str], str]


@pytest.fixture
def now() -> datetime:
    # OpenSSL judges by the machine's clock, so the handshakes below need the true time.
    return datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path, now: datetime) -> Folder:
    """A development folder with the terminals pzh01-w01 and pzh01-w02."""
    made = Folder(tmp_path / "dev")
    develop(made, terminals=2, site="pzh01", now=now)
    return Folder(made.path)


def _contexts(path: Path, client: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(path / "ca.pem"))
    server.load_verify_locations(str(path / "crl.pem"))
    server.load_cert_chain(path / "broker.pem", path / "broker.key")
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    server.minimum_version = ssl.TLSVersion.TLSv1_3
    caller = ssl.create_default_context(cafile=str(path / "ca.pem"))
    caller.verify_flags |= ssl.VERIFY_X509_STRICT
    caller.load_cert_chain(path / f"{client}.pem", path / f"{client}.key")
    return server, caller


def _shake(path: Path, client: str) -> str:
    """The common name that the broker sees, or OpenSSL's reason for refusing."""
    server_context, caller_context = _contexts(path, client)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(up, down, server_side=True)
    caller = caller_context.wrap_bio(down, up, server_hostname="localhost")
    waiting = [caller, server]
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    certificate = server.getpeercert()
    assert certificate is not None
    subject = certificate["subject"]
    assert isinstance(subject, tuple)
    return str(subject[0][0][1])


@pytest.fixture
def handshake() -> Handshake:
    return _shake
