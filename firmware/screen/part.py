"""The customer screen as one part of the terminal: made, started and stopped with the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from firmware.config import CustomerScreen as Settings
from firmware.local_desk import LocalCommand, LocalStatus
from firmware.page.access import page_token
from firmware.screen.desk import CustomerDesk
from firmware.screen.presenter import Fetch, Presenter
from firmware.screen.server import TOKEN_FILE, ScreenServer
from firmware.screen_session import Shown
from firmware.spool import Spool
from firmware.surroundings import ScreenSeen
from hal.clock import Clock


class Host(Protocol):
    """The window, as much of it as is needed here."""

    def put(self, event: LocalCommand | ScreenSeen) -> None: ...

    def local_status(self) -> LocalStatus: ...

    def on_screen(self, show: Callable[[Shown], None]) -> None: ...


class CustomerScreen:
    """Everything between the window and the browser. To be made before the window runs."""

    def __init__(
        self,
        settings: Settings,
        state_dir: Path,
        window: Host,
        spool: Spool,
        fetch: Fetch,
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        """`fetch` gets sheets, `say` speaks in the hall. OSError if no token can be made."""
        self._desk = CustomerDesk(window, spool, lambda: self.presenter.shown)
        self.presenter = Presenter(clock, fetch, self._desk.unavailable, say)
        self.presenter.on_viewed(lambda viewed: window.put(ScreenSeen(viewed)))
        window.on_screen(self.presenter.show)
        host, port = settings.host, settings.port
        token = page_token(state_dir, TOKEN_FILE)
        self._server = ScreenServer(host, port, token, self.presenter, self._desk)

    def start(self) -> None:
        """A port that is taken is a warning: the window works without its screen."""
        self.presenter.start()
        self._server.start()

    def stop(self) -> None:
        """The screen goes blank, then its port closes. While the window still runs."""
        self.presenter.stop()
        self._server.stop()
