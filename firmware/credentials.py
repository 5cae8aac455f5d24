"""Who this terminal is: its certificate and key, and whom it believes.

Every fault is found at the start, as a sentence; later a broker would only say no.
"""

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from firmware.config import Broker
from firmware.errors import KeyFault


def tls_context(broker: Broker, terminal: str) -> ssl.SSLContext:
    """TLS 1.3 with our certificate. KeyFault names the key of the TOML and the remedy."""
    for key, path in (("ca", broker.ca), ("cert", broker.cert), ("key", broker.key)):
        _read(key, path)
    _check_name(broker.cert, terminal)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(broker.ca)
    except ssl.SSLError as error:
        raise KeyFault(f"broker.ca: {broker.ca} is no certificate in PEM.") from error
    try:
        context.load_cert_chain(broker.cert, broker.key)
    except ssl.SSLError as error:
        raise KeyFault(
            f"broker.cert, broker.key: {broker.cert} and {broker.key} do not fit together; "
            "take both from the same ow-provision."
        ) from error
    return context


def expiry(cert: Path) -> datetime:
    """When the certificate ends."""
    return _certificate(cert).not_valid_after_utc


def _check_name(cert: Path, terminal: str) -> None:
    """The broker's access rules go by the certificate's name: another one may write nothing."""
    names = _certificate(cert).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    found = str(names[0].value) if names else "nobody"
    if found != terminal:
        raise KeyFault(
            f"broker.cert: {cert} is of {found}, not of terminal.id {terminal}; "
            f"issue one by ow-provision issue --role terminal --name {terminal}."
        )


def _certificate(cert: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read("cert", cert))
    except ValueError as error:
        raise KeyFault(f"broker.cert: {cert} is no certificate in PEM.") from error


def _read(key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFault(f"broker.{key}: cannot read {path}: {error.strerror}.") from error
