"""acts.jsonl and the strike in the middle of an act."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sim.acts import Act, Acts


def now() -> datetime:
    return datetime(2026, 11, 23, 8, 15, tzinfo=UTC)


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_phases_of_one_act(tmp_path: Path) -> None:
    """An act has its content once and its phases in order, with moments to the microsecond."""
    acts = Acts(tmp_path / "acts.jsonl", now)
    act = acts.attempted("rating.given", "citizen 3", "5", terminal="t", ticket="A003")
    acts.sent(act)
    acts.acknowledged(act)
    at = "2026-11-23T08:15:00.000000+00:00"
    assert lines(acts.path) == [
        {
            "act": act.id, "phase": "attempted", "at": at, "actor": "citizen 3",
            "kind": "rating.given", "terminal": "t", "ticket": "A003", "content": "5",
        },
        {"act": act.id, "phase": "sent", "at": at},
        {"act": act.id, "phase": "acknowledged", "at": at},
    ]  # fmt: skip
    acts.close()


def test_several_writers_do_not_mix(tmp_path: Path) -> None:
    """Lines of many threads are whole, and every act has its own number and id."""
    acts = Acts(tmp_path / "acts.jsonl", now)

    def work() -> None:
        for _ in range(100):
            acts.acknowledged(acts.attempted("command", "teller", "key", path="POST /x"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lines(acts.path)
    assert len(found) == 800
    assert len({line["act"] for line in found}) == 400 == acts.count
    acts.close()


class Recorder:
    """A witness that writes down what it is told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: list[tuple[str, int, int]] = []

    def attempted(self, act: Act) -> None:
        self.seen.append(("attempted", act.number, len(lines(self.path))))

    def acknowledging(self, act: Act) -> None:
        self.seen.append(("acknowledging", act.number, len(lines(self.path))))


def test_a_witness_stands_between_the_record_and_the_deed(tmp_path: Path) -> None:
    """The witness hears of an act after "attempted" is on record and before "acknowledged" is."""
    acts = Acts(tmp_path / "acts.jsonl", now)
    witness = Recorder(acts.path)
    acts.witness = witness
    acts.acknowledged(acts.attempted("command", "teller", "key"))
    assert witness.seen == [("attempted", 1, 1), ("acknowledging", 1, 1)]
    acts.close()


@pytest.mark.parametrize("count", [3])
def test_ids_differ_within_one_moment(tmp_path: Path, count: int) -> None:
    """Acts of the same millisecond have different ids."""
    acts = Acts(tmp_path / "acts.jsonl", now)
    assert len({acts.attempted("command", "x", "k").id for _ in range(count)}) == count
    acts.close()
