"""The outbox on real files. Power cuts are in tests/faults."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.outbox import Change, Outbox, ranges

NewId = Callable[[], str]


def write(draft: str, sequence: int) -> tuple[str, bytes]:
    return f"topic/{draft}", f"{draft} {sequence}".encode()


def keep(outbox: Outbox, *drafts: str) -> list[int]:
    return [entry.sequence for entry in outbox.keep(drafts, write, now_s=10.0)]


def again(outbox: Outbox, path: Path, new_id: NewId) -> Outbox:
    outbox.close()
    return Outbox(path / "state" / "outbox.db", new_id)


def test_sequences_are_contiguous_over_restarts(
    outbox: Outbox, tmp_path: Path, new_id: NewId
) -> None:
    """Every fact gets the next number, whatever was trimmed and however often we restarted."""
    assert keep(outbox, "a", "b") == [1, 2]
    outbox.receipt(2)
    outbox = again(outbox, tmp_path, new_id)
    assert outbox.depth() == 0
    assert keep(outbox, "c") == [3]


def test_the_epoch_belongs_to_the_file(outbox: Outbox, tmp_path: Path, new_id: NewId) -> None:
    """A restart keeps the epoch; a new file has a new one."""
    epoch = outbox.epoch
    assert again(outbox, tmp_path, new_id).epoch == epoch
    assert Outbox(tmp_path / "other.db", new_id).epoch != epoch


def test_no_number_is_given_twice(outbox: Outbox, tmp_path: Path, new_id: NewId) -> None:
    """Though every row is gone, and nothing was closed in an orderly way, the count goes on."""
    keep(outbox, *("x" for _ in range(300)))
    outbox.receipt(300)
    assert outbox.depth() == 0
    killed = Outbox(tmp_path / "state" / "outbox.db", new_id)
    assert (killed.last(), killed.depth(), killed.waiting()) == (300, 0, (0, None))
    assert keep(killed, "a") == [301]


def test_a_file_with_another_layout_is_taken_up(tmp_path: Path, new_id: NewId) -> None:
    """Large pages, SQLite's own count of keys, columns in another order: facts and count stay."""
    path = tmp_path / "outbox.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.executescript(
        "CREATE TABLE fact (sequence INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
        " body BLOB NOT NULL, kept_at REAL NOT NULL);"
        "INSERT INTO fact VALUES (7, 't', 'seven', 5.0), (8, 't', 'eight', 6.0);"
        "DELETE FROM fact WHERE sequence = 8;"
    )
    other.close()
    outbox = Outbox(path, new_id)
    assert (outbox.set_aside, outbox.last(), outbox.waiting()) == (None, 8, (2, 5.0))
    assert keep(outbox, "a") == [9]
    outbox.receipt(9)
    assert outbox.waiting() == (0, None)


def test_a_refused_write_leaves_the_count_alone(outbox: Outbox, tmp_path: Path) -> None:
    """When the disk refuses, no number is used and nothing is taken for deleted."""
    keep(outbox, *("x" for _ in range(80)))
    outbox.receipt(70)
    other = sqlite3.connect(tmp_path / "state" / "outbox.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        keep(outbox, "a")
    assert (outbox.last(), outbox.depth(), outbox.waiting()[0]) == (80, 80, 10)
    other.execute("ROLLBACK")
    other.close()
    assert keep(outbox, "b") == [81]
    assert outbox.depth() == 11


def test_folding_the_log_changes_nothing(outbox: Outbox, tmp_path: Path) -> None:
    """Receipts fold it now and then; what is read, and what is kept next, is the same."""
    keep(outbox, "a", "b")
    file, log = tmp_path / "state" / "outbox.db", tmp_path / "state" / "outbox.db-wal"
    before = file.stat().st_size
    length = log.stat().st_size
    outbox.fold()
    assert file.stat().st_size > before
    assert keep(outbox, "c") == [3]
    assert log.stat().st_size == length
    assert [entry.body for entry in outbox.after(0, 10)] == [b"a 1", b"b 2", b"c 3"]


def test_a_failing_draft_keeps_nothing(outbox: Outbox) -> None:
    """All or nothing: no fact, no state, no number is used when one draft cannot be written."""

    def fail(draft: str, sequence: int) -> tuple[str, bytes]:
        if draft == "bad":
            raise ValueError(draft)
        return write(draft, sequence)

    with pytest.raises(ValueError, match="bad"):
        outbox.keep(["good", "bad"], fail, now_s=1.0, change=Change({"visit": "v"}))
    assert outbox.depth() == 0
    assert outbox.state() == {}
    assert keep(outbox, "c") == [1]


def test_facts_state_and_orders_are_one_transaction(
    outbox: Outbox, tmp_path: Path, new_id: NewId
) -> None:
    """The state and the ids of orders are there after a restart, with the fact they came with."""
    outbox.keep(["a"], write, now_s=1.0, change=Change({"visit": "v1"}, {"order-1": 100.0}))
    outbox = again(outbox, tmp_path, new_id)
    assert outbox.state() == {"visit": "v1"}
    assert outbox.seen("order-1")
    assert not outbox.seen("order-2")


def test_orders_are_forgotten_after_their_time(outbox: Outbox) -> None:
    """The list of orders does not grow for ever."""
    outbox.keep([], write, now_s=1.0, change=Change(orders={"old": 50.0}))
    outbox.keep([], write, now_s=51.0, change=Change(orders={"new": 200.0}))
    assert not outbox.seen("old")
    assert outbox.seen("new")


def test_a_clock_that_is_wrong_makes_no_order_forgotten(outbox: Outbox) -> None:
    """After a step of ten years an order that comes again is still known."""
    outbox.keep([], write, now_s=1.0, change=Change(orders={"old": 50.0}))
    later = Change(orders={"new": 200.0}, clock_known=False)
    outbox.keep([], write, now_s=1.0 + 3652 * 86400, change=later)
    assert outbox.seen("old")
    assert outbox.seen("new")


def test_only_what_has_a_receipt_goes(outbox: Outbox) -> None:
    """A receipt hides what it covers at once and lets the rest be sent, in order."""
    keep(outbox, "a", "b", "c")
    outbox.receipt(2)
    assert [entry.body for entry in outbox.after(0, 10)] == [b"c 3"]
    assert outbox.waiting() == (1, 10.0)
    keep(outbox, *("x" for _ in range(62)))
    outbox.receipt(64)
    assert (outbox.depth(), outbox.waiting()[0]) == (65, 1)
    keep(outbox, "d")
    assert (outbox.depth(), outbox.waiting()[0]) == (2, 2)


def test_a_receipt_beyond_what_was_given_takes_no_later_fact(outbox: Outbox) -> None:
    """A wrong receipt cannot make a fact vanish that does not exist yet."""
    keep(outbox, "a")
    outbox.receipt(99)
    keep(outbox, "b")
    assert [entry.sequence for entry in outbox.after(0, 10)] == [2]


def test_an_older_receipt_changes_nothing(outbox: Outbox) -> None:
    """Receipts may be late; the highest counts."""
    keep(outbox, "a", "b")
    outbox.receipt(2)
    outbox.receipt(1)
    assert outbox.after(0, 10) == []


def test_missing_facts_are_found_by_range(outbox: Outbox) -> None:
    """A closed range gives just those that are still here."""
    keep(outbox, "a", "b", "c", "d")
    assert [entry.sequence for entry in outbox.between(2, 3)] == [2, 3]
    outbox.receipt(2)
    assert [entry.sequence for entry in outbox.between(2, 3)] == [3]
    assert ranges([[2, 3], [5, 4], [0, 1]]) == [(2, 3)]


def test_a_long_outage_is_trimmed_without_a_further_fact(outbox: Outbox) -> None:
    """Many receipted rows do not wait for the next fact to be deleted."""
    keep(outbox, *("x" for _ in range(300)))
    outbox.receipt(300)
    assert outbox.depth() == 0


def test_the_disk_is_written_durably(outbox: Outbox, tmp_path: Path) -> None:
    """WAL and FULL: what the power-cut tests rely on. The file is ours alone to read."""
    path = tmp_path / "state" / "outbox.db"
    assert outbox._database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_set_aside_and_not_deleted(
    outbox: Outbox, tmp_path: Path, new_id: NewId
) -> None:
    """The window works on with a new epoch, and the damaged file is kept for a technician."""
    epoch = outbox.epoch
    keep(outbox, "a")
    outbox.close()
    path = tmp_path / "state" / "outbox.db"
    path.write_bytes(b"no database at all" * 512)
    fresh = Outbox(path, new_id)
    assert fresh.epoch != epoch
    assert fresh.set_aside is not None
    assert fresh.set_aside.read_bytes().startswith(b"no database at all")
    assert keep(fresh, "b") == [1]


def test_a_locked_file_is_not_taken_for_a_damaged_one(
    outbox: Outbox, tmp_path: Path, new_id: NewId
) -> None:
    """Another program's lock must not make us leave kept facts behind."""
    keep(outbox, "a")
    outbox.close()
    path = tmp_path / "state" / "outbox.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        Outbox(path, new_id)
    other.close()
    assert Outbox(path, new_id).depth() == 1
