"""What the web application is made of; the bootstrap hands it over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Engine

from central.clock import ManualClock
from central.service.catalogue import Catalogue
from central.service.commands import Commands
from central.service.facts import Open
from central.service.papers import Papers
from central.service.places import Places
from central.store.writer import Writer
from central.web.bell import Bell
from central.web.pictures import Pictures
from central.web.principals import Principals
from hal.events.log import LogLine


@dataclass(frozen=True)
class Parts:
    """`readers` cannot change the database; whatever does goes through `commands` or `writer`.

    `logs`: the last log lines of a terminal. `clock`: the one that `now` reads, if it is set by
    hand (`--clock manual`).
    """

    commands: Commands
    writer: Writer
    readers: Engine
    places: Places
    catalogue: Catalogue
    principals: Principals
    opener: Open
    papers: Papers
    bell: Bell
    pictures: Pictures
    now: Callable[[], datetime]
    broker_up: Callable[[], bool]
    logs: Callable[[str], list[LogLine]]
    clock: ManualClock | None = None
