"""What facts carry, held against literal JSON and the contract's table ("Facts")."""

from typing import Any

import msgspec
import pytest

from hal.events.envelope import EnvelopeError
from hal.events.facts import (
    FACTS,
    CardPresented,
    CardRead,
    CodeScanned,
    Data,
    DeviceChanged,
    DeviceRecovery,
    DocumentCaptured,
    IdentityRead,
    KeyPressed,
    OrderDone,
    OrderRefused,
    Page,
    RatingExpired,
    RatingGiven,
    SlipPrinted,
    TerminalChanged,
    TicketIssued,
    decode_data,
)

OPERATIONAL = [
    "card.presented",
    "card.removed",
    "card.left",
    "rating.given",
    "rating.expired",
    "key.pressed",
    "slip.printed",
    "sheet.expired",
    "ticket.issued",
    "visit.opened",
    "visit.closed",
    "order.done",
    "order.refused",
    "device.lost",
    "device.returned",
    "device.degraded",
    "device.recovery",
    "terminal.started",
    "terminal.stopping",
    "terminal.updated",
]
PERSONAL = [
    "card.read",
    "identity.read",
    "code.scanned",
    "document.captured",
    "sheet.confirmed",
    "sheet.disputed",
    "signature.given",
]
PAGE = (
    b'{"hash":"ab","size_bytes":1000,"width_px":1654,"height_px":2339,"dpi":200.0,'
    b'"sharpness":0.75,"glare":0.0,"skew_deg":-1.5,"verdict":"good"}'
)
LITERAL: list[tuple[str, bytes, Data]] = [
    (
        "card.presented",
        b'{"slot":"contact","atr_family":"pboc"}',
        CardPresented(slot="contact", atr_family="pboc"),
    ),
    (
        "card.read",
        b'{"case":"c1","party":"agent","name":"\xe5\xbc\xa0\xe4\xb8\x89","withheld":["5A"]}',
        CardRead(case="c1", party="agent", name="张三", withheld=["5A"]),
    ),
    (
        "identity.read",
        b'{"document":"resident","name":"\xe5\xbc\xa0\xe4\xb8\x89","number":"11010519491231002X",'
        b'"valid_until":"long","number_valid":true,"expired":false}',
        IdentityRead(
            document="resident",
            name="张三",
            number="11010519491231002X",
            valid_until="long",
            number_valid=True,
            expired=False,
        ),
    ),
    (
        "code.scanned",
        b'{"kind":"ticket","integrity":"dropped","text":"OW1:","aim_id":"]C0"}',
        CodeScanned(kind="ticket", integrity="dropped", text="OW1:", aim_id="]C0"),
    ),
    (
        "document.captured",
        b'{"document":"d1","pages":[' + PAGE + b"]}",
        DocumentCaptured(
            document="d1",
            pages=[
                Page(
                    hash="ab",
                    size_bytes=1000,
                    width_px=1654,
                    height_px=2339,
                    dpi=200.0,
                    sharpness=0.75,
                    glare=0.0,
                    skew_deg=-1.5,
                    verdict="good",
                )
            ],
        ),
    ),
    (
        "rating.given",
        b'{"request":"r1","level":5,"raw_key":"gpio26","latency_ms":3200,"replaces":1}',
        RatingGiven(request="r1", level=5, raw_key="gpio26", latency_ms=3200, replaces=1),
    ),
    ("rating.expired", b'{"request":"r1"}', RatingExpired(request="r1")),
    ("key.pressed", b'{"key":"call_next"}', KeyPressed(key="call_next")),
    (
        "slip.printed",
        b'{"slip":"s1","kind":"receipt","copies":2,"verdict":"unknown"}',
        SlipPrinted(slip="s1", kind="receipt", copies=2, verdict="unknown"),
    ),
    (
        "ticket.issued",
        b'{"ticket":"t1","number":"L001","lane":"L","day":"2026-11-25"}',
        TicketIssued(ticket="t1", number="L001", lane="L", day="2026-11-25"),
    ),
    ("order.done", b'{"order":"o1"}', OrderDone(order="o1")),
    (
        "order.refused",
        b'{"order":"o1","reason":"wrong_visit"}',
        OrderRefused(order="o1", reason="wrong_visit"),
    ),
    (
        "device.lost",
        b'{"state":"no_device","cause":"unplugged","remedy":"reset"}',
        DeviceChanged(state="no_device", cause="unplugged", remedy="reset"),
    ),
    (
        "device.recovery",
        b'{"rung":"power_cycle","state":"offline","cause":"hangs","remedy":"maintain"}',
        DeviceRecovery(rung="power_cycle", state="offline", cause="hangs", remedy="maintain"),
    ),
    (
        "terminal.started",
        b'{"version":"0.1.0","epoch":"E1","outbox_depth":0,"why":"power"}',
        TerminalChanged(version="0.1.0", epoch="E1", outbox_depth=0, why="power"),
    ),
]


def test_the_vocabulary_is_the_contracts() -> None:
    """Every fact of the contract's table with its class, and no other."""
    expected = dict.fromkeys(OPERATIONAL, "operational") | dict.fromkeys(PERSONAL, "personal")
    assert {kind: FACTS[kind].dataclass for kind in FACTS} == expected


@pytest.mark.parametrize(("kind", "body", "data"), LITERAL, ids=[each[0] for each in LITERAL])
def test_a_payload_is_its_literal_json(kind: str, body: bytes, data: Data) -> None:
    """The contract's field names, in the bytes and in our types; absent fields are not written."""
    assert decode_data(kind, body) == data
    assert msgspec.json.encode(data) == body


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (
            "card.read",
            "case party scheme generation card_number social_security_number name name_extension"
            " sex nation birth_date birthplace issuer issued_on valid_until area_code withheld",
        ),
        (
            "identity.read",
            "case party document name number birth_date valid_from valid_until number_valid expired"
            " fingerprint_present photo_hash sex nation address issuer name_foreign nationality"
            " pass_number issue_count version linked_number new_address photo",
        ),
        ("code.scanned", "case party kind integrity symbology text bytes_hex aim_id"),
        ("document.captured", "case party document pages codes"),
        ("sheet.confirmed", "case party shown_hash"),
        ("signature.given", "case party shown_hash strokes_hash picture size_bytes"),
    ],
)
def test_personal_payloads_have_these_fields(kind: str, named: str) -> None:
    """A field is neither lost nor renamed: sealed facts are read years later."""
    assert [each.encode_name for each in msgspec.structs.fields(FACTS[kind].payload)] == (
        named.split()
    )


def test_unknown_fields_are_ignored() -> None:
    """A terminal of a later minor version tells more than this centre knows."""
    later = b'{"request":"r1","mood":"fine","nested":{"a":[1]}}'
    assert decode_data("rating.expired", later) == RatingExpired(request="r1")


@pytest.mark.parametrize("kind", ["card.eaten", "read", "", "identity.read.v1"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    """EnvelopeError names the kind that nobody knows."""
    with pytest.raises(EnvelopeError, match="no fact is called"):
        decode_data(kind, b"{}")


BAD: list[tuple[str, bytes, str]] = [
    ("rating.given", b'{"request":"r1","level":0}', "level"),
    ("rating.given", b'{"request":"r1","level":6}', "level"),
    ("rating.given", b'{"request":"r1","level":"5"}', "level"),
    ("rating.given", b'{"level":5}', "request"),
    ("rating.given", b'{"request":"r1","level":5,"latency_ms":-1}', "latency_ms"),
    ("key.pressed", b'{"key":"escape"}', "escape"),
    ("card.read", b'{"party":"stranger"}', "stranger"),
    ("identity.read", b'{"document":"passport","name":"a","number":"b"}', "passport"),
    ("slip.printed", b'{"slip":"s","kind":"k","copies":-1,"verdict":"printed"}', "copies"),
    ("order.refused", b'{"order":"o","reason":"bored"}', "bored"),
    ("card.removed", b"garbage", "malformed"),
    ("card.removed", b"", "truncated"),
    ("card.removed", b'{"slot":"\xff"}', "utf-8"),
    ("card.removed", b"[]", "array"),
]


@pytest.mark.parametrize(("kind", "body", "why"), BAD)
def test_a_payload_of_another_form_is_refused(kind: str, body: bytes, why: str) -> None:
    """EnvelopeError names the kind of fact, and the field or value that is wrong."""
    with pytest.raises(EnvelopeError) as caught:
        decode_data(kind, body)
    assert str(caught.value).startswith(f"{kind}: ")
    assert why in str(caught.value)


@pytest.mark.parametrize("kind", FACTS)
def test_payloads_cannot_be_changed(kind: str) -> None:
    """A fact happened; nobody edits it on its way."""
    payload: Any = FACTS[kind].payload
    assert payload.__struct_config__.frozen
