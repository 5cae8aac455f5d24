"""Whom the media listener believes, and that a revocation counts from the next handshake on."""

import logging
import ssl
import threading
from pathlib import Path

from central.config import Broker
from central.errors import Unavailable

log = logging.getLogger(__name__)


class Trust:
    """TLS 1.3 as the identity `centre`; a client certificate of ours that is not revoked.

    The revocation list is read again when its file has changed. One that cannot be read, or that
    OpenSSL finds stale, lets nobody in it would not have let in before.
    """

    def __init__(self, identity: Broker) -> None:
        """Unavailable when a certificate, a key or the revocation list cannot be used."""
        self._identity = identity
        self._lock = threading.Lock()
        self._stamp = _stamp(identity.crl)
        self._present = _context(identity)
        self.context = _context(identity)
        """For the listener. Each handshake is judged by what the files say then."""
        self.context.sni_callback = self._judge

    def _judge(
        self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        # OpenSSL calls this for every hello, also for one that names no server.
        connection.context = self._refreshed()

    def _refreshed(self) -> ssl.SSLContext:
        with self._lock:
            stamp = _stamp(self._identity.crl)
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._present = _context(self._identity)
                except Unavailable as error:
                    log.warning("%s Going on with the list known so far.", error)
            return self._present


def _context(identity: Broker) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    context.num_tickets = 0  # a resumed session would not show its certificate again
    try:
        context.load_verify_locations(identity.ca)
        context.load_verify_locations(identity.crl)
        context.load_cert_chain(identity.cert, identity.key)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(map(str, (identity.ca, identity.crl, identity.cert, identity.key)))
        raise Unavailable(
            f"The media listener cannot use its certificate and key ({files}: {error}); "
            "issue them anew with ow-provision."
        ) from error
    return context


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
