"""From bytes to a fact or to the reason why it is none."""

import json
from dataclasses import replace
from typing import Any

import pytest

from hal.events.facts import CardPresented, IdentityRead

TOPIC = "hall/1/pzh01/pzh01-w01/fact/card/presented"


def test_an_operational_fact_is_read(arrive: Any, wire: Any) -> None:
    """Who, what, where in the line, in which visit, and the payload."""
    sent = wire.fact(18342, visit="V1")
    arrived = arrive(sent)
    assert (arrived.reason, arrived.epoch, arrived.sequence) == (None, "E1", 18342)
    assert arrived.message.body == sent.body
    received = arrived.received
    assert (received.terminal, received.device, received.role, received.name, received.visit) == (
        "pzh01-w01",
        "card",
        "card",
        "presented",
        "V1",
    )
    assert (received.id, received.epoch, received.sequence) == (f"FACT{18342:022d}", "E1", 18342)
    assert received.data == CardPresented(slot="contact")


def test_a_personal_fact_is_opened(arrive: Any, wire: Any) -> None:
    """The box opens with the centre's key, and its payload is read."""
    arrived = arrive(wire.sealed(visit="V1"))
    assert arrived.reason is None
    assert arrived.received.data == IdentityRead(
        document="resident", name="示例人", number="11010519491231002X"
    )


def test_what_was_opened_is_not_in_what_is_stored(arrive: Any, wire: Any) -> None:
    """The message that goes into the database is the sealed one."""
    arrived = arrive(wire.sealed())
    assert "示例人".encode() not in arrived.message.body
    assert b"11010519491231002X" not in arrived.message.body


def test_a_fact_in_the_open_is_set_aside(arrive: Any, wire: Any) -> None:
    """A personal fact that is not sealed is never carried out, whatever it calls itself."""
    citizen = {"document": "resident", "name": "示例人", "number": "11010519491231002X"}
    sealed_type = "application/vnd.onewindow.sealed+json"
    disguises = [
        wire.fact(1, "identity.read", citizen),
        wire.fact(1, "identity.read", citizen, dataclass="personal"),
        wire.fact(1, "identity.read", citizen, dataclass="personal", datacontenttype=sealed_type),
    ]
    found = [arrive(each) for each in disguises]
    assert [each.reason for each in found] == ["wrong_dataclass", "bad_envelope", "unopenable"]
    assert [each.received for each in found] == [None, None, None]


def test_an_operational_fact_in_a_box_is_set_aside(arrive: Any, wire: Any) -> None:
    """What anybody may read must not come where nobody can."""
    assert arrive(wire.sealed(1, "card.presented", {"slot": "a"})).reason == "wrong_dataclass"


@pytest.mark.parametrize(
    ("topic", "fields", "reason"),
    [
        ("hall/1/pzh01/pzh01-w99/fact/card/presented", {}, "unregistered_terminal"),
        ("hall/1/pzh02/pzh01-w01/fact/card/presented", {}, "foreign_site"),
        (TOPIC, {"type": "cn.onewindow.card.presented.v2"}, "unknown_type"),
        (TOPIC, {"type": "cn.onewindow.slot.presented.v1"}, "unknown_type"),
        ("hall/1/pzh01/pzh01-w01/fact/card/removed", {}, "foreign_source"),
        ("hall/1/pzh01/pzh01-w01/fact/gun/presented", {}, "foreign_source"),
        ("hall/1/pzh01/pzh01-w01/fact/card", {}, "foreign_source"),
        (f"{TOPIC}/more", {}, "foreign_source"),
        (TOPIC, {"source": "/hall/1/pzh01/pzh01-w02/card"}, "foreign_source"),
        (TOPIC, {"data": {"slot": 5}}, "bad_data"),
        (TOPIC, {"data": {}}, "bad_data"),
    ],
)
def test_what_is_wrong_has_a_reason(
    arrive: Any, wire: Any, topic: str, fields: dict[str, Any], reason: str
) -> None:
    """It keeps its place in the line, so that it can be receipted, and is not carried out."""
    arrived = arrive(replace(wire.fact(7, **fields), topic=topic))
    assert (arrived.reason, arrived.received) == (reason, None)
    assert (arrived.epoch, arrived.sequence) == ("E1", 7)
    assert arrived.envelope is not None


@pytest.mark.parametrize("field", ["id", "epoch", "sequence", "time", "subject", "source"])
def test_a_box_moved_to_another_envelope_does_not_open(arrive: Any, wire: Any, field: str) -> None:
    """Every field that the box is bound to protects it: none of them can be exchanged."""
    other = {
        "id": "FACT0",
        "epoch": "E2",
        "sequence": "2",
        "time": "2026-11-23T08:15:03.123456+08:00",
        "subject": "visit/V2",
        "source": "/hall/1/pzh01/pzh01-w01/reader",
    }
    sent = wire.sealed(1, visit="V1")
    body = json.dumps(json.loads(sent.body) | {field: other[field]}).encode()
    topic = sent.topic.replace("identity", "reader") if field == "source" else sent.topic
    assert arrive(replace(sent, topic=topic, body=body)).reason == "unopenable"


@pytest.mark.parametrize(
    "data",
    [
        {"kid": "dev2", "box": "AAAA"},
        {"kid": "dev1", "box": "AAAA"},
        {"kid": "dev1", "box": ""},
        {"kid": "dev1", "box": "no+base64url/"},
        {"kid": "dev1"},
        "AAAA",
    ],
)
def test_a_box_that_is_none_is_set_aside(arrive: Any, wire: Any, data: object) -> None:
    """An unknown key, half a box, another alphabet, no box at all."""
    sent = wire.sealed()
    body = json.dumps(json.loads(sent.body) | {"data": data}).encode()
    assert arrive(replace(sent, body=body)).reason == "unopenable"


@pytest.mark.parametrize("data", [b"garbage", b"[]", b"{}", b'{"name":"\xff"}'])
def test_a_box_with_something_else_inside_is_set_aside(arrive: Any, wire: Any, data: bytes) -> None:
    """It opens, but what lies in it is not what such a fact carries."""
    assert arrive(wire.sealed(1, data=data)).reason == "bad_data"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", (None, None)),
        (b"garbage", (None, None)),
        (b'{"epoch":"E1","sequence":"7"', ("E1", 7)),
        (b'\xff\xfe "epoch" : "E1" , "sequence" : "7"', ("E1", 7)),
        (b'{"epoch":"E1","sequence":7}', (None, None)),
        (b'{"epoch":"E1","sequence":"0"}', (None, None)),
        (b'{"sequence":"7"}', (None, None)),
        (b'{"epoch":"E1"}', (None, None)),
        (b'{"epoch":"E1","sequence":"9999999999999999999"}', (None, None)),
    ],
)
def test_garbage_keeps_its_place_where_one_can_be_found(
    arrive: Any, wire: Any, body: bytes, place: tuple[str | None, int | None]
) -> None:
    """An envelope that cannot be read is receipted by what stands in it, or belongs to no line."""
    arrived = arrive(replace(wire.fact(), body=body))
    assert (arrived.reason, arrived.envelope, arrived.received) == ("bad_envelope", None, None)
    assert (arrived.epoch, arrived.sequence) == place
