"""The HTTP server in the main thread. Signals are the bootstrap's, not uvicorn's."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from central.web.bell import Bell

GRACE_S = 5


class HttpServer(uvicorn.Server):
    """Serves `app` on a socket that is bound already. `listening` is called once it answers."""

    def __init__(
        self, app: FastAPI, bound: socket.socket, bell: Bell, listening: Callable[[], None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._bound = bound
        self._bell = bell
        self._listening = listening

    def serve_until_stopped(self) -> None:
        """Blocks until `stop`. Requests that are under way are finished, streams are ended."""
        self.run(sockets=[self._bound])

    def stop(self) -> None:
        """From any thread or a signal handler."""
        self._bell.close()
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()
