"""The two ways to the database file: one that writes and one that only reads."""

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine

BUSY_TIMEOUT_MS = 10_000


def writing_engine(path: Path) -> Engine:
    """The writer's engine. Each transaction takes the write lock at once (BEGIN IMMEDIATE)."""
    return _engine(path, begin="BEGIN IMMEDIATE", pragmas=("synchronous = FULL",))


def reading_engine(path: Path) -> Engine:
    """An engine whose connections cannot change the file. It must exist already."""
    return _engine(path, begin="BEGIN", pragmas=("query_only = ON",))


def _engine(path: Path, *, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,  # an error must not carry what was being written into a log
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transaction control would start a deferred transaction on its own.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "journal_mode = WAL", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
