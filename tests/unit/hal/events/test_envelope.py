"""The envelope, held against JSON as the contract writes it ("A fact")."""

import json
from typing import Any

import msgspec
import pytest

from hal.events.envelope import (
    EnvelopeError,
    Fact,
    decode_fact,
    encode_fact,
    fact_type,
    info_of,
    seal_info,
    split_type,
)

FACT = (
    '{"specversion":"1.0","id":"01KAQN1B9G0V3Z8K5T7M2R4WXY",'
    '"source":"/hall/1/pzh01/pzh01-w03/card","type":"cn.onewindow.card.presented.v1",'
    '"time":"2026-11-23T08:15:02.123456+08:00","subject":"visit/01KAQN0XF2B4D6F8H0K2N4Q6SV",'
    '"datacontenttype":"application/json","sequence":"18342","epoch":"01KAQMZZ7A4C6E8G9J2M5P7RST",'
    '"boot":"01KAQMZZ80B2D4F6H8K0N2Q4SV","mono":"123456789012","clock":"synced",'
    '"dataclass":"operational","data":{"slot":"contact"}}'
)
SEALED_TYPE = "application/vnd.onewindow.sealed+json"
INT64_MAX = "9223372036854775807"


def altered(**fields: Any) -> bytes:
    """The fact above with other fields; None takes one out."""
    whole = json.loads(FACT) | fields
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode()


def test_every_field_of_the_contracts_json_is_read() -> None:
    """A fact as the contract writes it means what the contract says."""
    assert decode_fact(FACT.encode()) == Fact(
        specversion="1.0",
        id="01KAQN1B9G0V3Z8K5T7M2R4WXY",
        source="/hall/1/pzh01/pzh01-w03/card",
        type="cn.onewindow.card.presented.v1",
        time="2026-11-23T08:15:02.123456+08:00",
        subject="visit/01KAQN0XF2B4D6F8H0K2N4Q6SV",
        datacontenttype="application/json",
        sequence="18342",
        epoch="01KAQMZZ7A4C6E8G9J2M5P7RST",
        boot="01KAQMZZ80B2D4F6H8K0N2Q4SV",
        mono="123456789012",
        clock="synced",
        dataclass="operational",
        data=msgspec.Raw(b'{"slot":"contact"}'),
    )


def test_the_bytes_are_the_contracts_json() -> None:
    """What goes over the wire has the contract's names, in its order, and nothing else."""
    assert encode_fact(decode_fact(FACT.encode())) == FACT.encode()


def test_number_and_visit_are_read_from_their_texts() -> None:
    """The sequence counts as a number, and the subject names the visit."""
    fact = decode_fact(FACT.encode())
    assert (fact.number, fact.visit) == (18342, "01KAQN0XF2B4D6F8H0K2N4Q6SV")


def test_a_fact_without_a_visit_has_no_subject() -> None:
    """No visit open: neither subject nor visit, and no `subject` in the bytes."""
    fact = decode_fact(altered(subject=None))
    assert (fact.subject, fact.visit) == (None, None)
    assert b"subject" not in encode_fact(fact)


def test_unknown_fields_are_ignored() -> None:
    """A later minor version adds fields; this one reads the rest as before."""
    assert decode_fact(altered(traceparent="00-1", priority=3)) == decode_fact(altered())


@pytest.mark.parametrize(
    ("field", "value"), [("sequence", INT64_MAX), ("mono", INT64_MAX), ("mono", "0")]
)
def test_numbers_up_to_64_bits_are_read(field: str, value: str) -> None:
    """The largest signed 64-bit number is a sequence and a moment; zero is a moment."""
    assert getattr(decode_fact(altered(**{field: value})), field) == value


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"sequence": "9223372036854775808"}, "sequence is not a 64-bit number as text"),
        ({"mono": "9223372036854775808"}, "mono is not a 64-bit number as text"),
        ({"sequence": "0"}, "sequence starts at 1"),
        ({"sequence": "-1"}, "sequence is not a 64-bit number as text"),
        ({"sequence": "+1"}, "sequence is not a 64-bit number as text"),
        ({"sequence": "1_0"}, "sequence is not a 64-bit number as text"),
        ({"sequence": "１８"}, "sequence is not a 64-bit number as text"),
        ({"sequence": "18342\n"}, "sequence is not a 64-bit number as text"),
        ({"sequence": ""}, "sequence is not a 64-bit number as text"),
        ({"sequence": 18342}, "Expected `str`, got `int` - at `$.sequence`"),
        ({"id": ""}, "id, epoch, boot and time must not be empty"),
        ({"epoch": ""}, "id, epoch, boot and time must not be empty"),
        ({"boot": ""}, "id, epoch, boot and time must not be empty"),
        ({"time": ""}, "id, epoch, boot and time must not be empty"),
        ({"id": None}, "missing required field `id`"),
        ({"data": None}, "missing required field `data`"),
        ({"specversion": "0.3"}, "Invalid enum value '0.3'"),
        ({"clock": "guessed"}, "Invalid enum value 'guessed'"),
        ({"dataclass": "secret"}, "Invalid enum value 'secret'"),
        ({"subject": "case/1"}, "subject must be visit/{id}, or be left out"),
        ({"dataclass": "personal"}, f"a fact of class personal must be {SEALED_TYPE}"),
        ({"datacontenttype": SEALED_TYPE}, "a fact of class operational must be application/json"),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, Any], why: str) -> None:
    """Each breach of the contract is an EnvelopeError whose text names it."""
    with pytest.raises(EnvelopeError) as caught:
        decode_fact(altered(**fields))
    assert why in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"garbage", b"[]", b"null", b'"\xff"', FACT.encode()[:-1]])
def test_no_json_object_is_no_fact(body: bytes) -> None:
    """Noise, another type of JSON, broken UTF-8 and half a fact are EnvelopeErrors."""
    with pytest.raises(EnvelopeError):
        decode_fact(body)


def test_types_are_built_and_taken_apart() -> None:
    """`cn.onewindow.{role}.{name}.v1`, both ways."""
    assert fact_type("identity", "read") == "cn.onewindow.identity.read.v1"
    assert split_type("cn.onewindow.terminal.started.v1") == ("terminal", "started")


@pytest.mark.parametrize(
    "text",
    [
        "cn.onewindow.card.read.v2",
        "cn.onewindow.card.read",
        "cn.onewindow.card.read.v1.extra",
        "cn_onewindow.card.read.v1",
        "cn.onewindow.card.read.v1\n",
        "cn.onewindow.Card.read.v1",
        "",
    ],
)
def test_other_types_are_refused(text: str) -> None:
    """Another version, another owner or another form is no type of this contract."""
    with pytest.raises(EnvelopeError):
        split_type(text)


def test_the_seal_is_bound_to_these_bytes() -> None:
    """The HPKE info is UTF-8: eight texts in the contract's order, joined by newlines."""
    assert seal_info(
        source="/hall/1/pzh01/pzh01-w03/card",
        type="cn.onewindow.card.read.v1",
        id="01KAQN1B9G0V3Z8K5T7M2R4WXY",
        epoch="01KAQMZZ7A4C6E8G9J2M5P7RST",
        sequence="18342",
        subject="visit/01KAQN0XF2B4D6F8H0K2N4Q6SV",
        time="2026-11-23T08:15:02.123456+08:00",
    ) == (
        b"onewindow/1\n/hall/1/pzh01/pzh01-w03/card\ncn.onewindow.card.read.v1\n"
        b"01KAQN1B9G0V3Z8K5T7M2R4WXY\n01KAQMZZ7A4C6E8G9J2M5P7RST\n18342\n"
        b"visit/01KAQN0XF2B4D6F8H0K2N4Q6SV\n2026-11-23T08:15:02.123456+08:00"
    )


def test_an_absent_subject_leaves_its_line_empty() -> None:
    """Without a visit the info of a fact has an empty line in the subject's place."""
    assert info_of(decode_fact(altered(subject=None))) == (
        b"onewindow/1\n/hall/1/pzh01/pzh01-w03/card\ncn.onewindow.card.presented.v1\n"
        b"01KAQN1B9G0V3Z8K5T7M2R4WXY\n01KAQMZZ7A4C6E8G9J2M5P7RST\n18342\n\n"
        b"2026-11-23T08:15:02.123456+08:00"
    )
