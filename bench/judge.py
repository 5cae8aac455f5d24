"""The judge: what people saw acknowledged against what the centre's database holds.

    python bench/judge.py --acts acts.jsonl --db centre.db --seal-key seal.pem

It shares no code with the system it judges. It reads the acts that the simulated people and
devices wrote down, reads the database by plain SQL, opens the sealed facts itself, and counts per
key (kind, terminal, ticket, content):

    lost        acknowledged to a person, and not stored   (a command needs to be stored once only)
    duplicate   stored more often than attempted
    unexpected  stored, and never attempted; also what cannot be opened or lies there unsealed
    crossed     of the unexpected: attempted at that terminal, but for another ticket

Exit codes: 0 nothing of that and nothing quarantined, 1 something, 2 usage, 3 a file that cannot
be read, 5 no X25519 key.
"""

import argparse
import base64
import json
import math
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

COMMAND = "command"
CONTENT_OF = {
    "identity.read": "number",
    "card.read": "social_security_number",
    "code.scanned": "text",
    "document.captured": "codes",
    "rating.given": "level",
}
SEALED_KINDS = {"identity.read", "card.read", "code.scanned", "document.captured"}
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


class Unjudgeable(Exception):
    """Something given to the judge cannot be read: a sentence for people, and the exit code."""

    def __init__(self, sentence: str, exit_code: int = 3) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class Key(NamedTuple):
    """What makes two acts, or an act and a stored row, the same thing.

    A command is known by its Idempotency-Key alone; `content` is None for what does not open.
    """

    kind: str
    terminal: str | None
    ticket: str | None
    content: str | None

    def masked(self) -> str:
        content = "(unreadable)" if self.content is None else f"…{self.content[-4:]}"
        return f"{self.kind} {self.terminal or '-'} {self.ticket or '-'} {content}"


@dataclass
class Tally:
    """What happened with one key: act ids, moments of the last byte, moments of commit."""

    attempted: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    sent: dict[str, datetime] = field(default_factory=dict)
    stored: list[datetime] = field(default_factory=list)

    def lost(self, kind: str) -> int:
        needed = len(self.acknowledged)
        return max(0, (min(needed, 1) if kind == COMMAND else needed) - len(self.stored))

    def duplicate(self) -> int:
        return max(0, len(self.stored) - len(self.attempted)) if self.attempted else 0

    def unexpected(self) -> int:
        return 0 if self.attempted else len(self.stored)

    def delays_ms(self) -> Iterator[float]:
        """From last byte to commit. Of several tries, those acknowledged were stored for sure."""
        surest = sorted(self.sent, key=lambda act: (act not in self.acknowledged, self.sent[act]))
        moments = sorted(self.sent[act] for act in surest[: len(self.stored)])
        for sent, stored in zip(moments, sorted(self.stored), strict=False):
            yield (stored - sent).total_seconds() * 1000


class Part(NamedTuple):
    """Judge only this terminal's facts from a moment on, and of the commands those attempted."""

    terminal: str
    since: str


@dataclass
class Report:
    """The verdict. `kinds`: how much of each kind is stored.

    `offending`: keys with the reason, contents masked to four characters.
    """

    acts: int
    acknowledged: int
    stored: int
    lost: int
    unexpected: int
    duplicate: int
    crossed: int
    quarantined: int
    unreadable_lines: int
    kinds: dict[str, int]
    visits: int
    cases: int
    ratings: int
    p95_last_byte_to_commit_ms: float | None
    offending: list[dict[str, Any]]

    @property
    def good(self) -> bool:
        bad = self.lost, self.unexpected, self.duplicate, self.quarantined, self.unreadable_lines
        return not any(bad)


def read_acts(path: Path, tallies: dict[Key, Tally]) -> int:
    """Fill in what was attempted, sent and acknowledged; returns the number of unreadable lines.

    A last line without its end is one whose writer was killed: it is left out.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Unjudgeable(f"Cannot read the acts {path}: {error.strerror}.") from error
    *lines, _interrupted = text.split(b"\n")
    known: dict[str, Key] = {}
    return sum(not _read_act(line, known, tallies) for line in lines if line.strip())


def _read_act(line: bytes, known: dict[str, Key], tallies: dict[Key, Tally]) -> bool:
    try:
        act = json.loads(line)
        name, phase, at = act["act"], act["phase"], datetime.fromisoformat(act["at"])
        if phase == "attempted":
            known[name] = _key(act["kind"], act["terminal"], act["ticket"], act["content"])
            tallies[known[name]].attempted.add(name)
        elif phase == "sent":
            tallies[known[name]].sent[name] = at
        elif phase == "acknowledged":
            tallies[known[name]].acknowledged.add(name)
        else:
            return False
    except (ValueError, KeyError, TypeError):
        return False
    return True


def _key(kind: str, terminal: str | None, ticket: str | None, content: object) -> Key:
    text = None if content is None else str(content)
    return Key(kind, None, None, text) if kind == COMMAND else Key(kind, terminal, ticket, text)


def read_facts(
    database: sqlite3.Connection,
    key: X25519PrivateKey,
    tallies: dict[Key, Tally],
    part: Part | None = None,
) -> int:
    """Fill in what is stored of the judged kinds; returns how much of it is quarantined."""
    quarantined = 0
    where = "" if part is None else " WHERE fact.terminal = ? AND fact.stored_at >= ?"
    rows = database.execute(
        "SELECT fact.type, fact.terminal, ticket.number, fact.stored_at, fact.state, fact.envelope"
        " FROM fact LEFT JOIN visit ON visit.id = fact.visit"
        " LEFT JOIN ticket ON ticket.id = visit.ticket_id" + where,
        () if part is None else part,
    )
    for type_, terminal, ticket, stored_at, state, envelope in rows:
        kind = str(type_ or "").removeprefix("cn.onewindow.").removesuffix(".v1")
        judged = kind in CONTENT_OF
        quarantined += state == "quarantined" and (judged or not kind)
        if judged:
            content = _content(kind, envelope, key)
            found = tallies[_key(kind, terminal, ticket, content)]
            found.stored.append(datetime.fromisoformat(stored_at))
    return quarantined


def _content(kind: str, envelope: bytes, key: X25519PrivateKey) -> object:
    """What the fact says; None if it cannot be opened, or is personal and lies there open."""
    try:
        fact = json.loads(envelope)
        data = _unseal(fact, key) if kind in SEALED_KINDS else fact["data"]
        said = data[CONTENT_OF[kind]]
        return ",".join(said) if isinstance(said, list) else said
    except (ValueError, KeyError, TypeError, InvalidTag):
        return None


def _unseal(fact: dict[str, Any], key: X25519PrivateKey) -> Any:
    names = ("source", "type", "id", "epoch", "sequence", "subject", "time")
    info = "\n".join(["onewindow/1", *(fact.get(name) or "" for name in names)])
    box = fact["data"]["box"]
    sealed = base64.b64decode(box + "=" * (-len(box) % 4), altchars=b"-_", validate=True)
    return json.loads(SUITE.decrypt(sealed, key, info.encode()))


def read_commands(
    database: sqlite3.Connection, tallies: dict[Key, Tally], part: Part | None = None
) -> None:
    for row, stored_at in database.execute("SELECT key, stored_at FROM command"):
        key = _key(COMMAND, None, None, row)
        if part is None or key in tallies:
            tallies[key].stored.append(datetime.fromisoformat(stored_at))


def _count(database: sqlite3.Connection, table: str, state: str) -> int:
    sql = f"SELECT count(*) FROM {table} WHERE state = ?"
    return int(database.execute(sql, (state,)).fetchone()[0])


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that `share` of all do not exceed (nearest rank); None of nothing."""
    ranked = sorted(values)
    return ranked[math.ceil(share * len(ranked)) - 1] if ranked else None


def _stored_by_kind(tallies: dict[Key, Tally]) -> dict[str, int]:
    counts = dict.fromkeys((COMMAND, *CONTENT_OF), 0)
    for key, tally in tallies.items():
        counts[key.kind] += len(tally.stored)
    return counts


def _crossed(tallies: dict[Key, Tally]) -> int:
    """Facts stored under another ticket (号票) than the one that they were attempted for."""
    tickets = defaultdict(set)
    for key, tally in tallies.items():
        if tally.attempted:
            tickets[key._replace(ticket=None)].add(key.ticket)
    return sum(
        tally.unexpected()
        for key, tally in tallies.items()
        if key.ticket is not None and tickets[key._replace(ticket=None)] - {None, key.ticket}
    )


def _offending(tallies: dict[Key, Tally]) -> list[dict[str, Any]]:
    found = []
    for key, tally in tallies.items():
        counts = {
            "lost": tally.lost(key.kind),
            "unexpected": tally.unexpected(),
            "duplicate": tally.duplicate(),
        }
        if any(counts.values()):
            found.append({"key": key.masked(), **counts})
    return sorted(found, key=lambda row: str(row["key"]))


def judge(
    acts: Path, database: sqlite3.Connection, key: X25519PrivateKey, part: Part | None = None
) -> Report:
    """Read both sides and compare them: all tables as they stood at one moment."""
    tallies: dict[Key, Tally] = defaultdict(Tally)
    unreadable_lines = read_acts(acts, tallies)
    database.execute("BEGIN")
    quarantined = read_facts(database, key, tallies, part)
    read_commands(database, tallies, part)
    offending = _offending(tallies)
    delays = (ms for kind, tally in tallies.items() for ms in _device_delays(kind, tally))
    p95 = percentile(delays, 0.95)
    return Report(
        acts=sum(len(tally.attempted) for tally in tallies.values()),
        acknowledged=sum(len(tally.acknowledged) for tally in tallies.values()),
        stored=sum(len(tally.stored) for tally in tallies.values()),
        lost=sum(row["lost"] for row in offending),
        unexpected=sum(row["unexpected"] for row in offending),
        duplicate=sum(row["duplicate"] for row in offending),
        crossed=_crossed(tallies),
        quarantined=quarantined,
        unreadable_lines=unreadable_lines,
        kinds=_stored_by_kind(tallies),
        visits=_count(database, "visit", "CLOSED"),
        cases=_count(database, "case_file", "DELIVERED"),
        ratings=_count(database, "rating", "RATED"),
        p95_last_byte_to_commit_ms=None if p95 is None else round(p95, 1),
        offending=offending,
    )


def _device_delays(key: Key, tally: Tally) -> Iterator[float]:
    return iter(()) if key.kind == COMMAND else tally.delays_ms()


def load_key(path: Path) -> X25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise Unjudgeable(f"Cannot read the key {path}: {error.strerror}.", 5) from error
    except (ValueError, TypeError) as error:
        raise Unjudgeable(f"{path} is no private key in PEM.", 5) from error
    if not isinstance(key, X25519PrivateKey):
        raise Unjudgeable(f"{path} is no X25519 key; give the centre's seal.pem.", 5)
    return key


def _print(report: Report) -> None:
    for row in report.offending:
        said = ", ".join(f"{name} {row[name]}" for name in ("lost", "unexpected", "duplicate"))
        print(f"  {row['key']}: {said}")
    p95 = report.p95_last_byte_to_commit_ms
    print(
        f"judge: visits {report.visits}, cases {report.cases}, ratings {report.ratings}, "
        f"acts {report.acts}, acknowledged {report.acknowledged}, stored {report.stored}, "
        f"lost {report.lost}, unexpected {report.unexpected}, duplicate {report.duplicate}, "
        f"crossed visits {report.crossed}, quarantined {report.quarantined}, "
        f"unreadable lines {report.unreadable_lines}, "
        f"last byte to commit p95 {'-' if p95 is None else p95} ms"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Compare what people saw acknowledged with what the centre stored.",
        epilog="example: python bench/judge.py --acts acts.jsonl --db centre/centre.db "
        "--seal-key seal.pem",
    )
    parser.add_argument("--acts", type=Path, required=True, help="the acts, JSON lines")
    parser.add_argument("--db", type=Path, required=True, help="the centre's database")
    parser.add_argument("--seal-key", type=Path, required=True, help="X25519 private key, PEM")
    parser.add_argument(
        "--part",
        nargs=2,
        metavar=("TERMINAL", "SINCE"),
        help="judge only this terminal's facts that were stored since (RFC 3339), and what was "
        "attempted of the commands",
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Judge and print; the exit code is the verdict."""
    arguments = _parser().parse_args(argv)
    try:
        key = load_key(arguments.seal_key)
        database = sqlite3.connect(
            f"{arguments.db.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
        )
        try:
            part = Part(*arguments.part) if arguments.part else None
            report = judge(arguments.acts, database, key, part)
        finally:
            database.close()
    except Unjudgeable as error:
        print(f"judge: {error}", file=sys.stderr)
        return error.exit_code
    except sqlite3.Error as error:
        print(f"judge: Cannot read the database {arguments.db}: {error}.", file=sys.stderr)
        return 3
    if arguments.json:
        print(json.dumps(asdict(report), ensure_ascii=False))
    else:
        _print(report)
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
