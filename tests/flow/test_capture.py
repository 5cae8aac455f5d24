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
import yaml
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from sim.card import Card
from sim.people import citizens

OW_SIM = str(Path(sys.executable).parent / "ow-sim")
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
VISITS, SEED = 3, 11
DEADLINE_S = 110
SHORTEST_NEEDLE = 6
SCHEMAS = Path(__file__).parents[2] / "docs" / "contract" / "schemas"
OTHERS = {
    "state": "TerminalState",
    "about": "About",
    "device": "DeviceStatus",
    "health": "Health",
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


def kind_of(type_: str) -> str:
    return type_.removeprefix("cn.onewindow.").removesuffix(".v1")


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
    assert told >= {"state", "about", "device", "health", "fact", "order", "receipt"}


def test_what_is_in_the_boxes_is_as_the_documents_say(
    recorded: Recorded, schemas: Registry[Any]
) -> None:
    """The payload of a personal fact is valid under the schema of its kind."""
    document = yaml.safe_load((SCHEMAS.parent / "asyncapi.yaml").read_text("utf-8"))
    message = document["components"]["messages"]
    sealed = [fact["type"] for _, fact in facts(recorded) if fact["dataclass"] == "personal"]
    for type_, data in zip(sealed, opened(recorded), strict=True):
        name = message[f"fact.{kind_of(type_)}"]["x-sealed-payload"]["$ref"].rpartition("/")[2]
        Draft7Validator({"$ref": name}, registry=schemas).validate(data)
    assert sealed


def test_the_cloudevents_sdk_reads_every_fact(recorded: Recorded) -> None:
    """Each is a valid CloudEvent 1.0 in the JSON format, and means to the SDK what it says."""
    seen = 0
    for payload, fact in facts(recorded):
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
