"""Outbox and spool through 2,000 cuts of the power: what was kept stays; weaker ones are caught.

The seed is printed; POWERCUT_SEED=n repeats or varies a run.
"""

import functools
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from powercut import state_writer
from powercut.replay import Corrupt, Expected, FactsLost, PagesLost, Result, record, replay

from firmware import outbox as outbox_module
from firmware.outbox import Entry, Outbox
from firmware.spool import Spool

SEED = int(os.environ.get("POWERCUT_SEED", "20261123"))
CUTS = int(os.environ.get("POWERCUT_CUTS", "2000"))
CUTS_OF_A_WEAK_ONE = 150
SPOOL = "spool"
MEMORY = Path("/dev/shm")


def witness(folder: Path, expected: Expected) -> None:
    """Open what survived as the terminal would, and compare it with what had been said."""
    try:
        _check_integrity(folder / "outbox.db")
        outbox = Outbox(folder / "outbox.db", lambda: "a new epoch")
    except sqlite3.Error as error:
        raise Corrupt(f"the database does not open: {error}") from error
    try:
        named = _compare(outbox, expected)
        _compare_pages(folder / SPOOL, named, expected)
    finally:
        outbox.close()


def _check_integrity(path: Path) -> None:
    database = sqlite3.connect(path)
    try:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        database.close()
    if verdict != "ok":
        raise Corrupt(verdict)


def _compare(outbox: Outbox, expected: Expected) -> set[int]:
    """Facts; the pages that they name."""
    entries = outbox.after(0, 1_000_000)
    numbers = [entry.sequence for entry in entries]
    missing = set(range(expected.receipted + 1, expected.kept + 1)) - set(numbers)
    if missing:
        raise FactsLost(len(missing))
    last = outbox.last()
    wanted = {
        "the file was usable": outbox.set_aside is None,
        "the epoch stayed": outbox.epoch == state_writer.EPOCH or not expected.kept,
        "sequences have no gap": numbers == list(range(last - len(numbers) + 1, last + 1)),
        "no sequence is given twice": last >= expected.kept,
        "facts say what they said": all(_whole(entry) for entry in entries),
        "the state belongs to the last fact": outbox.state() == ({"last": last} if last else {}),
        "the order is remembered": not last or outbox.seen(state_writer.order(last)),
        "the line goes on": _next(outbox) == last + 1,
    }
    broken = [promise for promise, held in wanted.items() if not held]
    if broken:
        raise Corrupt("; ".join(broken))
    topics = [entry.topic.partition("/") for entry in entries]
    return {int(number) for kind, _, number in topics if kind == "page"}


def _compare_pages(folder: Path, named: set[int], expected: Expected) -> None:
    """Each is there that was kept or is named by a fact, and what is there is whole."""
    spool = Spool(folder, state_writer.TERMINAL, state_writer.seal, lambda: "")
    waiting = set(spool.waiting())
    wanted = set(range(1, expected.pages + 1)) | named
    missing = {n for n in wanted if n > expected.confirmed and _sha256(n) not in waiting}
    if missing:
        raise PagesLost(len(missing))
    damaged = [name for name in waiting if hashlib.sha256(spool.read(name)).hexdigest() != name]
    if damaged:
        raise Corrupt(f"{len(damaged)} pages are not what their names say")


@functools.cache
def _sha256(page: int) -> str:
    return state_writer.sha256(page)


def _whole(entry: Entry) -> bool:
    return entry.body == state_writer.body(entry.sequence)


def _next(outbox: Outbox) -> int:
    return outbox.keep([0], lambda draft, sequence: ("", b""), 0.0)[0].sequence


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the witness looks: in memory if there is such a place, for its flushes prove nothing.

    Nor does the room that the outbox would hold back there.
    """
    monkeypatch.setattr(outbox_module, "_BALLAST_BYTES", 0)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder) / "after"


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, scratch: Path) -> Run:
    """Records a writer, strong or weakened, and cuts its power."""

    def cut(cuts: int, *weaken: str) -> Result:
        folder = Path(os.path.realpath(tmp_path)) / "recorded"
        (folder / SPOOL).mkdir(parents=True)
        writer = [str(Path(state_writer.__file__)), str(folder), *weaken]
        events = record(writer, folder, tmp_path / "strace.log")
        return replay(events, cuts=cuts, seed=SEED, folder=scratch, witness=witness, inner=[SPOOL])

    return cut


def test_what_was_kept_survives(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Whenever the power goes, both open, and every fact and page kept and not let go is there."""
    result = run(CUTS)
    with capsys.disabled():
        print(f"\n{result} (seed {SEED})")
    assert result.faults == []
    assert (result.cuts, result.lost, result.pages_lost, result.corrupt) == (CUTS, 0, 0, 0)
    assert result.kept_cuts > CUTS // 2


@pytest.mark.parametrize("how", ["normal", "early", "forgetful"])
def test_a_weaker_outbox_is_caught(run: Run, how: str) -> None:
    """An outbox that commits too lightly, speaks too early or trims too much is seen to lose."""
    assert run(CUTS_OF_A_WEAK_ONE, "--weaken", how).lost > 0


@pytest.mark.parametrize("how", ["unsynced", "ahead"])
def test_a_weaker_spool_is_caught(run: Run, how: str) -> None:
    """A page that is not flushed, or whose fact is kept before it, is seen to be missing."""
    assert run(CUTS_OF_A_WEAK_ONE, "--weaken", how).pages_lost > 0
