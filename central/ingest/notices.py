"""What terminals keep retained: into the terminal's rows."""

from datetime import datetime

from sqlalchemy.engine import Connection

from central.service import terminals
from central.service.places import Place
from hal.events.orders import OrderError, decode
from hal.events.status import About, DeviceStatus, TerminalState
from hal.events.topics import Topic


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
            terminals.note_health(connection, place.terminal, body, now)
            terminals.note_place(connection, place.terminal, place.site, place.window, now)
        else:
            raise NotUnderstood(f"{topic.channel} is not a topic the centre hears")
    except OrderError as error:
        raise NotUnderstood(f"{topic.channel} has a body of another form") from error
