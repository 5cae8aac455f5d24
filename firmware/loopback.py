"""What the terminal's own pages have in common: HTTP on loopback, in threads, without a framework.

Each page says who may come in (firmware.page.access) and answers by a handler of its own.
"""

import logging
import socket
import socketserver
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

from firmware.page import problems
from firmware.page.access import Access
from firmware.page.problems import Problem
from firmware.task import Task

AT_ONCE = 8
"""Requests answered at the same time; one more is not accepted."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_READ_S = 10.0
_END_S = 2.0

_log = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """Bounded threads, no look-up of names, and an end that wakes nobody else."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, access: Access, handler: type["Handler"]) -> None:
        """OSError if the port cannot be had."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.access = access
        self._room = BoundedSemaphore(AT_ONCE)
        self._ending = False
        super().__init__((host, port), handler)

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


class Opening:
    """A page that listens between `start` and `stop`."""

    def __init__(self, name: str, port: int, make: Callable[[], Server]) -> None:
        """`make` opens the port. `port` 0: no page. `name` is for the log and the thread."""
        self._name, self._port, self._make = name, port, make
        self._server: Server | None = None
        self._task: Task | None = None

    def start(self) -> bool:
        """Whether it listens now. If it cannot, a log line says why, and nothing else happens."""
        if self._port == 0:
            return False
        try:
            self._server = self._make()
        except OSError as error:
            extra = {"port": self._port, "error": error.strerror or type(error).__name__}
            _log.warning(f"the terminal's {self._name} cannot be opened", extra=extra)
            return False
        self._task = Task(self._name, self._server.serve)
        self._task.start()
        return True

    def stop(self) -> None:
        """Close the port; what is being answered ends with the process."""
        if self._server is not None and self._task is not None:
            self._server.end()
            self._task.join(_END_S)
            self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Says no in words, and writes no request line anywhere. A page overrides `get` and `post`."""

    protocol_version = "HTTP/1.1"
    server_version = "onewindow"
    sys_version = ""
    timeout = _READ_S
    server: Server

    def get(self, path: str) -> None:
        """Answer a GET; Problem if it cannot be."""
        raise problems.nothing_here()

    def post(self, path: str) -> None:
        """Answer a POST; Problem if it cannot be."""
        raise problems.nothing_here()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request line may hold the token."""

    def do_GET(self) -> None:
        self._answer(self.get)

    def do_POST(self) -> None:
        self._answer(self.post)

    def _answer(self, handle: Callable[[str], None]) -> None:
        try:
            if not self.server.access.right_host(self.headers):
                raise problems.wrong_host()
            handle(urlsplit(self.path).path)
        except Problem as problem:
            self.close_connection = True  # a body may not have been read
            self.send(problem.status, problems.CONTENT_TYPE, problem.body())
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # noqa: BLE001  atop a request: the page must go on
            _log.error("the page failed", extra={"error": type(error).__name__})
            self.close_connection = True
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)

    def body(self, most_bytes: int) -> bytes:
        """What was sent; Problem if it has no length, or more than `most_bytes`."""
        text = self.headers.get("Content-Length", "0")
        if not text.isdigit() or int(text) > most_bytes:
            raise problems.bad_body()
        return self.rfile.read(int(text))

    def let_in(self, path: str, token: str) -> None:
        """Keep the token as a cookie, and take it out of the address."""
        cookie = f"{self.server.access.cookie}={token}; HttpOnly; SameSite=Strict; Path=/"
        self.send(HTTPStatus.SEE_OTHER, "text/plain", b"", {"Set-Cookie": cookie, "Location": path})

    def send(
        self, code: HTTPStatus, kind: str, body: bytes, more: dict[str, str] | None = None
    ) -> None:
        """A whole answer."""
        self.begin(code, kind, {"Content-Length": str(len(body)), **(more or {})})
        self.wfile.write(body)

    def begin(self, code: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        """The head of an answer."""
        self.send_response(code)
        for name, value in {**HEADERS, **more, "Content-Type": kind}.items():
            self.send_header(name, value)
        if self.close_connection:
            # Else a client may send its next request into the connection that ends (RFC 9112, 9.6).
            self.send_header("Connection", "close")
        self.end_headers()
