"""Orders and receipts, held against JSON as the contract writes it."""

from typing import Any

import msgspec
import pytest

from hal.events.orders import (
    CancelRating,
    CentreState,
    CloseVisit,
    OpenVisit,
    Order,
    OrderError,
    Receipt,
    RequestRating,
    SetLights,
    decode,
    encode,
)

ORDER = (
    b'{"id":"01KAQN1B9G0V3Z8K5T7M2R4WXY","issued_at":"2026-11-23T08:15:02.000000+08:00",'
    b'"expires_at":"2026-11-23T08:16:02.000000+08:00","by":"teller",'
    b'"visit":"01KAQN0XF2B4D6F8H0K2N4Q6SV","data":{"request":"r1","timeout_s":20.0}}'
)


def test_an_order_is_the_contracts_json() -> None:
    """Its fields are read from literal bytes, and the same bytes come out again."""
    order = decode(ORDER, Order)
    assert order == Order(
        id="01KAQN1B9G0V3Z8K5T7M2R4WXY",
        issued_at="2026-11-23T08:15:02.000000+08:00",
        expires_at="2026-11-23T08:16:02.000000+08:00",
        by="teller",
        visit="01KAQN0XF2B4D6F8H0K2N4Q6SV",
        data=msgspec.Raw(b'{"request":"r1","timeout_s":20.0}'),
    )
    assert encode(order) == ORDER
    assert decode(order.data, RequestRating) == RequestRating(request="r1", timeout_s=20.0)


def test_an_order_may_be_of_no_visit_and_without_data() -> None:
    """Visit and data may be left out."""
    order = decode(b'{"id":"a","issued_at":"b","expires_at":"c","by":"admin"}', Order)
    assert (order.visit, bytes(order.data)) == (None, b"{}")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"ticket":"A001"}', OpenVisit(ticket="A001")),
        (b"{}", CloseVisit()),
        (b'{"request":"r1","timeout_s":20.0}', RequestRating(request="r1", timeout_s=20.0)),
        (b'{"request":"r1"}', CancelRating(request="r1")),
        (b'{"colour":"green","flash_rate":"slow"}', SetLights(colour="green", flash_rate="slow")),
        (
            b'{"epoch":"E1","committed":18342,"missing":[[18344,18350],[18352,18352]]}',
            Receipt(epoch="E1", committed=18342, missing=[(18344, 18350), (18352, 18352)]),
        ),
        (
            b'{"state":"ready","since":"2026-11-23T08:15:02.000000+08:00"}',
            CentreState(state="ready", since="2026-11-23T08:15:02.000000+08:00"),
        ),
    ],
)
def test_each_message_is_its_literal_json(body: bytes, message: msgspec.Struct) -> None:
    """Every verb's data, a receipt and the centre's state: literal bytes in, literal bytes out."""
    assert decode(body, type(message)) == message
    assert encode(message) == body


def test_a_receipt_may_carry_its_number_as_text() -> None:
    """64-bit numbers come as text in the envelope; a receipt that does the same is read."""
    assert decode(b'{"epoch":"E1","committed":"18342"}', Receipt).committed == 18342


def test_unknown_fields_are_ignored() -> None:
    """A later minor version adds fields to orders and receipts."""
    assert decode(b'{"epoch":"E1","committed":1,"hint":"later"}', Receipt).committed == 1
    assert decode(ORDER[:-1] + b',"priority":9}', Order) == decode(ORDER, Order)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", Order),
        (b"garbage", Order),
        (b"[]", Order),
        (b'{"id":"\xff"}', Order),
        (b'{"id":"a","issued_at":"b","expires_at":"c"}', Order),
        (b'{"epoch":"E1","committed":-1}', Receipt),
        (b'{"epoch":"E1","committed":1.5}', Receipt),
        (b'{"epoch":"E1","committed":1,"missing":[[1,2,3]]}', Receipt),
        (b'{"committed":1}', Receipt),
        (b'{"request":"r1","timeout_s":0}', RequestRating),
        (b'{"request":"r1","timeout_s":3601}', RequestRating),
        (b"{}", RequestRating),
        (b"{}", OpenVisit),
        (b'{"colour":"green"}', SetLights),
    ],
)
def test_other_bytes_are_refused(body: bytes, kind: Any) -> None:
    """Noise, a missing field, a negative count and a wait of zero seconds are OrderErrors."""
    with pytest.raises(OrderError):
        decode(body, kind)
