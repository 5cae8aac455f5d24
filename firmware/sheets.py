"""Sheets (告知书, 证明, 申请表) from the centre, by HTTPS with the terminal's certificate.

A sheet is personal: it is held in memory only, and its text stands in no error.
"""

import hashlib
import ssl
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from hal.events.orders import OrderError, decode
from hal.events.sheets import SHEETS_PATH, Sheet

MOST_BYTES = 1024 * 1024
"""Of one sheet, its seal's picture included."""
TIMEOUT_S = 10.0
"""For each step on the wire."""
_HTTPS_PORT = 443


class SheetError(Exception):
    """There is no such sheet for us now. The message is a sentence for the centre."""


class Sheets:
    """Safe to use from several threads: each fetch has a connection of its own."""

    def __init__(self, centre_url: str, tls_context: ssl.SSLContext) -> None:
        """`centre_url` as the uploader has found it good."""
        parts = urlsplit(centre_url)
        self._host, self._port = parts.hostname or "", parts.port or _HTTPS_PORT
        self._tls = tls_context

    def fetch(self, sha256: str) -> Sheet:
        """The sheet of this hash. Blocks some seconds at most; SheetError if it cannot be had."""
        line = HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=self._tls)
        try:
            line.request("GET", SHEETS_PATH + sha256)
            answer = line.getresponse()
            body = answer.read(MOST_BYTES + 1)
        except (OSError, HTTPException) as error:
            cause = f"the centre cannot be reached: {type(error).__name__}"
            raise SheetError(cause) from error
        finally:
            line.close()
        if answer.status != HTTPStatus.OK:
            raise SheetError(f"the centre answered {answer.status}")
        if hashlib.sha256(body).hexdigest() != sha256:
            raise SheetError("the sheet is not what its name says")
        try:
            return decode(body, Sheet)
        except OrderError:
            # Without its cause: what cannot be read is quoted there.
            raise SheetError("the sheet cannot be read") from None
