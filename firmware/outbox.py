"""What the terminal has to tell, on disk until the centre says that it is kept.

SQLite in WAL mode with `synchronous = FULL`: a committed row survives a power cut (docs/adr/0003).
A fact gets its sequence in the transaction that writes it; the state of the session, and the ids of
the orders carried out, are written in the same one. Rows go only when a receipt says so, never on
a PUBACK (docs/adr/0002). Small pages and few trims keep low what a flash card must bear.
"""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Any, TypeVar

from firmware.disk import Ballast

D = TypeVar("D")

_log = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (
    sequence INTEGER PRIMARY KEY, topic TEXT NOT NULL, kept_at REAL NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS order_seen (
    id TEXT PRIMARY KEY, forget_at REAL NOT NULL) WITHOUT ROWID;
"""
_PAGE_BYTES = 512
"""SQLite writes whole pages: a fact costs 4 KiB with these and 16 with the usual 4,096."""
_LOG_PAGES = 2000
"""How long the log grows before a `keep` must fold it into the file: 1 MB, about 200 facts."""
_FOLD_AT_FACTS = 128
"""A receipt folds it sooner, without holding up a `keep`."""
_TRIM_WITH_FACT_ROWS, _TRIM_AT_ROWS = 64, 256
"""So many receipted rows go with the next fact; so many do not wait for one."""
_BALLAST_BYTES = 2 * 1024 * 1024
"""Twice the log: enough to fold it, and to write down what is deleted."""
_NO_LIMIT_PAGES = 1_073_741_823


@dataclass(frozen=True)
class Entry:
    """A fact as it goes over the wire. The same bytes each time."""

    sequence: int
    topic: str
    body: bytes


@dataclass(frozen=True)
class Change:
    """What is written together with facts. `orders`: id → unix time when it may be forgotten.

    By a clock that is not known (`clock_known` False) nothing is forgotten.
    """

    state: Mapping[str, Any] | None = None
    orders: Mapping[str, float] = field(default_factory=dict)
    clock_known: bool = True


NO_CHANGE = Change()


class Outbox:
    """One file, one process. Safe to use from several threads; every write blocks for an fsync.

    `set_aside` names a damaged file that was found and moved away, None otherwise: what was in it
    and not yet receipted is for a technician to save.
    """

    def __init__(self, path: Path, new_id: Callable[[], str]) -> None:
        """sqlite3.Error if the file is locked, or cannot be made or read for want of room."""
        self.set_aside: Path | None = None
        self._lock, self._fold_lock = RLock(), Lock()
        self._ballast = Ballast(path.with_name(path.name + ".ballast"), _BALLAST_BYTES)
        try:
            self._database = self._open(path)
        except sqlite3.OperationalError:
            raise  # locked, or no room: what lies there is sound and must stay
        except sqlite3.DatabaseError:
            self.set_aside = _set_aside(path, new_id())
            _log.error("outbox damaged, set aside", extra={"file": self.set_aside.name})
            self._database = _open(path)
        self._folding = _connect(path)
        self._capped = False
        self._hold_room()
        self.epoch = self._epoch(new_id)
        self._last = self._highest()
        self._deleted = self._gone()
        self._receipted = self._deleted
        self._unfolded = 0
        self._short_of_room = False

    def close(self) -> None:
        """Delete what has its receipt and close; a second call does nothing."""
        with self._lock:
            try:
                if self._receipted > self._deleted:
                    self._make_room()
            except sqlite3.OperationalError as error:
                _log.warning("outbox not trimmed", extra={"error": str(error)})
            with self._fold_lock:
                self._folding.close()
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
        with self._lock:
            if self._capped:
                self._hold_room()
            gone = self._deleted
            if self._receipted - gone >= _TRIM_WITH_FACT_ROWS:
                gone = self._receipted
            try:
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE")
                    if gone > self._deleted:
                        self._delete_up_to(gone)
                    entries = self._insert(drafts, write, now_s)
                    self._write_change(change, now_s)
            except sqlite3.OperationalError:
                self._short_of_room = True
                raise
            self._short_of_room = False
            self._deleted = gone
            self._last += len(entries)
            self._unfolded += 1
            return entries

    def receipt(self, committed: int) -> None:
        """The centre keeps everything up to `committed`. Rows go with a later write.

        Many of them, or any when there was no room, go at once: a full disk is emptied by this.
        sqlite3.Error if they could not be; they go with a later receipt.
        """
        with self._lock:
            self._receipted = max(self._receipted, min(committed, self._last))
            rows = self._receipted - self._deleted
            if rows >= _TRIM_AT_ROWS or (rows and self._short_of_room):
                self._make_room()
            due = self._unfolded >= _FOLD_AT_FACTS
        if due:
            self.fold()

    def fold(self) -> None:
        """Move the log into the file, for a quiet moment. Blocks, but holds up no `keep`."""
        with self._fold_lock:
            self._unfolded = 0
            try:
                self._folding.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.OperationalError as error:
                # Nothing is lost: the log grows until there is room for what it says.
                _log.warning("log not folded", extra={"error": str(error)})

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
            return self._last

    def depth(self) -> int:
        """How many facts lie here, those included whose receipt is not yet applied."""
        with self._lock:
            return self._last - self._deleted

    def waiting(self) -> tuple[int, float | None]:
        """How many facts wait for a receipt, and since when (unix seconds) the oldest does."""
        with self._lock:
            oldest = self._database.execute(
                "SELECT kept_at FROM fact WHERE sequence > ? ORDER BY sequence LIMIT 1",
                (self._receipted,),
            ).fetchone()
            count = self._last - self._receipted
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

    def _highest(self) -> int:
        """The highest sequence ever given, though its row may be gone."""
        row = self._database.execute("SELECT max(sequence) FROM fact").fetchone()
        return max(int(row[0] or 0), int(self._about("trimmed") or 0), self._counter())

    def _counter(self) -> int:
        """SQLite's own count, in a file whose table was made with AUTOINCREMENT."""
        wanted = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
        if self._database.execute(wanted).fetchone() is None:
            return 0
        row = self._database.execute("SELECT seq FROM sqlite_sequence").fetchone()
        return 0 if row is None else int(row[0])

    def _gone(self) -> int:
        """The highest sequence that is not here any more. Rows have no gaps, so none is counted."""
        row = self._database.execute("SELECT min(sequence) FROM fact").fetchone()
        return self._last if row[0] is None else int(row[0]) - 1

    def _insert(
        self, drafts: Sequence[D], write: Callable[[D, int], tuple[str, bytes]], now_s: float
    ) -> list[Entry]:
        entries = []
        for sequence, draft in enumerate(drafts, self._last + 1):
            topic, body = write(draft, sequence)
            entries.append(Entry(sequence, topic, body))
        self._database.executemany(
            "INSERT INTO fact (sequence, topic, kept_at, body) VALUES (?, ?, ?, ?)",
            ((entry.sequence, entry.topic, now_s, entry.body) for entry in entries),
        )
        return entries

    def _write_change(self, change: Change, now_s: float) -> None:
        if change.state is not None:
            self._database.execute(
                "INSERT OR REPLACE INTO about VALUES ('state', ?)", (json.dumps(change.state),)
            )
        if change.orders:
            if change.clock_known:
                self._database.execute("DELETE FROM order_seen WHERE forget_at < ?", (now_s,))
            self._database.executemany(
                "INSERT OR IGNORE INTO order_seen VALUES (?, ?)", change.orders.items()
            )

    def _make_room(self) -> None:
        """Delete what has its receipt, if need be with the room that was held back for it."""
        try:
            self._delete()
        except sqlite3.OperationalError:
            self._ballast.drop()
            self._delete()
            self.fold()  # so that the next facts overwrite the log instead of making it longer
        self._hold_room()

    def _hold_room(self) -> None:
        """Hold the room for deletions; until all of it is held, the file may not grow into it.

        Facts are then kept only in place of those that were deleted.
        """
        self._capped = not self._ballast.lay()
        limit = _NO_LIMIT_PAGES
        if self._capped:
            limit = int(self._database.execute("PRAGMA page_count").fetchone()[0])
        self._database.execute(f"PRAGMA max_page_count = {limit}")

    def _delete(self) -> None:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._delete_up_to(self._receipted)
        self._deleted = self._receipted

    def _delete_up_to(self, sequence: int) -> None:
        """Inside a transaction. The number stays when its row is gone: it is never given again."""
        self._database.execute("DELETE FROM fact WHERE sequence <= ?", (sequence,))
        self._database.execute(
            "INSERT OR REPLACE INTO about VALUES ('trimmed', ?)", (str(sequence),)
        )

    def _open(self, path: Path) -> sqlite3.Connection:
        """Open or make the file; on a full disk with the room held back for that."""
        try:
            return _open(path)
        except sqlite3.OperationalError:
            self._ballast.drop()
            return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    """Open or make the file; sqlite3.DatabaseError if what lies there is damaged."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = _connect(path)
    try:
        for pragma in (
            f"page_size = {_PAGE_BYTES}",  # of a new file; one that is there keeps its own
            "journal_mode = WAL",
            "synchronous = FULL",
            f"wal_autocheckpoint = {_LOG_PAGES}",
            "secure_delete = FAST",  # what is deleted was sealed: not worth writing zeros over it
        ):
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


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)


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
