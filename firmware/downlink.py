"""What comes from the broker, and to whom it goes: receipts, orders, the centre's state."""

import logging
from collections.abc import Callable
from threading import Lock

from firmware.sender import Sender
from firmware.surroundings import CentreSeen
from firmware.window import Ordered, Window
from hal.events.orders import CentreState, OrderError, decode
from hal.events.topics import CENTRE_STATE, Branch, parse_topic

UNKNOWN = "unknown"
READY = "ready"

_log = logging.getLogger(__name__)


class Downlink:
    """Called in the network's thread; nothing here blocks for long."""

    def __init__(self, branch: Branch, window: Window, sender: Sender) -> None:
        self._branch = branch
        self._window = window
        self._sender = sender
        self._heard: Callable[[], None] = _nobody
        self._lock = Lock()
        self._usable = False
        self._centre = UNKNOWN

    def on_heard(self, heard: Callable[[], None]) -> None:
        """Call `heard` at each word of the centre itself; before the line is started only."""
        self._heard = heard

    @property
    def centre(self) -> str:
        """What `centre/1/state` said last; `unknown` before, and while there is no line."""
        return self._centre

    def line(self, usable: bool) -> None:
        """The line came or went. What the centre was is not known any more."""
        with self._lock:
            self._usable = usable
            if not usable:
                self._centre = UNKNOWN
            self._tell()
        self._sender.line(usable)

    def received(self, topic: str, body: bytes) -> None:
        """A message of ours."""
        if topic == CENTRE_STATE:
            self._note_centre(body)
        elif topic == self._branch.receipt:
            self._heard()
            self._sender.receipt(body)
        else:
            self._heard()
            rest = parse_topic(topic).rest
            if len(rest) == 2:
                self._window.put(Ordered(rest[0], rest[1], body))

    def _note_centre(self, body: bytes) -> None:
        try:
            state = decode(body, CentreState).state
        except OrderError:
            state = UNKNOWN
        with self._lock:
            if state == self._centre:
                return
            self._centre = state
            self._tell()
        _log.info("centre", extra={"state": state})
        if state == READY:
            self._heard()
            self._sender.centre_ready()

    def _tell(self) -> None:
        self._window.put(CentreSeen(self._usable and self._centre == READY))


def _nobody() -> None:
    """Nobody wants to know."""
