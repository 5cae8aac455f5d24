"""Tells the live pages that something was committed."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Bell:
    """Rung by the writer's thread, heard in the event loop. Rings that nobody awaits are lost."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Event] = set()
        self.closed = False

    def ring(self) -> None:
        """Wake whoever listens; from any thread, never blocks."""
        self._in_loop(self._wake)

    def close(self) -> None:
        """End all listening; from any thread. `closed` is true from then on."""
        self.closed = True
        self._in_loop(self._wake)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """An event that is set at each ring; the listener clears it. In the event loop only."""
        self._loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        self._listeners.add(heard)
        try:
            yield heard
        finally:
            self._listeners.discard(heard)

    def _in_loop(self, action: Callable[[], None]) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(action)
        except RuntimeError:
            self._loop = None  # the loop is closed: nobody listens any more

    def _wake(self) -> None:
        for heard in self._listeners:
            heard.set()
