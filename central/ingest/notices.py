"""What terminals keep retained, and what they log: into the terminal's row, or our log."""

import logging
from datetime import datetime

from sqlalchemy.engine import Connection

from central.service import terminals
from central.service.places import Place
from hal.events.orders import OrderError, decode
from hal.events.status import About, DeviceStatus, TerminalState
from hal.events.topics import Topic

LONGEST_LINE = 500
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}

log = logging.getLogger(__name__)


class NotUnderstood(ValueError):
    """A topic or a body that is not of the contract. Nothing has been changed."""


def note(connection: Connection, place: Place, topic: Topic, body: bytes, now: datetime) -> None:
    """Keep what a registered terminal says about itself."""
    try:
        if topic.channel == "state" and not topic.rest:
            state = decode(body, TerminalState)
            terminals.note_state(connection, place.terminal, place.site, state, now)
        elif topic.channel == "about" and not topic.rest:
            about = decode(body, About)
            terminals.note_about(connection, place.terminal, place.site, about, now)
        elif topic.channel == "device" and len(topic.rest) == 1:
            status = decode(body, DeviceStatus)
            terminals.note_device(connection, place.terminal, topic.rest[0], status, now)
        elif topic.channel == "health" and not topic.rest:
            # Its numbers are for the observer's screen; here it says that the terminal lives.
            terminals.note_place(connection, place.terminal, place.site, place.window, now)
        elif topic.channel == "log" and len(topic.rest) == 1:
            _pass_on(place.terminal, topic.rest[0], body)
        else:
            raise NotUnderstood(f"{topic.channel} is not a topic the centre hears")
    except OrderError as error:
        raise NotUnderstood(f"{topic.channel} has a body of another form") from error


def _pass_on(terminal: str, level: str, body: bytes) -> None:
    text = body[:LONGEST_LINE].decode("utf-8", "replace")
    log.log(_LEVELS.get(level, logging.DEBUG), "%s says: %s", terminal, text)
