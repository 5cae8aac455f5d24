"""What the terminal has to tell, on disk until the centre says that it is kept.

SQLite in WAL mode with `synchronous = FULL`: a committed row survives a power cut (docs/adr/0003).
A fact gets its sequence in the transaction that writes it; the state of the session, and the ids of
the orders carried out, are written in the same one. Rows go only when a receipt says so, never on
a PUBACK (docs/adr/0002).
"""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

D = TypeVar("D")

_log = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, body BLOB NOT NULL,
    kept_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS order_seen (
    id TEXT PRIMARY KEY, forget_at REAL NOT NULL) WITHOUT ROWID;
"""
_TRIM_AT_ROWS = 256


@dataclass(frozen=True)
class Entry:
    """A fact as it goes over the wire. The same bytes each time."""

    sequence: int
    topic: str
    body: bytes


@dataclass(frozen=True)
class Change:
    """What is written together with facts. `orders`: id → unix time when it may be forgotten."""

    state: Mapping[str, Any] | None = None
    orders: Mapping[str, float] = field(default_factory=dict)


NO_CHANGE = Change()


class Outbox:
    """One file, one process. Safe to use from several threads; every write blocks for an fsync.

    `set_aside` names a damaged file that was found and moved away, None otherwise: what was in it
    and not yet receipted is for a technician to save.
    """

    def __init__(self, path: Path, new_id: Callable[[], str]) -> None:
        self.set_aside: Path | None = None
        self._path = path
        self._lock = RLock()
        self._receipted = 0
        try:
            self._database = _open(path)
        except sqlite3.OperationalError:
            raise  # locked, or no room: what lies there is sound and must stay
        except sqlite3.DatabaseError:
            self.set_aside = _set_aside(path, new_id())
            _log.error("outbox damaged, set aside", extra={"file": self.set_aside.name})
            self._database = _open(path)
        self.epoch = self._epoch(new_id)

    def close(self) -> None:
        """Write what is pending and close; a second call does nothing."""
        with self._lock:
            self._trim()
            self._database.close()

    def keep(
        self,
        drafts: Sequence[D],
        write: Callable[[D, int], tuple[str, bytes]],
        now_s: float,
        change: Change = NO_CHANGE,
    ) -> list[Entry]:
        """Give each draft its sequence, write topic and body, and return after the fsync.

        `write` makes (topic, body) from a draft and its sequence, inside the transaction. All or
        nothing: sqlite3.Error (a full disk, for one) means that nothing was kept.
        """
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            if self._receipted:
                self._delete()
            sequence = self._last_sequence()
            entries = []
            for draft in drafts:
                sequence += 1
                topic, body = write(draft, sequence)
                entries.append(Entry(sequence, topic, body))
            self._database.executemany(
                "INSERT INTO fact VALUES (?, ?, ?, ?)",
                ((entry.sequence, entry.topic, entry.body, now_s) for entry in entries),
            )
            self._write_change(change, now_s)
            return entries

    def receipt(self, committed: int) -> None:
        """The centre keeps everything up to `committed`. Rows go with the next write."""
        with self._lock:
            self._receipted = max(self._receipted, min(committed, self._last_sequence()))
            if self._receipted - self._deleted() >= _TRIM_AT_ROWS:
                self._trim()

    def after(self, sequence: int, limit: int) -> list[Entry]:
        """Facts behind `sequence` that have no receipt, in order, at most `limit`."""
        with self._lock:
            rows = self._database.execute(
                "SELECT sequence, topic, body FROM fact WHERE sequence > ? ORDER BY sequence"
                " LIMIT ?",
                (max(sequence, self._receipted), limit),
            )
            return [Entry(*row) for row in rows]

    def between(self, first: int, last: int) -> list[Entry]:
        """The facts of a closed range that are still here."""
        return [
            entry for entry in self.after(first - 1, last - first + 1) if entry.sequence <= last
        ]

    def last(self) -> int:
        """The highest sequence ever given in this epoch; 0 before the first."""
        with self._lock:
            return self._last_sequence()

    def depth(self) -> int:
        """How many facts lie here, those included whose receipt is not yet applied."""
        with self._lock:
            return self._last_sequence() - self._deleted()

    def waiting(self) -> tuple[int, float | None]:
        """How many facts wait for a receipt, and since when (unix seconds) the oldest does."""
        with self._lock:
            oldest = self._database.execute(
                "SELECT kept_at FROM fact WHERE sequence > ? ORDER BY sequence LIMIT 1",
                (self._receipted,),
            ).fetchone()
            count = self._last_sequence() - max(self._receipted, self._deleted())
            return count, None if oldest is None else float(oldest[0])

    def seen(self, order: str) -> bool:
        """Whether this order was answered before, in this run or an earlier one."""
        with self._lock:
            row = self._database.execute("SELECT 1 FROM order_seen WHERE id = ?", (order,))
            return row.fetchone() is not None

    def state(self) -> dict[str, Any]:
        """The session as the last `keep` with a state left it; empty at the beginning."""
        with self._lock:
            value = self._about("state")
            return dict(json.loads(value)) if value else {}

    def _epoch(self, new_id: Callable[[], str]) -> str:
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            epoch = self._about("epoch")
            if epoch is None:
                epoch = new_id()
                self._database.execute("INSERT INTO about VALUES ('epoch', ?)", (epoch,))
            return epoch

    def _about(self, key: str) -> str | None:
        row = self._database.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _last_sequence(self) -> int:
        """SQLite remembers the highest key even when all rows are gone."""
        row = self._database.execute("SELECT seq FROM sqlite_sequence").fetchone()
        return 0 if row is None else int(row[0])

    def _write_change(self, change: Change, now_s: float) -> None:
        if change.state is not None:
            self._database.execute(
                "INSERT OR REPLACE INTO about VALUES ('state', ?)", (json.dumps(change.state),)
            )
        if change.orders:
            self._database.execute("DELETE FROM order_seen WHERE forget_at < ?", (now_s,))
            self._database.executemany(
                "INSERT OR IGNORE INTO order_seen VALUES (?, ?)", change.orders.items()
            )

    def _deleted(self) -> int:
        """The highest sequence that is not here any more. Rows have no gaps, so none is counted."""
        row = self._database.execute("SELECT min(sequence) FROM fact").fetchone()
        return self._last_sequence() if row[0] is None else int(row[0]) - 1

    def _trim(self) -> None:
        if self._receipted:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._delete()

    def _delete(self) -> None:
        self._database.execute("DELETE FROM fact WHERE sequence <= ?", (self._receipted,))


def _open(path: Path) -> sqlite3.Connection:
    """Open or make the file; sqlite3.DatabaseError if what lies there is damaged."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            database.execute(f"PRAGMA {pragma}")
        verdict = database.execute("PRAGMA quick_check").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        database.executescript(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    path.chmod(0o600)
    return database


def _set_aside(path: Path, mark: str) -> Path:
    """Rename the file and what belongs to it; the new name of the file."""
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.damaged-{mark}{suffix}"))
    return path.with_name(f"{path.name}.damaged-{mark}")


def ranges(numbers: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    """Closed ranges as a receipt carries them, the impossible ones left out."""
    return [(first, last) for first, last in numbers if 1 <= first <= last]
