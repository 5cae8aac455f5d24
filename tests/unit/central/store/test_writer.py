import sqlite3
import threading
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from central.store import schema
from central.store.engine import writing_engine
from central.store.writer import GROUP_WORKS, Writer, WriterStopped

DEADLINE_S = 20


def keep(id: str) -> Any:
    def work(connection: Connection) -> str:
        connection.execute(insert(schema.fact).values(id=id, state="applied", envelope=b"{}"))
        return id

    return work


def fail(connection: Connection) -> None:
    keep("half-done")(connection)
    raise LookupError("as wanted")


def ids(store: Any) -> list[str]:
    return [row[0] for row in store.rows("SELECT id FROM fact ORDER BY cursor")]


def test_works_are_kept_in_the_order_of_their_submission(store: Any) -> None:
    """Cursors follow the order in which works were submitted."""
    futures = [store.writer.submit(keep(f"{n}")) for n in range(20)]
    assert [future.result(DEADLINE_S) for future in futures] == [f"{n}" for n in range(20)]
    assert ids(store) == [f"{n}" for n in range(20)]


def test_a_future_resolves_only_after_the_commit(store: Any) -> None:
    """Whoever is told of success finds the row with another connection."""
    for n in range(20):
        store.writer.submit(keep(f"{n}")).result(DEADLINE_S)
        assert len(ids(store)) == n + 1


def test_a_work_that_fails_is_undone_alone(store: Any) -> None:
    """Its neighbours in the same COMMIT stay, its own half is gone, and it learns why."""
    before, failing, after = (store.writer.submit(work) for work in (keep("a"), fail, keep("b")))
    assert before.result(DEADLINE_S) == "a"
    assert after.result(DEADLINE_S) == "b"
    with pytest.raises(LookupError, match="as wanted"):
        failing.result(DEADLINE_S)
    assert ids(store) == ["a", "b"]


def test_works_that_come_together_share_a_commit(store: Any) -> None:
    """Works that queue up while one runs are committed as one group, and no group is too big."""
    commits = []
    store.writer.on_commit(lambda: commits.append(len(ids(store))))
    entered, go = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        entered.set()
        go.wait(DEADLINE_S)

    store.writer.submit(hold)
    assert entered.wait(DEADLINE_S)
    futures = [store.writer.submit(keep(f"{n}")) for n in range(GROUP_WORKS + 10)]
    go.set()
    for future in futures:
        future.result(DEADLINE_S)
    store.writer.stop()
    assert commits[-1] == GROUP_WORKS + 10
    assert 2 <= len(commits) <= 4


def test_stored_at_is_the_moment_of_the_commit(store: Any, clock: Any) -> None:
    """The moment is taken by the writer, after the work, in the hall's time."""

    def slow(connection: Connection) -> None:
        keep("a")(connection)
        clock.advance(seconds=3)

    store.do(slow)
    assert store.rows("SELECT stored_at FROM fact") == [("2026-11-23T09:00:03.000000+08:00",)]


def test_a_commit_that_fails_fails_every_work_of_its_group(store: Any) -> None:
    """Nobody is told of success when the file refuses the transaction; the next one works."""

    def spoil(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql(
            "INSERT INTO case_event VALUES ('nowhere', 1, 'now', NULL, 'OPENED', 'nobody')"
        )

    entered, go = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        spoil(connection)
        entered.set()
        go.wait(DEADLINE_S)

    futures: list[Future[Any]] = [store.writer.submit(hold)]
    assert entered.wait(DEADLINE_S)
    futures += [store.writer.submit(keep("a")), store.writer.submit(keep("b"))]
    go.set()
    assert all(future.exception(DEADLINE_S) is not None for future in futures)
    assert ids(store) == []
    assert store.do(keep("c")) == "c"


def test_a_database_that_cannot_be_opened_is_told_to_the_submitter(
    tmp_path: Any, clock: Any
) -> None:
    """A group that cannot even begin fails its works; no submitter waits for ever."""
    writer = Writer(writing_engine(tmp_path / "no" / "folder.db"), clock.now)
    writer.start()
    future = writer.submit(keep("a"))
    assert isinstance(future.exception(DEADLINE_S), OperationalError)
    writer.stop()


def test_stop_finishes_what_was_submitted(store: Any) -> None:
    """Everything that was taken on is kept; nothing more is taken on; stopping twice is good."""
    futures = [store.writer.submit(keep(f"{n}")) for n in range(GROUP_WORKS * 2)]
    store.writer.stop()
    store.writer.stop()
    assert all(future.done() for future in futures)
    assert len(ids(store)) == GROUP_WORKS * 2
    with pytest.raises(WriterStopped):
        store.writer.submit(keep("late"))


def test_a_cancelled_work_does_not_run(store: Any) -> None:
    """A submitter who went away before its turn changes nothing."""
    entered, go = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        entered.set()
        go.wait(DEADLINE_S)

    store.writer.submit(hold)
    assert entered.wait(DEADLINE_S)
    gone = store.writer.submit(keep("gone"))
    assert gone.cancel()
    go.set()
    assert store.do(keep("a")) == "a"
    assert ids(store) == ["a"]


def test_the_writer_is_the_only_one_who_can_write(store: Any) -> None:
    """A reader's connection refuses to change the file."""
    with store.readers.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM fact")


def test_commits_reach_the_disk(store: Any) -> None:
    """The writer's connection runs WAL with synchronous FULL (2): the power may fail."""
    pragmas = store.do(
        lambda connection: [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    )
    assert pragmas == ["wal", 2, 1]


def test_an_error_does_not_carry_what_was_being_written(store: Any) -> None:
    """What goes wrong with a row is told without the row: it might be personal."""

    def twice(connection: Connection) -> None:
        keep("张三")(connection)
        keep("张三")(connection)

    with pytest.raises(Exception, match="UNIQUE") as caught:
        store.do(twice)
    assert "张三" not in str(caught.value)


def test_the_file_itself_refuses_a_second_open_visit(store: Any) -> None:
    """Even code that forgets to look cannot give one window two open visits."""

    def open_visit(connection: Connection, id: str, state: str) -> None:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO ticket (id, site, day, lane, number, state, issued_at)"
            " VALUES ('T', 'pzh01', '2026-11-23', 'A', 'A001', 'CALLED', 'now')"
        )
        row = {"id": id, "terminal": "w1", "ticket_id": "T", "state": state, "opened_at": "now"}
        connection.execute(insert(schema.visit).values(**row))

    for id in ("V1", "V2"):
        store.do(lambda connection, id=id: open_visit(connection, id, "CLOSED"))
    store.do(lambda connection: open_visit(connection, "V3", "OPEN"))
    with pytest.raises(IntegrityError, match=r"visit\.terminal"):
        store.do(lambda connection: open_visit(connection, "V4", "OPEN"))


def test_the_tables_are_those_the_judge_reads(store: Any) -> None:
    """Names that plain SQL relies on do not change by accident."""
    plain = sqlite3.connect(store.path)
    found = {
        table: [row[1] for row in plain.execute(f"PRAGMA table_info({table})")]
        for table in ("fact", "command", "visit", "ticket")
    }
    plain.close()
    assert found == {
        "fact": [
            *("cursor", "terminal", "epoch", "sequence", "id", "type", "device", "time"),
            *("visit", "stored_at", "state", "reason", "envelope"),
        ],
        "command": [
            *("key", "principal", "method", "path", "request_hash", "status", "answer"),
            "stored_at",
        ],
        "visit": ["id", "terminal", "ticket_id", "state", "opened_at", "closed_at", "notes"],
        "ticket": [
            *("id", "site", "day", "lane", "number", "state", "terminal", "issued_at"),
            "presented_at",
        ],
    }
