"""register.json: which terminals there are and where each stands. It may grow while we run."""

import logging
import threading
from pathlib import Path

import msgspec

from central.config import read_file
from central.errors import ConfigurationError
from central.service.places import Place

log = logging.getLogger(__name__)

Stamp = tuple[int, int, int]


class _Terminal(msgspec.Struct, frozen=True):
    terminal: str
    site: str
    window: int


class _File(msgspec.Struct, frozen=True):
    terminals: list[_Terminal]


class Register:
    """The register of terminals; from any thread. Reads the file again when it has changed.

    ConfigurationError if the file is broken at the start. If it breaks later, what was read
    before stays, and the log says so once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._places = _read(path)

    def find(self, terminal: str) -> Place | None:
        """Where `terminal` stands; looks at the file again only for one it does not know."""
        known = self._places.get(terminal)
        return known if known is not None else self._refreshed().get(terminal)

    def all(self) -> list[Place]:
        """Every registered terminal, in the file's order."""
        return list(self._refreshed().values())

    def _refreshed(self) -> dict[str, Place]:
        with self._lock:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._places = _read(self._path)
                except ConfigurationError as error:
                    log.warning("%s Going on with the terminals known so far.", error)
            return self._places


def _read(path: Path) -> dict[str, Place]:
    terminals = read_file(path, _File, "register of terminals").terminals
    return {each.terminal: Place(each.terminal, each.site, each.window) for each in terminals}


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
