"""A small hall after a day: acts in a file, a database made by plain SQL, a sealing key.

The tables carry only the columns that the judge reads and no constraints, so that a test can put
in what the centre's own database would never take.
"""

import base64
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

TABLES = """
CREATE TABLE fact(type, terminal, visit, stored_at, state, envelope);
CREATE TABLE visit(id, ticket_id, state);
CREATE TABLE ticket(id, number);
CREATE TABLE command(key, stored_at);
CREATE TABLE case_file(id, state);
CREATE TABLE rating(id, state);
"""
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


def at(second: float) -> str:
    """A moment of the day, `second` after a quarter past eight."""
    return f"2026-11-23T08:15:{second:09.6f}+08:00"


@dataclass
class Hall:
    """What a test fills, and then has judged."""

    folder: Path
    key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    count: int = 0

    def __post_init__(self) -> None:
        self.acts = self.folder / "acts.jsonl"
        self.database = self.folder / "centre.db"
        self.key_file = self.folder / "seal.pem"
        self.acts.touch()
        self.key_file.write_bytes(
            self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        with sqlite3.connect(self.database) as connection:
            connection.executescript(TABLES)

    def sql(self, statement: str, *values: Any) -> None:
        connection = sqlite3.connect(self.database)
        with connection:
            connection.execute(statement, values)
        connection.close()

    def visit(self, visit: str, number: str, state: str = "CLOSED") -> None:
        self.sql("INSERT INTO ticket VALUES (?, ?)", f"t-{visit}", number)
        self.sql("INSERT INTO visit VALUES (?, ?, ?)", visit, f"t-{visit}", state)

    def line(self, act: str, phase: str, second: float, **rest: Any) -> None:
        text = json.dumps(
            {"act": act, "phase": phase, "at": at(second), "actor": "citizen 1"} | rest
        )
        with self.acts.open("a") as file:
            file.write(text + "\n")

    def act(
        self,
        kind: str,
        content: str,
        *,
        terminal: str | None = "pzh01-w01",
        ticket: str | None = "A001",
        sent: float | None = None,
        acknowledged: bool = True,
    ) -> None:
        """Somebody does something and, unless told otherwise, sees the answer."""
        self.count += 1
        name = f"act-{self.count}"
        self.line(
            name, "attempted", 1, kind=kind, terminal=terminal, ticket=ticket, content=content
        )
        if sent is not None:
            self.line(name, "sent", sent)
        if acknowledged:
            self.line(name, "acknowledged", 9)

    def fact(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        visit: str | None = "v1",
        stored: float = 3,
        state: str = "applied",
        sealed: bool = True,
        terminal: str = "pzh01-w01",
    ) -> None:
        """A fact as the centre stores it, sealed as a terminal would."""
        self.count += 1
        envelope: dict[str, Any] = {
            "source": f"/hall/1/pzh01/{terminal}/dev",
            "type": f"cn.onewindow.{kind}.v1",
            "id": f"id-{self.count}",
            "epoch": "e1",
            "sequence": str(self.count),
            "time": at(2),
            "data": data,
        }
        if visit is not None:
            envelope["subject"] = f"visit/{visit}"
        if sealed:
            envelope["data"] = {"kid": "dev1", "box": self.box(envelope)}
        self.sql(
            "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?)",
            *(envelope["type"], terminal, visit, at(stored), state, json.dumps(envelope).encode()),
        )

    def box(self, envelope: dict[str, Any]) -> str:
        info = (
            f"onewindow/1\n{envelope['source']}\n{envelope['type']}\n{envelope['id']}\n"
            f"{envelope['epoch']}\n{envelope['sequence']}\n{envelope.get('subject', '')}\n"
            f"{envelope['time']}"
        )
        plain = json.dumps(envelope["data"]).encode()
        sealed = SUITE.encrypt(plain, self.key.public_key(), info.encode())
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def command(self, key: str) -> None:
        self.sql("INSERT INTO command VALUES (?, ?)", key, at(4))


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    """One visit of an invented citizen, complete: card, code, level, two commands."""
    made = Hall(tmp_path)
    made.visit("v1", "A001")
    made.act("identity.read", "11010519491231002X", sent=2.0)
    made.fact("identity.read", {"number": "11010519491231002X", "name": "张一"}, stored=2.5)
    made.act("code.scanned", "OW:T:01J", sent=3.0)
    made.fact("code.scanned", {"text": "OW:T:01J"}, stored=3.1)
    made.act("rating.given", "5", sent=4.0)
    made.fact("rating.given", {"request": "r", "level": 5}, stored=4.2, sealed=False)
    for key in ("key-ticket-0001", "key-call-0002"):
        made.act("command", key, ticket=None, terminal=None)
        made.command(key)
    made.sql("INSERT INTO case_file VALUES ('c1', 'DELIVERED')")
    made.sql("INSERT INTO rating VALUES ('r1', 'RATED')")
    return made
