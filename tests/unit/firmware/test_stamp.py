"""From a draft to the bytes on the wire."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidTag

from firmware.stamp import Draft, Stamp
from hal.events.envelope import Fact, SealedData, decode_fact
from hal.events.facts import IdentityRead, RatingGiven
from hal.events.ids import is_ulid

Open = Callable[[Fact, SealedData], bytes]
CARD = IdentityRead(document="resident", name="示例人", number="11010519491231002X")
RATING = RatingGiven(request="r1", level=5)


def test_an_operational_fact_is_the_contracts_envelope(stamp: Stamp, clock: Any) -> None:
    """Every attribute of the contract is there, in its form; no visit, no subject."""
    clock.pass_s(1.5)
    topic, body = stamp.writer("epoch-1")(Draft("pad", "rating", "given", RATING), 7)
    told = json.loads(body)
    assert topic == "hall/1/pzh01/pzh01-w03/fact/pad/given"
    assert is_ulid(told.pop("id"))
    assert told == {
        "specversion": "1.0",
        "source": "/hall/1/pzh01/pzh01-w03/pad",
        "type": "cn.onewindow.rating.given.v1",
        "time": "2026-11-23T08:00:01.500000+00:00",
        "datacontenttype": "application/json",
        "sequence": "7",
        "epoch": "epoch-1",
        "boot": stamp.boot,
        "mono": "1500000000",
        "clock": "synced",
        "dataclass": "operational",
        "data": {"request": "r1", "level": 5},
    }


def test_a_personal_fact_is_sealed_to_the_centre(stamp: Stamp, open_box: Open) -> None:
    """Neither name nor number stands in the bytes; the centre's key opens them unchanged."""
    _, body = stamp.writer("e")(Draft("identity", "identity", "read", CARD, visit="01V"), 1)
    fact = decode_fact(body)
    assert fact.subject == "visit/01V"
    assert fact.dataclass == "personal"
    assert fact.datacontenttype == "application/vnd.onewindow.sealed+json"
    assert "示例人".encode() not in body
    assert b"11010519491231002X" not in body
    sealed = msgspec.json.decode(fact.data, type=SealedData)
    assert sealed.kid == "dev1"
    assert msgspec.json.decode(open_box(fact, sealed), type=IdentityRead) == CARD


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "/hall/1/pzh01/pzh01-w04/identity"},
        {"type": "cn.onewindow.card.read.v1"},
        {"id": "01K"},
        {"epoch": "other"},
        {"sequence": "2"},
        {"subject": "visit/01W"},
        {"subject": None},
        {"time": "2026-11-23T08:00:00.000001+00:00"},
    ],
)
def test_a_box_does_not_open_in_another_envelope(
    stamp: Stamp, open_box: Open, changed: dict[str, str | None]
) -> None:
    """Whoever moves a box to another visit, terminal or place in the line makes it unreadable."""
    _, body = stamp.writer("e")(Draft("identity", "identity", "read", CARD, visit="01V"), 1)
    fact = decode_fact(body)
    moved = msgspec.structs.replace(fact, **changed)
    with pytest.raises(InvalidTag):
        open_box(moved, msgspec.json.decode(fact.data, type=SealedData))
