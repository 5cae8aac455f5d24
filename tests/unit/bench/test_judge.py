"""bench/judge.py: a complete day passes; whatever is missing, doubled or invented is found."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

JUDGE = Path(__file__).parents[3] / "bench" / "judge.py"
NUMBER = "11010519491231002X"


class Hall(Protocol):
    """What conftest's hall offers."""

    acts: Path
    database: Path
    key_file: Path

    def sql(self, statement: str, *values: Any) -> None: ...
    def line(self, act: str, phase: str, second: float, **rest: Any) -> None: ...
    def act(self, kind: str, content: str, **rest: Any) -> None: ...
    def fact(self, kind: str, data: dict[str, Any], **rest: Any) -> None: ...
    def visit(self, visit: str, number: str, state: str = ...) -> None: ...
    def command(self, key: str) -> None: ...


def run(hall: Hall, *more: str) -> subprocess.CompletedProcess[str]:
    """The judge as people start it: a script on its own."""
    files: list[str | Path] = [
        "--acts",
        hall.acts,
        "--db",
        hall.database,
        "--seal-key",
        hall.key_file,
    ]
    return subprocess.run(
        [sys.executable, JUDGE, *files, *more], capture_output=True, text=True, check=False
    )


def verdict(hall: Hall) -> dict[str, Any]:
    """The report, after making sure that the exit code agrees with it."""
    ended = run(hall, "--json")
    report: dict[str, Any] = json.loads(ended.stdout)
    names = ("lost", "unexpected", "duplicate", "quarantined", "unreadable_lines")
    assert ended.returncode == (1 if any(report[name] for name in names) else 0)
    assert ended.stderr == ""
    return report


def found(report: dict[str, Any]) -> tuple[int, int, int]:
    return report["lost"], report["unexpected"], report["duplicate"]


def test_complete_day(hall: Hall) -> None:
    """A day in which everything acknowledged is stored once is good, and all is counted."""
    assert verdict(hall) == {
        "acts": 5,
        "acknowledged": 5,
        "stored": 5,
        "lost": 0,
        "unexpected": 0,
        "duplicate": 0,
        "crossed": 0,
        "quarantined": 0,
        "unreadable_lines": 0,
        "kinds": {
            "command": 2,
            "identity.read": 1,
            "card.read": 0,
            "code.scanned": 1,
            "document.captured": 0,
            "rating.given": 1,
        },
        "visits": 1,
        "cases": 1,
        "ratings": 1,
        "p95_last_byte_to_commit_ms": 500.0,
        "offending": [],
    }


@pytest.mark.parametrize("kind", ["identity.read", "code.scanned", "rating.given"])
def test_deleted_fact_is_lost(hall: Hall, kind: str) -> None:
    """A fact that was acknowledged and then deleted is lost, and is named."""
    hall.sql("DELETE FROM fact WHERE type = ?", f"cn.onewindow.{kind}.v1")
    report = verdict(hall)
    assert found(report) == (1, 0, 0)
    assert [row["key"].split()[0] for row in report["offending"]] == [kind]


def test_fact_of_one_visit_under_another_is_crossed(hall: Hall) -> None:
    """A card laid in one visit and stored under another's ticket is unexpected, and crossed."""
    hall.visit("v2", "A002")
    hall.act("code.scanned", "OW:T:02K", ticket="A002")
    hall.fact("code.scanned", {"text": "OW:T:02K"}, visit="v1")
    report = verdict(hall)
    assert found(report) == (1, 1, 0)
    assert report["crossed"] == 1


def test_invented_fact_is_not_crossed(hall: Hall) -> None:
    """What nobody attempted under any ticket has not crossed from one visit into another."""
    hall.fact("code.scanned", {"text": "OW:T:03M"})
    assert verdict(hall)["crossed"] == 0


def test_a_part_of_the_day(hall: Hall) -> None:
    """With a part named, facts stored earlier or elsewhere and others' commands do not count."""
    hall.fact("code.scanned", {"text": "OW:T:02K"}, stored=1)
    hall.fact("code.scanned", {"text": "OW:T:03M"}, terminal="pzh01-w02")
    hall.command("key-nobody-0003")
    assert found(verdict(hall)) == (0, 3, 0)
    part = ("--json", "--part", "pzh01-w01", "2026-11-23T08:15:02.000000+08:00")
    report = json.loads(run(hall, *part).stdout)
    assert found(report) == (0, 0, 0)
    assert report["stored"] == 5


@pytest.mark.parametrize("kind", ["identity.read", "code.scanned", "rating.given"])
def test_doubled_fact_is_duplicate(hall: Hall, kind: str) -> None:
    """A fact stored twice for one act is a duplicate."""
    hall.sql("INSERT INTO fact SELECT * FROM fact WHERE type = ?", f"cn.onewindow.{kind}.v1")
    assert found(verdict(hall)) == (0, 0, 1)


def test_invented_fact_is_unexpected(hall: Hall) -> None:
    """A fact that nobody attempted is unexpected; the report shows four characters of it."""
    hall.fact("identity.read", {"number": "440301199002291234"})
    report = verdict(hall)
    assert found(report) == (0, 1, 0)
    assert [row["key"] for row in report["offending"]] == ["identity.read pzh01-w01 A001 …1234"]
    assert "44030119900229" not in run(hall).stdout


def test_command_rows(hall: Hall) -> None:
    """Command rows deleted, doubled and invented are found as facts are."""
    hall.sql("DELETE FROM command WHERE key = 'key-call-0002'")
    assert found(verdict(hall)) == (1, 0, 0)
    hall.sql("INSERT INTO command SELECT * FROM command WHERE key = 'key-ticket-0001'")
    assert found(verdict(hall)) == (1, 0, 1)
    hall.command("key-nobody-0003")
    assert found(verdict(hall)) == (1, 1, 1)


def test_repeated_command_needs_one_row(hall: Hall) -> None:
    """A command sent three times under one key and answered twice is stored once, rightly."""
    hall.act("command", "key-ticket-0001", ticket="A001")
    hall.act("command", "key-ticket-0001", acknowledged=False)
    assert found(verdict(hall)) == (0, 0, 0)


def test_retry_may_be_stored_once_or_twice(hall: Hall) -> None:
    """After an unanswered try both tries may be stored, or one; none or three may not."""
    hall.sql("DELETE FROM fact WHERE type = 'cn.onewindow.rating.given.v1'")
    hall.act("rating.given", "5", acknowledged=False)
    seen = [found(verdict(hall))]
    for _ in range(3):
        hall.fact("rating.given", {"level": 5}, sealed=False)
        seen.append(found(verdict(hall)))
    assert seen == [(1, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 1)]


def test_unanswered_act_need_not_be_stored(hall: Hall) -> None:
    """What nobody saw acknowledged is not lost when it is not there."""
    hall.act("identity.read", "11010519491231002X", ticket="A002", acknowledged=False)
    assert found(verdict(hall)) == (0, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fact SET visit = NULL WHERE type LIKE '%rating%'",
        "UPDATE fact SET visit = 'v2' WHERE type LIKE '%rating%'",
        "UPDATE fact SET terminal = 'pzh01-w02' WHERE type LIKE '%rating%'",
    ],
)
def test_fact_of_another_visit_is_not_this_one(hall: Hall, change: str) -> None:
    """A level stored for another visit, terminal, or for none, is both lost and unexpected."""
    hall.visit("v2", "A002")
    hall.sql(change)
    assert found(verdict(hall)) == (1, 1, 0)


def test_box_moved_to_another_envelope_does_not_open(hall: Hall) -> None:
    """A box under a changed envelope is no longer what was attempted."""
    hall.sql(
        "UPDATE fact SET envelope = CAST(replace(envelope, '+08:00', '+09:00') AS BLOB)"
        " WHERE type LIKE '%identity%'"
    )
    report = verdict(hall)
    assert found(report) == (1, 1, 0)
    assert report["offending"][0]["key"] == "identity.read pzh01-w01 A001 (unreadable)"


def test_personal_fact_must_be_sealed(hall: Hall) -> None:
    """A number that lies open in the database does not count as stored."""
    hall.sql("DELETE FROM fact WHERE type LIKE '%identity%'")
    hall.fact("identity.read", {"number": NUMBER}, sealed=False)
    assert found(verdict(hall)) == (1, 1, 0)


def test_quarantined_is_stored_but_bad(hall: Hall) -> None:
    """A quarantined fact is not lost, and the day is not good; so is one of no known type."""
    hall.sql("UPDATE fact SET state = 'quarantined' WHERE type LIKE '%code%'")
    hall.sql("INSERT INTO fact VALUES (NULL, NULL, NULL, NULL, 'quarantined', x'00')")
    report = verdict(hall)
    assert found(report) == (0, 0, 0)
    assert report["quarantined"] == 2
    assert report["stored"] == 5


def test_other_kinds_are_not_judged(hall: Hall) -> None:
    """Facts that no person made, as the end of an order, are neither stored nor unexpected."""
    hall.fact("order.done", {"order": "o"}, sealed=False)
    assert found(verdict(hall)) == (0, 0, 0)


def test_interrupted_last_line(hall: Hall) -> None:
    """A last line whose writer was killed is left out, and the rest judged."""
    whole = hall.acts.read_bytes()
    hall.acts.write_bytes(whole + whole.splitlines()[0][:-9])
    report = verdict(hall)
    assert (report["acts"], report["unreadable_lines"]) == (5, 0)


@pytest.mark.parametrize(
    "line", ['{"act": "x"', '{"act": "x", "phase": "sent", "at": "soon"}', "1"]
)
def test_broken_line_elsewhere_is_bad(hall: Hall, line: str) -> None:
    """A line that does not read, with others after it, makes the day bad."""
    hall.acts.write_text(line + "\n" + hall.acts.read_text())
    assert verdict(hall)["unreadable_lines"] == 1


def test_answer_to_no_act_is_bad(hall: Hall) -> None:
    """An acknowledgement of an act that was never attempted makes the day bad."""
    hall.line("act-none", "acknowledged", 5)
    assert verdict(hall)["unreadable_lines"] == 1


def test_delay_pairs_the_stored_try(hall: Hall) -> None:
    """With an unanswered first try that was not stored, the delay is that of the second."""
    hall.act("code.scanned", "OW:C:1", sent=5.0, acknowledged=False)
    hall.act("code.scanned", "OW:C:1", sent=8.0)
    hall.fact("code.scanned", {"text": "OW:C:1"}, stored=8.9)
    assert verdict(hall)["p95_last_byte_to_commit_ms"] == 900.0


def test_empty_day(hall: Hall) -> None:
    """Where nothing happened nothing is bad, and there is no percentile."""
    hall.acts.write_text("")
    hall.sql("DELETE FROM fact")
    hall.sql("DELETE FROM command")
    ended = run(hall)
    assert ended.returncode == 0
    assert ended.stdout.endswith(
        "quarantined 0, unreadable lines 0, last byte to commit p95 - ms\n"
    )


@pytest.mark.parametrize(("broken", "code"), [("acts", 3), ("database", 3), ("key_file", 5)])
def test_missing_files_are_one_sentence(hall: Hall, broken: str, code: int) -> None:
    """A file that is not there is named in one sentence, and nothing is judged."""
    getattr(hall, broken).unlink()
    ended = run(hall)
    assert ended.returncode == code
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1


def test_what_is_no_key_is_refused(hall: Hall) -> None:
    """A file that is no X25519 key is refused with its own exit code."""
    hall.key_file.write_text("no key")
    assert run(hall).returncode == 5
