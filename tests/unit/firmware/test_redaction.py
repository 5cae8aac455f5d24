"""Nothing personal passes into a log line, and what technicians need does."""

import ast
from itertools import islice
from pathlib import Path

import pytest

from firmware.redaction import KEYS, plain, text
from hal.events.facts import IdentityRead
from sim.people import citizens

ROOT = Path(__file__).parents[3]
ULID = "01JD5Q00000000000000000000"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("device", "card", "card"),
        ("cause", "no answer within 2 s (errno 19)", "no answer within 2 s (errno 19)"),
        ("visit", ULID, ULID),
        ("picture", "12345678" * 8, "12345678" * 8),
        ("count", 12, 12),
        ("free", 58_000_000_000, 58_000_000_000),
        ("share", 0.25, 0.25),
        ("good", True, True),
        ("cause", None, None),
        ("file", Path("/var/lib/outbox.db"), "/var/lib/outbox.db"),
    ],
)
def test_what_the_program_says_is_told(key: str, value: object, told: object) -> None:
    """Names of ours, counts, reasons and moments pass."""
    assert plain(key, value) == told


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("cause", "110199198001010018", "‹str›"),
        ("cause", "read 11019919800101001X twice", "‹str›"),
        ("cause", "13800000000", "‹str›"),
        ("cause", "born 19800101", "‹str›"),
        ("cause", "name 贾示安", "‹str›"),
        ("cause", "𠮷", "‹str›"),
        ("cause", "x" * 201, "‹str›"),
        ("holder", "JIA SHIAN", "‹str›"),
        ("count", 110199198001010018, "‹int›"),
        ("cause", b"\x01\x02", "‹bytes›"),
        ("cause", ValueError("110199198001010018"), "‹ValueError›"),
        ("cause", ["贾示安"], "‹list›"),
        ("cause", {"name": "贾示安"}, "‹dict›"),
        (
            "cause",
            IdentityRead(document="resident", name="贾示安", number="110199198001010018"),
            "‹IdentityRead›",
        ),
    ],
)
def test_what_could_be_a_person_is_not(key: str, value: object, told: str) -> None:
    """Numbers and names are replaced by what type they were; so is whatever is no plain value."""
    assert plain(key, value) == told


def test_none_of_the_invented_people_passes() -> None:
    """Name, number, birth date and address of 200 people are replaced, alone and in a sentence."""
    for card in islice(citizens(4), 200):
        for field in (card.name, card.number, card.birth, card.address):
            assert text(field) == text(f"cannot take {field!r} here") == "‹str›"


def _keys(path: Path) -> set[str]:
    """The keys of every `extra={…}` in a source file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "extra"
            and isinstance(node.value, ast.Dict)
        ):
            found |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    return {str(key) for key in found}


def test_the_keys_that_are_used_are_known() -> None:
    """Every text that firmware and drivers log beside a sentence has a key that may be told."""
    counts = {"after_s", "bytes", "characters", "count", "depth", "free_bytes"}
    counts |= {"skipped", "waiting"}
    sources = [*(ROOT / "firmware").rglob("*.py"), *(ROOT / "drivers").rglob("*.py")]
    unknown = {f"{path.name}: {key}" for path in sources for key in _keys(path) - KEYS - counts}
    assert unknown == set()
