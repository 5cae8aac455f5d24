"""The terminal's own page: for the technician, for work without the centre, and for figures.

    GET  /                 the technician's page     GET  /api/status      what both pages show
    GET  /work             work without the centre   GET  /api/diagnosis   the bundle, tar.gz
    GET  /metrics          no token needed           POST /api/local/…     firmware.page.wishes

It works without a network, and a window works without it: a port that is taken is a warning.
"""

import logging
import socket
import socketserver
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from firmware import metrics
from firmware.local_desk import LocalRefused
from firmware.page import problems
from firmware.page.access import COOKIE, Access
from firmware.page.problems import Problem
from firmware.page.views import Views, status
from firmware.page.wishes import PREFIX, WISHES
from firmware.task import Task

AT_ONCE = 8
"""Requests answered at the same time; one more is not accepted."""
MOST_BODY_BYTES = 4096
_READ_S = 10.0
_FOLDER = Path(__file__).with_name("assets")
_END_S = 2.0
_ASSETS = {
    "/": ("technician.html", "text/html; charset=utf-8"),
    "/work": ("work.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/technician.js": ("technician.js", "text/javascript; charset=utf-8"),
    "/work.js": ("work.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_log = logging.getLogger(__name__)


class PageServer:
    """Listens between `start` and `stop`, in threads of its own."""

    def __init__(self, host: str, port: int, token: str, views: Views) -> None:
        """`host`: an address or `localhost`. `port` 0: no page."""
        self._host, self._port = host, port
        self._token = token
        self._views = views
        self._server: _Server | None = None
        self._task: Task | None = None

    def start(self) -> bool:
        """Whether it listens now. If it cannot, a log line says why, and nothing else happens."""
        if self._port == 0:
            return False
        try:
            self._server = _Server(self._host, self._port, self._token, self._views)
        except OSError as error:
            extra = {"port": self._port, "error": error.strerror or type(error).__name__}
            _log.warning("the terminal's page cannot be opened", extra=extra)
            return False
        self._task = Task("page", self._server.serve)
        self._task.start()
        return True

    def stop(self) -> None:
        """Close the port; what is being answered ends with the process."""
        if self._server is not None and self._task is not None:
            self._server.end()
            self._task.join(_END_S)
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, token: str, views: Views) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.access = Access(token, host, port)
        self.views = views
        self._room = BoundedSemaphore(AT_ONCE)
        self._ending = False
        super().__init__((host, port), _Handler)

    def serve(self) -> None:
        """Answer requests until `end`; unlike serve_forever it wakes for nothing else."""
        while not self._ending:
            self.handle_request()

    def end(self) -> None:
        self._ending = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a connection

    def server_bind(self) -> None:
        # HTTPServer would ask for the name of the host here, which takes long without a network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "onewindow"
    sys_version = ""
    timeout = _READ_S
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request line may hold the token."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, handle: Any) -> None:
        access = self.server.access
        try:
            if not access.right_host(self.headers):
                raise problems.wrong_host()
            handle(urlsplit(self.path).path)
        except Problem as problem:
            self.close_connection = True  # a body may not have been read
            self._send(problem.status, problems.CONTENT_TYPE, problem.body())
        except ConnectionError:
            self.close_connection = True
        except Exception as error:  # noqa: BLE001  atop a request: the page must go on
            _log.error("the page failed", extra={"error": type(error).__name__})
            self.close_connection = True
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _get(self, path: str) -> None:
        views, access = self.server.views, self.server.access
        given = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        if given and path in _ASSETS and access.is_token(given):
            self._let_in(path, given)
        elif path == "/metrics":
            self._send(HTTPStatus.OK, metrics.CONTENT_TYPE, views.exposition())
        elif not access.may_see(self.headers):
            raise problems.no_token()
        elif path in _ASSETS:
            name, kind = _ASSETS[path]
            self._send(HTTPStatus.OK, kind, (_FOLDER / name).read_bytes())
        elif path == "/api/status":
            self._send(HTTPStatus.OK, "application/json", msgspec.json.encode(status(views)))
        elif path == "/api/diagnosis":
            named = {"Content-Disposition": f'attachment; filename="{views.terminal}.tar.gz"'}
            self._send(HTTPStatus.OK, "application/gzip", views.diagnosis(), named)
        else:
            raise problems.nothing_here()

    def _post(self, path: str) -> None:
        access, desk = self.server.access, self.server.views.desk
        if not access.may_see(self.headers):
            raise problems.no_token()
        if not access.may_do(self.headers):
            raise problems.not_ours()
        wish = WISHES.get(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        if wish is None:
            raise problems.nothing_here()
        if desk is None:
            raise problems.no_desk()
        body = self._body()
        try:
            done = wish(desk, body)
        except msgspec.MsgspecError as error:
            raise problems.bad_body() from error
        except LocalRefused as no:
            raise Problem(HTTPStatus.CONFLICT, no.code, no.message_zh, no.message_en) from no
        self._send(HTTPStatus.OK, "application/json", msgspec.json.encode(done))

    def _body(self) -> bytes:
        text = self.headers.get("Content-Length", "0")
        if not text.isdigit() or int(text) > MOST_BODY_BYTES:
            raise problems.bad_body()
        return self.rfile.read(int(text))

    def _let_in(self, path: str, token: str) -> None:
        """Keep the token as a cookie, and take it out of the address."""
        cookie = f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/"
        self._send(
            HTTPStatus.SEE_OTHER, "text/plain", b"", {"Set-Cookie": cookie, "Location": path}
        )

    def _send(
        self, code: HTTPStatus, kind: str, body: bytes, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(code)
        for name, value in {**_HEADERS, **(more or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            # Else a client may send its next request into the connection that ends (RFC 9112, 9.6).
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
