"""What a TLS handshake says about us, the broker and the clock.

In TLS 1.3 the broker looks at our certificate after the handshake has succeeded here: its verdict
comes as an alert in place of the first answer, or behind a write that fails.
Sources: RFC 8446, sections 4.4.2 and 6.2; x509_vfy.h of OpenSSL for the codes.
"""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

_NOT_YET_VALID, _HAS_EXPIRED = 9, 10


@dataclass(frozen=True)
class Verdict:
    """One sentence with the remedy. `clock`: a wrong clock would explain it."""

    what: str
    clock: bool = False


UNREACHABLE = Verdict("cannot reach the broker")
_NOT_AT_THIS_TIME = Verdict(
    "the broker's certificate is not valid at this time; set the clock, or renew it", clock=True
)
_STRANGER = Verdict(
    "the broker's certificate is not one of our authority for its address;"
    " compare broker.ca and broker.host"
)
_OWN_EXPIRED = Verdict(
    "the broker says that our certificate, or its own list of revoked ones, has expired;"
    " compare the clocks, or renew it",
    clock=True,
)
_REVOKED = Verdict("our certificate was revoked; issue a new one by ow-provision issue")
_UNKNOWN = Verdict(
    "the broker does not know our certificate; take broker.cert and broker.key from the"
    " ow-provision of this hall"
)
_ALERTS = {
    "CERTIFICATE_EXPIRED": _OWN_EXPIRED,
    "CERTIFICATE_REVOKED": _REVOKED,
    "UNKNOWN_CA": _UNKNOWN,
    "BAD_CERTIFICATE": _UNKNOWN,
    "CERTIFICATE_UNKNOWN": _UNKNOWN,
    "CERTIFICATE_REQUIRED": _UNKNOWN,
}


def judge(error: Exception) -> Verdict:
    """What a failed connection means. `error` comes from the connection or its handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        by_time = error.verify_code in (_NOT_YET_VALID, _HAS_EXPIRED)
        return _NOT_AT_THIS_TIME if by_time else _STRANGER
    reason = getattr(error, "reason", None)
    if isinstance(error, ssl.SSLError) and isinstance(reason, str):
        found = [said for alert, said in _ALERTS.items() if reason.endswith(f"ALERT_{alert}")]
        return found[0] if found else UNREACHABLE
    return UNREACHABLE


class Validity:
    """From when to when a certificate is good."""

    def __init__(self, cert: Path) -> None:
        """Reads the file, which `tls_context` has found to be a certificate."""
        certificate = x509.load_pem_x509_certificate(cert.read_bytes())
        self._first = certificate.not_valid_before_utc
        self._last = certificate.not_valid_after_utc

    def covers(self, moment: datetime) -> bool:
        return self._first <= moment <= self._last


class Connection(ssl.SSLSocket):
    """Remembers why the other side refused it, since paho tells only that the line is lost."""

    refusal: ssl.SSLError | None = None

    def do_handshake(self, block: bool = False) -> None:
        """As of SSLSocket, but a connection whose handshake fails is closed: paho leaves it."""
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except ssl.SSLError as error:
            self.refusal = error
            raise

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except ConnectionError:
            with suppress(OSError, ValueError):  # an alert may lie before the end
                self.recv(1)
            raise
