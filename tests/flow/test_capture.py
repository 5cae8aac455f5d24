"""What an observer of the line sees of the citizens: nothing, without the centre's key."""

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sim.card import Card
from sim.people import citizens

OW_SIM = str(Path(sys.executable).parent / "ow-sim")
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
VISITS, SEED = 3, 11
DEADLINE_S = 110
SHORTEST_NEEDLE = 6


@dataclass(frozen=True)
class Recorded:
    """One demo as it was seen: the capture file, its messages, the facts stored, the key."""

    file: bytes
    messages: list[tuple[str, bytes]]
    stored: list[bytes]
    key: Any


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("capture")
    options = ["--visits", str(VISITS), "--seed", str(SEED), "--capture", str(folder / "capture")]
    command = [OW_SIM, "demo", "--dir", str(folder / "dev"), "--keep", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (folder / "run").iterdir()
    with sqlite3.connect(run / "centre" / "centre.db") as database:
        stored = [row[0] for row in database.execute("SELECT envelope FROM fact")]
    database.close()
    file = (folder / "capture").read_bytes()
    key = load_pem_private_key((folder / "dev" / "seal.pem").read_bytes(), password=None)
    return Recorded(file, list(messages(file)), stored, key)


@pytest.fixture(scope="module")
def people() -> list[Card]:
    """The citizens of the demo that was recorded."""
    return list(islice(citizens(SEED), VISITS))


def messages(file: bytes) -> Iterator[tuple[str, bytes]]:
    for line in file.decode().splitlines():
        topic, _, payload = line.partition(" ")
        yield topic, bytes.fromhex(payload)


def base64_forms(plain: bytes) -> Iterator[bytes]:
    """What every base64 text that contains `plain`, at any of the three offsets, has in it."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + plain)
        first = (0, 2, 3)[offset]
        last = len(plain) + offset
        inner = text[first : last * 8 // 6]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def disguises(text: str) -> set[bytes]:
    """The ways in which a text might stand in a file without looking like itself."""
    plain = {text.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")}
    plain.add(json.dumps(text)[1:-1].encode())
    written = {form for block in plain for form in base64_forms(block)}
    digits = {block.hex().encode() for block in plain | written}
    return {
        form
        for form in plain | written | digits | {block.upper() for block in digits}
        if len(form) >= SHORTEST_NEEDLE
    }


def boxes(recorded: Recorded) -> Iterator[bytes]:
    """The decoded boxes of sealed facts."""
    for _, fact in facts(recorded):
        if fact["dataclass"] == "personal":
            box = fact["data"]["box"]
            yield base64.urlsafe_b64decode(box + "=" * (-len(box) % 4))


def facts(recorded: Recorded) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for topic, payload in recorded.messages:
        if topic.split("/")[4:5] == ["fact"]:
            yield payload, json.loads(payload)


def opened(recorded: Recorded) -> Iterator[dict[str, Any]]:
    """The plain data of every personal fact in the capture, by the contract's recipe."""
    for _, fact in facts(recorded):
        if fact["dataclass"] != "personal":
            continue
        names = ("source", "type", "id", "epoch", "sequence", "subject", "time")
        info = "\n".join(["onewindow/1", *(fact.get(name) or "" for name in names)])
        box = fact["data"]["box"]
        sealed = base64.urlsafe_b64decode(box + "=" * (-len(box) % 4))
        yield json.loads(SUITE.decrypt(sealed, recorded.key, info.encode()))


def test_the_search_finds_each_disguise() -> None:
    """The search below is not blind: a name is found in base64 at every offset, hex, UTF-16."""
    name = "贾示例"
    for offset in range(3):
        text = base64.urlsafe_b64encode(b"x" * offset + name.encode() + b"tail")
        assert any(form in text for form in disguises(name))
    for block in (name.encode("utf-16-le"), name.encode().hex().encode()):
        assert any(form in block for form in disguises(name))


def test_no_name_and_no_number_stands_in_the_capture(
    recorded: Recorded, people: list[Card]
) -> None:
    """Neither as it is nor in base64, hex, UTF-16, GB 18030 or JSON escapes, in file or boxes."""
    hay = [recorded.file, *(payload for _, payload in recorded.messages), *boxes(recorded)]
    found = [
        form
        for card in people
        for text in (card.name, card.number, card.address)
        for form in disguises(text)
        if any(form in block for block in hay)
    ]
    assert found == []


def test_the_key_opens_every_citizen(recorded: Recorded, people: list[Card]) -> None:
    """The same capture, opened with the development key, contains each name and number."""
    seen = {(data["name"], data["number"]) for data in opened(recorded) if "number" in data}
    assert seen == {(card.name, card.number) for card in people}


def test_every_stored_fact_was_seen_on_the_line(recorded: Recorded) -> None:
    """What the centre stored is byte for byte what the observer saw."""
    assert recorded.stored
    assert set(recorded.stored) <= {payload for payload, _ in facts(recorded)}
