"""The contract's document, read by AsyncAPI's own parser, which is written in JavaScript."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hal.events.facts import FACTS

ROOT = Path(__file__).parents[2]
NPM = ROOT / "tests" / "npm"
INSTALL_S, PARSE_S = 110, 60
INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
ERROR = 0
"""The gravest of a diagnostic's severities; 1 is a warning, 2 information, 3 a hint."""


@pytest.fixture(scope="module")
def parser() -> Path:
    """The script that parses, its pinned packages installed beside it."""
    if not (NPM / "node_modules" / "@asyncapi" / "parser").is_dir():
        subprocess.run(INSTALL, cwd=NPM, timeout=INSTALL_S, check=True)
    return NPM / "parse.js"


def parse(parser: Path, document: Path) -> Any:
    command = ["node", str(parser), str(document)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PARSE_S, check=True)
    return json.loads(done.stdout)


def errors(parsed: Any) -> list[Any]:
    return [each for each in parsed["diagnostics"] if each["severity"] == ERROR]


def test_the_parser_finds_no_error(parser: Path) -> None:
    """The document is AsyncAPI 3.0, and every fact's message is in it with a schema."""
    parsed = parse(parser, ROOT / "docs" / "contract" / "asyncapi.yaml")
    assert errors(parsed) == []
    document = parsed["document"]
    assert document["version"] == "3.0.0"
    assert {f"fact.{kind}" for kind in FACTS} <= set(document["messages"])
    assert len(document["channels"]) == 9
    assert len(document["operations"]) == 18


def test_the_parser_follows_the_references(parser: Path) -> None:
    """The schemas in the files beside the document are read, down to the payload of a fact."""
    parsed = parse(parser, ROOT / "docs" / "contract" / "asyncapi.yaml")["document"]
    payloads = dict(zip(parsed["messages"], parsed["payloads"], strict=True))
    data = payloads["fact.rating.given"]["properties"]["data"]
    assert (data["properties"]["level"]["minimum"], data["properties"]["level"]["maximum"]) == (
        1,
        5,
    )


def test_an_error_would_be_found(parser: Path, tmp_path: Path) -> None:
    """A document whose channel refers to nothing, and one with a misspelt word."""
    head = "asyncapi: 3.0.0\ninfo: {title: x, version: '1'}\n"
    path = tmp_path / "asyncapi.yaml"
    for body in (
        "channels: {a: {address: a, messages: {m: {$ref: './gone.json'}}}}\n",
        "channels: {a: {adress: a}}\n",
    ):
        path.write_text(head + body)
        assert errors(parse(parser, path))


def test_the_lock_file_names_no_host() -> None:
    """The packages come from whatever registry the machine is set to, and are known by hash."""
    lock = json.loads((NPM / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
