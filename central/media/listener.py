"""The HTTPS server for pictures, in a thread of its own, and who speaks on each connection."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from central.media.app import TERMINAL
from central.media.trust import Trust

GRACE_S = 2
"""A picture that is under way at the end is cut; its terminal goes on where it stopped."""
MOST_CONNECTIONS = 256
_END_S = GRACE_S + 3.0

log = logging.getLogger(__name__)


class PeerProtocol(H11Protocol):
    """Hands the common name of the client's certificate to the application, as state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        name = common_name(transport.get_extra_info("peercert"))
        self.app_state = {**self.app_state, TERMINAL: name}


class MediaServer(uvicorn.Server):
    """Serves `app` on a socket that is bound already. `listening` is called once it answers."""

    def __init__(
        self, app: Starlette, bound: socket.socket, trust: Trust, listening: Callable[[], None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=PeerProtocol,
                ws="none",
                ssl_context_factory=lambda _config, _default: trust.context,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._bound = bound
        self._listening = listening
        self._thread = Thread(target=self._serve_here, name="media", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """From any thread or a signal handler; returns at once."""
        self.should_exit = True

    def stop(self) -> None:
        """Wait for the end, cutting what is still under way after `GRACE_S`."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    def _serve_here(self) -> None:
        try:
            self.run(sockets=[self._bound])
        except Exception as error:  # noqa: BLE001  atop the thread: its end must not be silent
            log.error("the media listener has ended: %s", type(error).__name__)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()  # it had its time, and its peer does not answer
        await asyncio.sleep(0)


def common_name(certificate: object) -> str:
    """The one common name of `SSLSocket.getpeercert()`; empty if there is none, or several."""
    if not isinstance(certificate, dict):
        return ""
    parts = [pair for part in certificate.get("subject", ()) for pair in part]
    names = [value for key, value in parts if key == "commonName"]
    return str(names[0]) if len(names) == 1 else ""
