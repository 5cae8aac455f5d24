"""docs/contract says what the types say, and every type is in it."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from hal.events import envelope, facts, orders, status
from hal.events.facts import FACTS, Data, Placed
from hal.events.orders import Order

ROOT = Path(__file__).parents[4]
GENERATE = ROOT / "tests" / "contract_documents" / "generate.py"
SCHEMAS = ROOT / "docs" / "contract" / "schemas"
# Written out as the envelopes of each kind, or a base of payloads that is never sent.
WITHOUT_A_SCHEMA = {envelope.Fact, Order, Data, Placed}


def generate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(GENERATE), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))


def test_the_committed_documents_are_what_the_types_say() -> None:
    """A type that was changed without its document is found; the remedy is in the message."""
    done = generate()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_document_that_differs_is_named(tmp_path: Path) -> None:
    """Changed by hand, missing or left over: each is named, and `--write` mends all three."""
    folder = ("--dir", str(tmp_path))
    assert generate("--write", *folder).returncode == 0
    (tmp_path / "schemas" / "Receipt.json").write_text("{}")
    (tmp_path / "schemas" / "order.visit.open.json").unlink()
    (tmp_path / "schemas" / "Relic.json").write_text("{}")
    done = generate(*folder)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "schemas/Receipt.json",
        "schemas/Relic.json",
        "schemas/order.visit.open.json",
    ]
    assert generate("--write", *folder).returncode == 0
    assert generate(*folder).stdout == ""


def test_every_type_has_its_schema() -> None:
    """A message or payload added to hal.events without a place in the documents is found."""
    modules = (envelope, facts, orders, status)
    defined = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    }
    missing = [
        kind.__name__
        for kind in defined - WITHOUT_A_SCHEMA
        if not (SCHEMAS / f"{kind.__name__}.json").is_file()
    ]
    assert sorted(missing) == []


@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_has_its_envelope(kind: str) -> None:
    """Type, class and content type are fixed; personal data are a box and nothing else."""
    fields = schema(f"fact.{kind}")["properties"]
    personal = FACTS[kind].dataclass == "personal"
    payload = "SealedData" if personal else FACTS[kind].payload.__name__
    assert fields["type"] == {"enum": [f"cn.onewindow.{kind}.v1"]}
    assert fields["dataclass"] == {"enum": [FACTS[kind].dataclass]}
    assert fields["data"] == {"$ref": f"{payload}.json"}
    assert ("sealed" in fields["datacontenttype"]["enum"][0]) is personal


def test_the_topics_are_the_contracts() -> None:
    """Address, and who sends with which quality and whether it is retained."""
    document = yaml.safe_load((SCHEMAS.parent / "asyncapi.yaml").read_text("utf-8"))
    told = {}
    for name, operation in document["operations"].items():
        side, action, _ = name.split(".")
        if action == "send":
            channel = document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
            mqtt = operation["bindings"]["mqtt"]
            told[channel["address"]] = (side, mqtt["qos"], mqtt["retain"])
    branch = "hall/1/{site}/{terminal}"
    assert told == {
        f"{branch}/state": ("terminal", 1, True),
        f"{branch}/about": ("terminal", 1, True),
        f"{branch}/device/{{device}}": ("terminal", 1, True),
        f"{branch}/fact/{{device}}/{{name}}": ("terminal", 1, False),
        f"{branch}/health": ("terminal", 0, True),
        f"{branch}/log/{{level}}": ("terminal", 0, False),
        f"{branch}/order/{{device}}/{{verb}}": ("centre", 1, False),
        f"{branch}/receipt": ("centre", 1, False),
        "centre/1/state": ("centre", 1, True),
    }


def test_the_schemas_keep_to_draft_7() -> None:
    """AsyncAPI's own schemas are of draft 7: a word of a later one would be passed over."""
    later = {"prefixItems", "$defs", "unevaluatedProperties", "dependentRequired"}
    assert [
        path.name
        for path in SCHEMAS.iterdir()
        if any(f'"{word}"' in path.read_text("utf-8") for word in later)
    ] == []
