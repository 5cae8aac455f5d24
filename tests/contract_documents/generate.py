"""Writes docs/contract: the contract as AsyncAPI 3.0 and JSON Schema, from the types themselves.

Without `--write` it only compares, names each document that differs and ends with 1. Source of
the document's form: AsyncAPI 3.0.0; MQTT bindings 0.2.0; JSON Schema draft 7, on which AsyncAPI's
own schemas are built.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from channels import CHANNELS, OPERATIONS, SERVER
from messages import ORDERS, PLAIN_MESSAGES, fact_message, order_message

from hal.events.envelope import CONTENT_TYPE, fact_type
from hal.events.facts import FACTS

HERE = Path(__file__).resolve().parents[2] / "docs" / "contract"
DRAFT = "http://json-schema.org/draft-07/schema#"
JSON = "application/json"
INFO = {
    "title": "OneWindow (一窗): terminal and centre",
    "version": "1.0.0",
    "description": "What a window's terminal and the centre of its hall tell each other. Facts go"
    " up and are kept until a receipt comes; orders go down and are sent again until answered.",
    "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
}
Documents = dict[str, str]


class _Dumper(yaml.SafeDumper):
    """Says everything where it stands: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def types() -> dict[str, type[msgspec.Struct]]:
    """Every message and every payload, by the name of its schema."""
    named = {f"fact.{kind}": fact_message(kind) for kind in FACTS}
    named |= {f"order.{kind}": order_message(kind) for kind in ORDERS}
    payloads = [*(kind.payload for kind in FACTS.values()), *PLAIN_MESSAGES.values()]
    return named | {payload.__name__: payload for payload in payloads}


def schemas() -> dict[str, Any]:
    """Name → JSON Schema. Those that they refer to are among them."""
    _, components = msgspec.json.schema_components(types().values(), ref_template="{name}.json")
    return {name: {"$schema": DRAFT, **_plain(components[name])} for name in sorted(components)}


def _plain(schema: Any) -> Any:
    """Docstrings without their indentation, and pairs in words that draft 7 has too."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items()}
    if isinstance(plain.get("description"), str):
        plain["description"] = inspect.cleandoc(plain["description"])
    if "prefixItems" in plain:
        first, *others = plain.pop("prefixItems")
        assert all(other == first for other in others), "draft 7 has no word for such a tuple"
        plain["items"] = first
    return plain


def messages() -> dict[str, Any]:
    """The messages of the document, by their names."""
    found = {f"fact.{kind}": _fact(kind) for kind in FACTS}
    found |= {f"order.{kind}": _message(f"order.{kind}", JSON) for kind in ORDERS}
    for name, kind in PLAIN_MESSAGES.items():
        found[name] = _message(kind.__name__, JSON) | {"name": name}
    found["log"] = {
        "name": "log",
        "contentType": JSON,
        "summary": "One structured record; never personal data.",
        "payload": {},
    }
    return found


def _message(schema: str, content_type: str) -> dict[str, Any]:
    return {
        "name": schema,
        "contentType": content_type,
        "payload": {"$ref": f"./schemas/{schema}.json"},
    }


def _fact(kind: str) -> dict[str, Any]:
    message = _message(f"fact.{kind}", CONTENT_TYPE) | {"title": fact_type(*kind.split("."))}
    if FACTS[kind].dataclass == "personal":
        message["x-sealed-payload"] = {"$ref": f"./schemas/{FACTS[kind].payload.__name__}.json"}
    return message


def asyncapi() -> dict[str, Any]:
    """The whole document."""
    known = messages()
    channels = {name: _channel(channel, list(known)) for name, channel in CHANNELS.items()}
    return {
        "asyncapi": "3.0.0",
        "info": INFO,
        "defaultContentType": JSON,
        "servers": {"broker": SERVER},
        "channels": channels,
        "operations": OPERATIONS,
        "components": {
            "messages": known,
            "securitySchemes": {
                "certificate": {
                    "type": "X509",
                    "description": "A client certificate whose CN is the terminal's name.",
                }
            },
        },
    }


def _channel(channel: dict[str, Any], known: list[str]) -> dict[str, Any]:
    """A channel with its messages: those whose name is the channel's word, or begins with it."""
    word = channel["x-messages"]
    names = [each for each in known if each == word or each.startswith(f"{word}.")]
    rest = {key: value for key, value in channel.items() if key != "x-messages"}
    return rest | {"messages": {each: {"$ref": f"#/components/messages/{each}"} for each in names}}


def documents() -> Documents:
    """Path below docs/contract → text."""
    head = "# Made by tests/contract_documents/generate.py from the types in hal/events.\n"
    text = yaml.dump(asyncapi(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    made = {"asyncapi.yaml": head + text}
    for name, schema in schemas().items():
        made[f"schemas/{name}.json"] = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    return made


def differing(folder: Path, made: Documents) -> Iterator[str]:
    """What is missing, stale or left over in `folder`."""
    there = {"asyncapi.yaml", *(f"schemas/{path.name}" for path in folder.glob("schemas/*"))}
    for name in sorted(there | made.keys()):
        path = folder / name
        if not path.is_file() or made.get(name) != path.read_text("utf-8"):
            yield name


def write(folder: Path, made: Documents) -> None:
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    for name in differing(folder, made):
        if name in made:
            (folder / name).write_text(made[name], "utf-8")
        else:
            (folder / name).unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write what differs")
    parser.add_argument("--dir", type=Path, default=HERE, help="instead of docs/contract")
    options = parser.parse_args()
    made = documents()
    if options.write:
        write(options.dir, made)
    stale = list(differing(options.dir, made))
    for name in stale:
        print(f"{name} is not what the types say; run {Path(__file__).name} --write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
