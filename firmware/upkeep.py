"""All that looks at the terminal and does nothing at the window: health, log, figures, page,
watchdog. `bootstrap` makes one and gives it the parts to look at.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from firmware.config import Configuration
from firmware.credentials import expiry
from firmware.disk import WriteMeter
from firmware.health import Contact, Examiner, Health, HealthTimer, Sources, Waiting
from firmware.metrics import Metrics
from firmware.notify import Notifier
from firmware.outbox import Outbox
from firmware.page.access import page_token
from firmware.page.server import PageServer
from firmware.page.views import Board, Desk, Views
from firmware.remote_log import RemoteLog
from firmware.unconfigured import unconfigured
from firmware.watchdog import Probe, Watchdog
from hal.clock import Clock, Reference
from hal.events.envelope import PLAIN
from hal.events.log import LogLevel
from hal.events.orders import encode

WATCH_S = 5.0
"""Between two rounds of probes where no service manager waits for them."""
_ROUNDS = 4
"""So many rounds fit into the time that the service manager waits."""


class Line(Protocol):
    """The line to the broker (`firmware.link.Link`)."""

    def on_change(self, listener: Callable[[bool], None]) -> None: ...

    def publish(
        self, topic: str, body: bytes, *, qos: int, content_type: str, retain: bool = False
    ) -> bool: ...


@dataclass(frozen=True)
class Parts:
    """What is looked at. Nobody may block.

    `lost`: the devices that are lost now. `centre`: what `centre/1/state` last said. `mode`: what
    the window is doing. `probes`: part → puts a probe into its queue. `config`: the TOML's path.
    """

    outbox: Outbox
    spool: Waiting
    line: Line
    lost: Callable[[], Collection[str]]
    centre: Callable[[], str]
    mode: Callable[[], str]
    probes: Mapping[str, Probe]
    config: Path
    written: WriteMeter
    reference: Reference | None = None
    probe_ms: Callable[[], Mapping[str, float]] | None = None
    desk: Desk | None = None
    preview: Callable[[], bytes | None] = lambda: None
    notifier: Notifier = field(default_factory=lambda: Notifier(None))


class Upkeep:
    """Between `start` and `stop`, in threads of its own.

    Tell `board` of each device's status, `contact` of each word of the centre, and `metrics` of
    what happens.
    """

    def __init__(self, configuration: Configuration, clock: Clock, parts: Parts) -> None:
        """OSError if the page's token cannot be made in the state folder."""
        self._configuration = configuration
        self._clock = clock
        self._parts = parts
        self._usable = False
        self.contact = Contact(clock)
        self.board = Board({table.name: table.spec.role for table in configuration.devices})
        names = [table.name for table in configuration.devices]
        self.metrics = Metrics(names, self.look, self._kept)
        self._examiner = self._make_examiner()
        self._health = HealthTimer(self.tell_health, configuration.intervals.health_s)
        self._log = RemoteLog(self._tell_log, clock)
        self._page = self._make_page()
        patience_s = parts.notifier.watchdog_s
        period_s = WATCH_S if patience_s is None else patience_s / _ROUNDS
        self._watchdog = Watchdog(parts.probes, parts.notifier.alive, period_s)
        parts.line.on_change(self._line)

    def start(self) -> None:
        """When the parts run that have probes. Returns at once."""
        self._log.start()
        self._health.start()
        self._page.start()
        self._watchdog.start()

    def stop(self) -> None:
        """While the line still stands, so that the last log lines go out."""
        self._watchdog.stop()
        self._page.stop()
        self._health.stop()
        self._log.stop()

    def look(self) -> Health | None:
        """The health of now; None if the disk does not answer."""
        lost = sorted(self._parts.lost())
        return self._examiner.look(centre=self._parts.centre(), devices_lost=lost)

    def tell_health(self) -> None:
        """Publish it, and say it in a line to the service manager."""
        health = self.look()
        if health is None:
            return
        topic = self._configuration.branch.health
        self._parts.line.publish(topic, encode(health), qos=0, content_type=PLAIN, retain=True)
        told = f"{health.mode}; {health.outbox_depth} facts wait; centre {health.centre}"
        lost = f"; lost: {', '.join(health.devices_lost)}" if health.devices_lost else ""
        self._parts.notifier.status(told + lost)

    def _kept(self) -> tuple[int, int] | None:
        try:
            kept = self._parts.outbox.last()
            return kept, kept - self._parts.outbox.waiting()[0]
        except sqlite3.Error:
            return None

    def _line(self, usable: bool) -> None:
        self._usable = usable
        self._log.line(usable)
        if usable:
            self.metrics.connected()
            self.tell_health()

    def _tell_log(self, level: LogLevel, body: bytes) -> bool:
        topic = self._configuration.branch.log(level)
        return self._parts.line.publish(topic, body, qos=0, content_type=PLAIN)

    def _make_examiner(self) -> Examiner:
        parts = self._parts
        sources = Sources(
            spool=parts.spool,
            written=parts.written,
            probe_ms=parts.probe_ms,
            mode=parts.mode,
            contact=self.contact,
            reference=parts.reference,
        )
        ends = expiry(self._configuration.broker.cert)
        folder = self._configuration.terminal.state_dir
        return Examiner(parts.outbox, folder, ends, self._clock, sources)

    def _make_page(self) -> PageServer:
        page, terminal = self._configuration.page, self._configuration.terminal
        views = Views(
            site=terminal.site,
            terminal=terminal.id,
            version=version("onewindow"),
            board=self.board,
            health=self.look,
            line=lambda: self._usable,
            exposition=self.metrics.exposition,
            diagnosis=self._diagnosis,
            desk=self._parts.desk,
            preview=self._parts.preview,
            unconfigured=lambda: unconfigured(self._configuration.devices),
        )
        return PageServer(page.host, page.port, page_token(terminal.state_dir), views)

    def _diagnosis(self) -> bytes:
        from firmware import diagnose  # only a technician needs it, and seldom
        from firmware.diagnosis import bundle

        config = self._parts.config
        findings = diagnose.diagnose(config, self._clock, self.board.all)
        return bundle.pack(findings, config, None, self._clock.now())
