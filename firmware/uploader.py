"""From the spool to the centre: one picture after another, again until the centre keeps it.

HTTPS with the terminal's certificate; the protocol is docs/protocols/media-upload.md. A picture
whose upload was cut goes on where the centre says that it stopped.
"""

import errno
import hashlib
import logging
import random
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from threading import Condition
from urllib.parse import urlsplit

from firmware.spool import Spool
from firmware.task import Task
from hal.errors import ConfigurationError
from hal.events.media import COMPLETE_HEADER, MEDIA_PATH, OFFSET_HEADER, YES

RETRY_BASE_S, RETRY_CAP_S = 1.0, 60.0
TIMEOUT_S = 10.0
"""For each step on the wire: connecting, a piece sent, an answer."""
PIECE_BYTES = 64 * 1024
_HTTPS_PORT = 443
_LOST = {errno.ENOENT, errno.EIO, errno.EBADMSG, errno.EUCLEAN}
"""What the disk says of a file that it will never give again; anything else may pass."""

_log = logging.getLogger(__name__)


class _NotNow(Exception):
    """The centre did not take it; try again later. The message is for the log."""


class _Never(Exception):
    """The centre takes others, but not this one, however often it is asked."""


class _Stopped(Exception):
    """The terminal ends in the middle of a picture."""


class Uploader:
    """A thread of its own. All methods may be called from any thread."""

    def __init__(
        self,
        spool: Spool,
        centre_url: str,
        tls_context: ssl.SSLContext,
        retry_base_s: float = RETRY_BASE_S,
        retry_cap_s: float = RETRY_CAP_S,
    ) -> None:
        """ConfigurationError if `centre_url` is not `https://HOST[:PORT]`.

        `retry_*`: the ceiling of the pause after a first failure, and after many.
        """
        self._spool = spool
        self._host, self._port = _address(centre_url)
        self._tls = tls_context
        self._retry_base_s, self._retry_cap_s = retry_base_s, retry_cap_s
        self._changed = Condition()
        self._stopping = False
        self._news = True
        self._failures = 0
        self._task = Task("uploader", self._run)
        spool.on_kept(self.wake)

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """What is under way is cut; it goes on after the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._task.join(timeout_s)

    def wake(self) -> None:
        """There is something new in the spool."""
        with self._changed:
            self._news = True
            self._changed.notify()

    def _run(self) -> None:
        while self._wait():
            try:
                self._send_all()
            except _Stopped:
                return
            except (OSError, HTTPException, _NotNow) as error:
                self._failed(error)
            else:
                self._failures = 0

    def _wait(self) -> bool:
        """Until there is something to do. False when it is to end.

        After a failure its pause is kept, whatever comes meanwhile: a centre that has just
        returned is not to be met by all its terminals at once.
        """
        with self._changed:
            if self._failures:
                pause = pause_s(self._failures, self._retry_base_s, self._retry_cap_s)
                self._changed.wait_for(lambda: self._stopping, pause)
            else:
                self._changed.wait_for(lambda: self._stopping or self._news)
            self._news = False
            return not self._stopping

    def _failed(self, error: Exception) -> None:
        if not self._failures:
            _log.warning("pictures wait", extra={"error": f"{type(error).__name__}: {error}"})
        self._failures += 1

    def _send_all(self) -> None:
        """Everything that waits, over one connection."""
        waiting = self._spool.waiting()
        if not waiting:
            return
        line = HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=self._tls)
        try:
            while waiting:
                for sha256 in waiting:
                    self._send(line, sha256)
                    self._failures = 0
                waiting = self._spool.waiting()
        finally:
            line.close()

    def _send(self, line: HTTPSConnection, sha256: str) -> None:
        """Have the centre keep this picture. One that can never be kept is set aside."""
        try:
            sealed = self._spool.read(sha256)
        except OSError as error:
            if error.errno not in _LOST:
                raise
            sealed = b""
        if hashlib.sha256(sealed).hexdigest() != sha256:
            self._spool.set_aside(sha256, "damaged")
            return
        try:
            offset = _offset(self._ask(line, "HEAD", sha256))
            if offset is not None:
                self._put(line, sha256, sealed, offset if offset < len(sealed) else 0)
        except _Never:
            self._spool.set_aside(sha256, "refused")
        else:
            self._spool.confirmed(sha256)

    def _put(self, line: HTTPSConnection, sha256: str, sealed: bytes, offset: int) -> None:
        """Send what is behind `offset`; return when the centre keeps the whole."""
        headers = {
            "Content-Length": str(len(sealed) - offset),
            "Content-Range": f"bytes {offset}-{len(sealed) - 1}/{len(sealed)}",
        }
        answer = self._ask(line, "PUT", sha256, self._pieces(sealed, offset), headers)
        if answer.getheader(COMPLETE_HEADER) != YES:
            raise _NotNow(f"{answer.status} to the last part")

    def _ask(
        self,
        line: HTTPSConnection,
        method: str,
        sha256: str,
        body: Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        """The answer, if it is a good one."""
        if self._stopping:
            raise _Stopped
        line.request(method, MEDIA_PATH + sha256, body, headers or {})
        answer = line.getresponse()
        answer.read()
        if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise _Never
        if not 200 <= answer.status < 300:
            raise _NotNow(f"{method} was answered with {answer.status}")
        return answer

    def _pieces(self, sealed: bytes, offset: int) -> Iterator[bytes]:
        for start in range(offset, len(sealed), PIECE_BYTES):
            if self._stopping:
                raise _Stopped
            yield sealed[start : start + PIECE_BYTES]


def pause_s(failures: int, base_s: float, cap_s: float) -> float:
    """Full jitter below a ceiling that doubles with each failure in a row."""
    ceiling_s = min(cap_s, base_s * 2.0 ** min(failures - 1, 16))
    return random.uniform(0.0, ceiling_s)


def _offset(answer: HTTPResponse) -> int | None:
    """Where to go on; None if the centre has it all."""
    if answer.getheader(COMPLETE_HEADER) == YES:
        return None
    told = answer.getheader(OFFSET_HEADER, "")
    if not told.isascii() or not told.isdecimal():
        raise _NotNow("the answer has no offset")
    return int(told)


def _address(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _HTTPS_PORT
    except ValueError:
        host = None
    if not host or parts.scheme != "https" or parts.path.strip("/") or parts.query:
        raise ConfigurationError(f"centre.url is {url!r}; write https://HOST:PORT.")
    return host, port
