"""The folder in which a terminal keeps what must survive; held by one, made if it is missing."""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from firmware.config import Configuration
from firmware.errors import StateFault
from firmware.outbox import Outbox
from firmware.seal import Seal
from firmware.spool import Spool, SpoolError


def take_folder(state_dir: Path) -> int:
    """Hold the state folder; StateFault if another process does, or it cannot be made."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateFault(f"terminal.state_dir: {state_dir}: {error.strerror}.") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise StateFault(f"terminal.state_dir: another terminal runs on {state_dir}.") from error
    return held


def open_outbox(path: Path, new_id: Callable[[], str]) -> Outbox:
    """StateFault if it is locked, or there is no room."""
    try:
        return Outbox(path, new_id)
    except sqlite3.Error as error:
        raise StateFault(f"{path}: {error}; make room, or call a technician.") from error


def open_spool(configuration: Configuration, seal: Seal, new_id: Callable[[], str]) -> Spool:
    """StateFault if the folder cannot be used."""
    folder, limits = configuration.terminal.state_dir / "spool", configuration.limits
    terminal = configuration.terminal.id
    try:
        return Spool(folder, terminal, seal, new_id, limits.spool_bytes, limits.reserve_bytes)
    except SpoolError as error:
        raise StateFault(f"terminal.state_dir: {error}; let it be a folder of ours.") from error
