"""The table `line`, and what is read back from it after a restart."""

from typing import Any

import pytest

from central.ingest.lines import Lines

KEY = ("pzh01-w01", "E1")


@pytest.fixture
def stored(store: Any, put_fact: Any) -> Any:
    """Store facts of the line with these sequences, and note them."""

    def put(lines: Lines, *sequences: int) -> None:
        for sequence in sequences:
            put_fact(terminal=KEY[0], epoch=KEY[1], sequence=sequence)

        def work(connection: Any) -> None:
            for sequence in sequences:
                lines.of(connection, KEY).add(sequence)
            lines.write(connection, KEY)

        store.do(work)

    return put


def read(store: Any, lines: Lines) -> tuple[int, int, list[tuple[int, int]]]:
    line = store.do(lambda connection: lines.of(connection, KEY))
    return line.committed, line.highest, line.missing


def test_a_line_nobody_has_met_is_empty(store: Any) -> None:
    """The first fact of an outbox that the centre hears of."""
    assert read(store, Lines()) == (0, 0, [])


@pytest.mark.parametrize("sequences", [(1, 2, 3), (1, 4, 6), (5,)])
def test_a_restarted_centre_knows_what_it_had(
    store: Any, stored: Any, sequences: tuple[int, ...]
) -> None:
    """Committed, highest and the gaps come back from the database, one row to a line."""
    lines = Lines()
    stored(lines, *sequences)
    assert read(store, Lines()) == read(store, lines)
    assert store.rows("SELECT count(*) FROM line") == [(1,)]


def test_a_filled_gap_is_written(store: Any, stored: Any) -> None:
    """The row follows the line."""
    lines = Lines()
    stored(lines, 1, 3)
    stored(lines, 2)
    assert store.rows("SELECT * FROM line") == [("pzh01-w01", "E1", 3, 3)]
    assert read(store, Lines()) == (3, 3, [])


def test_what_was_undone_is_forgotten(store: Any, stored: Any) -> None:
    """After a failed COMMIT the database is believed, not the memory."""
    lines = Lines()
    stored(lines, 1)
    store.do(lambda connection: lines.of(connection, KEY).add(2))
    assert read(store, lines) == (2, 2, [])
    lines.forget()
    assert read(store, lines) == (1, 1, [])


def test_lines_of_other_outboxes_are_apart(store: Any, stored: Any, put_fact: Any) -> None:
    """A new epoch, or another terminal, counts from one."""
    stored(Lines(), 1, 3)
    put_fact(terminal=KEY[0], epoch="E2", sequence=2)
    put_fact(terminal="pzh01-w02", epoch="E1", sequence=2)
    assert read(store, Lines()) == (1, 3, [(2, 2)])
