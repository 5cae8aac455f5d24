"""What an observer of the line sees of the citizens: nothing, without the centre's key."""

import base64
import gzip
import json
import random
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from disguise import disguises, found
from jsonschema import Draft7Validator
from observed import box, facts, kind_of, messages, opened
from referencing import Registry
from referencing.jsonschema import DRAFT7

from sim.card import Card
from sim.people import citizens

OW_SIM = str(Path(sys.executable).parent / "ow-sim")
VISITS, SEED = 3, 11
DEADLINE_S = 110
SCHEMAS = Path(__file__).parents[2] / "docs" / "contract" / "schemas"
OTHERS = {
    "state": "TerminalState",
    "about": "About",
    "device": "DeviceStatus",
    "health": "Health",
    "log": "LogLine",
    "receipt": "Receipt",
}
"""Channel → schema of its messages; facts and orders have one for each kind."""


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


def test_the_search_finds_each_disguise() -> None:
    """The search below is not blind: a name is found in base64 at every offset, hex, UTF-16."""
    name = "贾示例"
    for offset in range(3):
        text = base64.urlsafe_b64encode(b"x" * offset + name.encode() + b"tail")
        assert any(form in text for form in disguises(name))
    for block in (name.encode("utf-16-le"), name.encode().hex().encode()):
        assert any(form in block for form in disguises(name))
    for text in (f"{name.encode('gb18030')!r}", json.dumps(name), quote(name)):
        assert found(disguises(name), {"log": text.encode()})


def test_the_search_looks_into_what_is_packed() -> None:
    """Also when other bytes stand before it, or its end is missing."""
    packed = gzip.compress("此人是贾示例。".encode() + random.Random(1).randbytes(9000))
    hay = {"whole": b"\x1f\x8b\x08" + packed, "torn": packed[:4000], "other": gzip.compress(b"")}
    assert {line.split(":")[0] for line in found(disguises("贾示例"), hay)} == {"whole", "torn"}


def test_no_name_and_no_number_stands_in_the_capture(
    recorded: Recorded, people: list[Card]
) -> None:
    """Neither as it is nor in base64, hex, UTF-16, GB 18030 or JSON escapes, in file or boxes."""
    hay = {"file": recorded.file}
    hay |= {f"{n} {topic}": payload for n, (topic, payload) in enumerate(recorded.messages)}
    hay |= {
        f"box {fact['id']}": box(fact)
        for _, fact in facts(recorded.messages)
        if fact["dataclass"] == "personal"
    }
    texts = [text for card in people for text in (card.name, card.number, card.address)]
    assert found({form for text in texts for form in disguises(text)}, hay) == []


def test_the_key_opens_every_citizen(recorded: Recorded, people: list[Card]) -> None:
    """The same capture, opened with the development key, contains each name and number."""
    seen = {
        (data["name"], data["number"])
        for data in opened(recorded.messages, recorded.key)
        if "number" in data
    }
    assert seen == {(card.name, card.number) for card in people}


def test_every_stored_fact_was_seen_on_the_line(recorded: Recorded) -> None:
    """What the centre stored is byte for byte what the observer saw."""
    assert recorded.stored
    assert set(recorded.stored) <= {payload for payload, _ in facts(recorded.messages)}


def roles(recorded: Recorded) -> dict[str, str]:
    """Device → role, as the terminals say in `about`; a device that is none is its own role."""
    told = [json.loads(body) for topic, body in recorded.messages if topic.endswith("/about")]
    return {each["device"]: each["role"] for about in told for each in about["devices"]}


def schema_of(topic: str, message: dict[str, Any], role: dict[str, str]) -> str:
    """The name of the schema that the contract's documents give a message."""
    channel, *rest = topic.split("/")[4:]
    if channel == "fact":
        return f"fact.{kind_of(message['type'])}"
    if channel == "order":
        return f"order.{role.get(rest[0], rest[0])}.{rest[1]}"
    return OTHERS[channel]


@pytest.fixture(scope="module")
def schemas() -> Registry[Any]:
    """docs/contract/schemas, each under its file's name."""
    files = [(path.name, json.loads(path.read_text("utf-8"))) for path in SCHEMAS.iterdir()]
    whole: Registry[Any] = Registry()
    return whole.with_resources((name, DRAFT7.create_resource(file)) for name, file in files)


def test_every_message_is_as_the_documents_say(recorded: Recorded, schemas: Registry[Any]) -> None:
    """Facts, orders, receipts and what is retained are valid under the published schemas."""
    told, wrong, role = set(), [], roles(recorded)
    for topic, payload in recorded.messages:
        message = json.loads(payload)
        name = schema_of(topic, message, role)
        told.add(topic.split("/")[4])
        validator = Draft7Validator({"$ref": f"{name}.json"}, registry=schemas)
        wrong += [f"{name}: {error.message}" for error in validator.iter_errors(message)]
    assert wrong == []
    assert told >= {"state", "about", "device", "health", "log", "fact", "order", "receipt"}


def test_what_is_in_the_boxes_is_as_the_documents_say(
    recorded: Recorded, schemas: Registry[Any]
) -> None:
    """The payload of a personal fact is valid under the schema of its kind."""
    document = yaml.safe_load((SCHEMAS.parent / "asyncapi.yaml").read_text("utf-8"))
    message = document["components"]["messages"]
    sealed = [
        fact["type"] for _, fact in facts(recorded.messages) if fact["dataclass"] == "personal"
    ]
    for type_, data in zip(sealed, opened(recorded.messages, recorded.key), strict=True):
        name = message[f"fact.{kind_of(type_)}"]["x-sealed-payload"]["$ref"].rpartition("/")[2]
        Draft7Validator({"$ref": name}, registry=schemas).validate(data)
    assert sealed


def test_the_cloudevents_sdk_reads_every_fact(recorded: Recorded) -> None:
    """Each is a valid CloudEvent 1.0 in the JSON format, and means to the SDK what it says."""
    seen = 0
    for payload, fact in facts(recorded.messages):
        event = JSONFormat().read(CloudEvent, payload)
        assert (event.get_id(), event.get_source(), event.get_type(), event.get_subject()) == (
            fact["id"],
            fact["source"],
            fact["type"],
            fact.get("subject"),
        )
        for name in ("sequence", "epoch", "boot", "mono", "clock", "dataclass"):
            assert event.get_extension(name) == fact[name]
        assert event.get_data() == fact["data"]
        seen += 1
    assert seen >= len(recorded.stored) > 0
