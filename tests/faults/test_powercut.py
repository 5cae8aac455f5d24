"""The outbox through 2,000 cuts of the power: what was kept stays, and a weaker outbox is caught.

The seed is printed; POWERCUT_SEED=n repeats or varies a run.
"""

import os
import sqlite3
from pathlib import Path

import pytest
from powercut import outbox_writer
from powercut.replay import Corrupt, Expected, FactsLost, Result, record, replay

from firmware.outbox import Entry, Outbox

SEED = int(os.environ.get("POWERCUT_SEED", "20261123"))
CUTS = 2000
CUTS_OF_A_WEAK_ONE = 150


def witness(folder: Path, expected: Expected) -> None:
    """Open what survived as the terminal would, and compare it with what had been said."""
    try:
        _check_integrity(folder / "outbox.db")
        outbox = Outbox(folder / "outbox.db", lambda: "a new epoch")
    except sqlite3.Error as error:
        raise Corrupt(f"the database does not open: {error}") from error
    try:
        _compare(outbox, expected)
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


def _compare(outbox: Outbox, expected: Expected) -> None:
    entries = outbox.after(0, 1_000_000)
    numbers = [entry.sequence for entry in entries]
    missing = set(range(expected.receipted + 1, expected.kept + 1)) - set(numbers)
    if missing:
        raise FactsLost(len(missing))
    last = outbox.last()
    wanted = {
        "the file was usable": outbox.set_aside is None,
        "the epoch stayed": outbox.epoch == outbox_writer.EPOCH or not expected.kept,
        "sequences have no gap": numbers == list(range(last - len(numbers) + 1, last + 1)),
        "no sequence is given twice": last >= expected.kept,
        "facts say what they said": all(_whole(entry) for entry in entries),
        "the state belongs to the last fact": outbox.state() == ({"last": last} if last else {}),
        "the order is remembered": not last or outbox.seen(outbox_writer.order(last)),
        "the line goes on": _next(outbox) == last + 1,
    }
    broken = [promise for promise, held in wanted.items() if not held]
    if broken:
        raise Corrupt("; ".join(broken))


def _whole(entry: Entry) -> bool:
    return entry.body == outbox_writer.body(entry.sequence)


def _next(outbox: Outbox) -> int:
    return outbox.keep([0], lambda draft, sequence: ("", b""), 0.0)[0].sequence


def run(tmp_path: Path, cuts: int, *weaken: str) -> Result:
    folder = Path(os.path.realpath(tmp_path)) / "recorded"
    folder.mkdir()
    writer = [str(Path(outbox_writer.__file__)), str(folder), *weaken]
    events = record(writer, folder, tmp_path / "strace.log")
    scratch = tmp_path / "after"
    return replay(events, cuts=cuts, seed=SEED, folder=scratch, witness=witness)


def test_kept_facts_survive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whenever the power goes, the outbox opens, and every fact kept and not receipted is there."""
    result = run(tmp_path, CUTS)
    with capsys.disabled():
        print(f"\n{result} (seed {SEED})")
    assert result.faults == []
    assert (result.cuts, result.lost, result.corrupt) == (CUTS, 0, 0)
    assert result.kept_cuts > CUTS // 2


@pytest.mark.parametrize("how", ["normal", "early", "forgetful"])
def test_a_weaker_outbox_is_caught(tmp_path: Path, how: str) -> None:
    """An outbox that commits too lightly, speaks too early or trims too much is seen to lose."""
    assert run(tmp_path, CUTS_OF_A_WEAK_ONE, "--weaken", how).lost > 0
