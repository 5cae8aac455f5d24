"""Chooses the real parts of the centre and connects them. Nothing else does."""

import logging
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from central.broker.process import exec_broker
from central.clock import ManualClock, machine_time
from central.config import Config, read_file
from central.dispatch.dispatch import Dispatch
from central.errors import ConfigurationError, Unavailable
from central.ingest.ingest import Ingest
from central.ingest.keys import Keys
from central.ingest.receipts import Receipts
from central.ingest.terminal_logs import TerminalLogs
from central.link import BrokerLink
from central.lock import only_one
from central.logs import start_logging
from central.media.app import make_app as make_media_app
from central.media.files import Files as MediaFiles
from central.media.listener import MediaServer
from central.media.sheets import Sheets
from central.media.trust import Trust
from central.readiness import Readiness
from central.register import Register
from central.service import terminals
from central.service.catalogue import Catalogue, CatalogueError, read_catalogue
from central.service.commands import Commands
from central.service.papers import Papers
from central.store import schema
from central.store.engine import reading_engine, writing_engine
from central.store.writer import Writer
from central.web.app import make_app
from central.web.bell import Bell
from central.web.parts import Parts
from central.web.pictures import Pictures
from central.web.ports import bind
from central.web.principals import Principal, Principals
from central.web.server import HttpServer

GOOD, INTERRUPTED = 0, 130
READY = "ready"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Files:
    """What the configuration names, read and found good."""

    register: Register
    principals: Principals
    catalogue: Catalogue
    keys: Keys


@dataclass(frozen=True)
class Centre:
    """All parts, connected and not yet started."""

    http: HttpServer
    media: MediaServer
    writer: Writer
    receipts: Receipts
    ingest: Ingest
    dispatch: Dispatch
    link: BrokerLink

    def start(self) -> None:
        for part in (self.writer, self.receipts, self.ingest, self.dispatch, self.link, self.media):
            part.start()

    def ask_to_stop(self) -> None:
        """From a signal handler: both servers take nothing new and finish what they can."""
        self.media.ask_to_stop()
        self.http.stop()

    def stop(self) -> None:
        """What was received is committed and receipted before the line is put down."""
        for part in (self.media, self.dispatch, self.ingest, self.writer, self.receipts, self.link):
            part.stop()


def serve(config: Config, *, manual_clock: bool = False) -> int:
    """Run the centre until SIGTERM (exit code 0) or SIGINT (130). StartError if it cannot start.

    With `manual_clock` time stands still until it is set by HTTP; refused in production.
    """
    if manual_clock and config.mode != "development":
        raise ConfigurationError(
            f"--clock manual is for tests, and {config.folder / 'centre.toml'} says mode = "
            f'"{config.mode}"; leave the option out.'
        )
    clock = ManualClock(machine_time()) if manual_clock else None
    start_logging(clock.now if clock is not None else machine_time)
    files = read_files(config)
    with (
        bind(config.http, "HTTP", "--http") as http,
        bind(config.media, "media", "--media") as media,
        only_one(config.state_dir),
    ):
        centre = connect(config, files, http, media, clock)
        stopped_by = _stop_on_signals(centre.ask_to_stop)
        centre.start()
        try:
            _enter_places(centre.writer, files.register)
            centre.http.serve_until_stopped()
        finally:
            centre.stop()
        log.info("stopped")
    return INTERRUPTED if signal.SIGINT in stopped_by else GOOD


def become_broker(config: Config, port: int) -> NoReturn:
    """Replace this process by Mosquitto. StartError if it cannot run."""
    exec_broker(config, port)


def read_files(config: Config) -> Files:
    """Read everything that the configuration names; StartError on the first that is wrong."""
    principals = read_file(config.principals, list[Principal], "list of principals")
    return Files(
        register=Register(config.register),
        principals=Principals(principals),
        catalogue=_catalogue(config.catalogue),
        keys=Keys(config.seal),
    )


def connect(
    config: Config,
    files: Files,
    http: socket.socket,
    media: socket.socket,
    clock: ManualClock | None = None,
) -> Centre:
    """Open the database and connect the parts. No thread runs and nothing is sent yet."""
    now = clock.now if clock is not None else machine_time
    writing, readers = _open_database(config.database)
    writer, bell = Writer(writing, now), Bell()
    writer.on_commit(bell.ring)
    readiness = Readiness(("http", "media", "broker"), _announce)

    logs = TerminalLogs()
    receipts = Receipts(lambda topic, body: link.publish(topic, body), now)
    ingest = Ingest(writer, files.keys, files.register, files.catalogue, logs, now, receipts.give)
    link = BrokerLink(config.broker, ingest.receive, lambda: connected(), now)
    dispatch = Dispatch(writer, readers, link.publish, now)

    def connected() -> None:
        dispatch.connected()
        readiness.arrived("broker")

    kept = MediaFiles(config.state_dir / "media")
    sheets = Sheets(config.state_dir / "sheets", files.keys.by_kid)
    app = make_app(
        Parts(
            commands=Commands(writer, now, dispatch.wake),
            writer=writer,
            readers=readers,
            places=files.register,
            catalogue=files.catalogue,
            principals=files.principals,
            opener=files.keys.open,
            papers=Papers(files.keys.open, sheets.keep, config.issuer),
            bell=bell,
            pictures=Pictures(kept, files.keys.by_kid, config.panels),
            now=now,
            broker_up=link.ready.is_set,
            logs=logs.of,
            clock=clock,
        )
    )

    def answering() -> None:
        log.info("HTTP answers on %s:%d", config.http.host, config.http.port)
        readiness.arrived("http")

    server = HttpServer(app, http, bell, answering)
    pictures = _media_server(config, kept, sheets, files.register, media, readiness)
    return Centre(server, pictures, writer, receipts, ingest, dispatch, link)


def _media_server(
    config: Config,
    kept: MediaFiles,
    sheets: Sheets,
    register: Register,
    bound: socket.socket,
    readiness: Readiness,
) -> MediaServer:
    def listening() -> None:
        log.info("pictures are taken on %s:%d", config.media.host, config.media.port)
        readiness.arrived("media")

    app = make_media_app(kept, lambda terminal: register.find(terminal) is not None, sheets)
    return MediaServer(app, bound, Trust(config.broker), listening)


def _open_database(path: Path) -> tuple[Engine, Engine]:
    writing = writing_engine(path)
    try:
        schema.create_all(writing)
    except DatabaseError as error:
        raise Unavailable(
            f"The database {path} cannot be used ({error.orig}); restore it from a copy."
        ) from error
    path.chmod(0o600)
    return writing, reading_engine(path)


def _catalogue(path: Path) -> Catalogue:
    try:
        return read_catalogue(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"The catalogue {path} cannot be read ({error.strerror}); name another in centre.toml."
        ) from error
    except CatalogueError as error:
        raise ConfigurationError(f"The catalogue {path}: {error}.") from error


def _enter_places(writer: Writer, register: Register) -> None:
    """The judge and other readers of the database find every registered terminal there."""
    places = register.all()

    def work(connection: Connection) -> None:
        for place in places:
            terminals.enter(connection, place)

    writer.submit(work).result()


def _stop_on_signals(stop: Callable[[], None]) -> list[int]:
    """Call `stop` at SIGTERM and SIGINT; the list tells afterwards which ones came."""
    came: list[int] = []

    def handle(number: int, _frame: object) -> None:
        came.append(number)
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return came


def _announce() -> None:
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
