"""Orders as they come from the broker: read, checked, answered."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firmware.orders import Answer, Orders
from firmware.session import State, Visit
from hal.events.facts import OrderDone, OrderRefused

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ORDERS = Orders({"reader": "identity", "pad": "rating", "lights": "lamp"})
OPEN = State(visit=Visit("v1", "A001"))


def order(**changed: Any) -> bytes:
    body = {
        "id": "o1",
        "issued_at": NOW.isoformat(),
        "expires_at": (NOW + timedelta(minutes=1)).isoformat(),
        "by": "teller",
        "visit": "v1",
        "data": {"request": "r1", "timeout_s": 30},
    }
    return json.dumps({**body, **changed}).encode()


def answer(device: str, verb: str, body: bytes, state: State = OPEN) -> Answer:
    given = ORDERS.answer(device, verb, body, state, NOW, now_s=5.0)
    assert given is not None
    return given


def refusal(device: str, verb: str, body: bytes) -> str:
    given = answer(device, verb, body)
    assert given.outcome.state == OPEN
    (fact,) = given.outcome.facts
    assert (fact.device, fact.role, fact.name) == (device, "order", "refused")
    assert isinstance(fact.data, OrderRefused)
    assert fact.data.order == "o1"
    return fact.data.reason


@pytest.mark.parametrize("device", ["pad", "rating"])
def test_a_device_is_called_by_its_name_or_its_role(device: str) -> None:
    """The order is carried out, and its answer is a fact of the device it named."""
    given = answer(device, "request", order())
    assert given.outcome.state.visit is not None
    assert given.outcome.state.visit.rating is not None
    assert given.order == "o1"
    assert [(fact.device, fact.name, fact.data) for fact in given.outcome.facts] == [
        (device, "done", OrderDone(order="o1"))
    ]


def test_an_order_is_remembered_a_day_past_its_end() -> None:
    """The broker may hold a repeat back for as long as our session lives."""
    end_s = (NOW + timedelta(minutes=1)).timestamp()
    assert answer("pad", "request", order()).forget_at_s == end_s + 86_400


@pytest.mark.parametrize(
    ("device", "verb", "changed", "reason"),
    [
        ("pad", "request", {"expires_at": NOW.isoformat()}, "expired"),
        ("pad", "request", {"expires_at": "tomorrow"}, "invalid"),
        ("pad", "request", {"expires_at": "2026-11-23T09:00:00"}, "invalid"),
        ("pad", "request", {"data": {}}, "invalid"),
        ("pad", "request", {"data": {"request": "r1", "timeout_s": -1}}, "invalid"),
        ("pad", "request", {"visit": None}, "invalid"),
        ("pad", "request", {"visit": "v2"}, "wrong_visit"),
        ("pad", "dance", {}, "unknown_verb"),
        ("reader", "read", {}, "unknown_verb"),
        ("display", "show", {}, "unknown_device"),
        ("visit", "extend", {}, "unknown_verb"),
        ("terminal", "dance", {}, "unknown_verb"),
        ("terminal", "pause", {}, "busy"),
        ("terminal", "reserve", {"data": {"lane": "AA"}}, "invalid"),
        ("voice", "announce", {"data": {"text": "x"}}, "unknown_device"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_a_reason(
    device: str, verb: str, changed: dict[str, Any], reason: str
) -> None:
    """The centre learns why, and the window goes on as it was."""
    assert refusal(device, verb, order(**changed)) == reason


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"id": 1}', b"[]"])
def test_a_message_without_an_id_has_no_answer(body: bytes) -> None:
    """Garbage changes nothing and stops nothing."""
    assert ORDERS.answer("pad", "request", body, OPEN, NOW, 5.0) is None


def test_without_a_clock_the_broker_says_what_has_expired() -> None:
    """What it delivers is carried out, but an order must still say until when it counts."""
    late = order(expires_at=(NOW - timedelta(days=3650)).isoformat())
    given = ORDERS.answer("pad", "request", late, OPEN, NOW, 5.0, clock_known=False)
    assert given is not None
    assert [fact.name for fact in given.outcome.facts] == ["done"]
    never = order(expires_at="tomorrow")
    given = ORDERS.answer("pad", "request", never, OPEN, NOW, 5.0, clock_known=False)
    assert given is not None
    assert [fact.name for fact in given.outcome.facts] == ["refused"]


@pytest.mark.parametrize("device", ["speaker", "voice"])
def test_orders_of_the_window_itself_need_no_visit(device: str) -> None:
    """Their answers are bound to nobody."""
    orders = Orders({"speaker": "voice"})
    body = order(visit=None, data={"text": "请稍候"})
    given = orders.answer(device, "announce", body, OPEN, NOW, 5.0)
    assert given is not None
    (fact,) = given.outcome.facts
    assert (fact.device, fact.name, fact.visit) == (device, "done", None)


WINDOW = [
    *("terminal/configure", "terminal/identify", "terminal/pause", "terminal/reserve"),
    *("terminal/resume", "visit/close", "visit/open", "visit/party"),
]


def test_the_window_says_which_orders_it_understands() -> None:
    """By the names of its own devices; without a pad there is nothing to rate with."""
    assert ORDERS.understood() == ["lights/set", "pad/cancel", "pad/request", *WINDOW]
    assert Orders({}).understood() == WINDOW
    assert Orders({"speaker": "voice"}).understood() == ["speaker/announce", *WINDOW]
    of_camera = ["camera/capture", "camera/preview"]
    assert Orders({"camera": "document"}).understood() == [*of_camera, *WINDOW]


def test_a_keypad_that_rates_is_the_pad_where_there_is_none() -> None:
    """It is asked by its own name or as the pad, and the window says so; a real pad goes first."""
    keypads = {"buttons": "key", "keypad": "key"}
    orders = Orders(keypads, raters=["keypad"])
    assert orders.pad == "keypad"
    assert [each for each in orders.understood() if each not in WINDOW] == [
        "keypad/cancel", "keypad/request",
    ]  # fmt: skip
    for name in ("keypad", "rating"):
        given = orders.answer(name, "request", order(), OPEN, NOW, 5.0)
        assert given is not None
        assert [fact.name for fact in given.outcome.facts] == ["done"]
    assert Orders({**keypads, "pad": "rating"}, raters=["keypad"]).pad == "pad"
    assert Orders(keypads).understood() == WINDOW


@pytest.mark.parametrize("colour", ["red", "yellow", "green"])
@pytest.mark.parametrize("rate", ["off", "slow", "medium", "quick", "continuous"])
def test_a_light_is_set_by_its_colour_and_rate(colour: str, rate: str) -> None:
    """All words of XFS for the rate are taken, with or without a visit."""
    for visit in ("v1", None):
        body = order(visit=visit, data={"colour": colour, "flash_rate": rate})
        assert answer("lights", "set", body).outcome.state.light == (colour, rate)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data": {"colour": "blue", "flash_rate": "slow"}}, "invalid"),
        ({"data": {"colour": "buzzer", "flash_rate": "slow"}}, "invalid"),
        ({"data": {"colour": "red", "flash_rate": "fast"}}, "invalid"),
        ({"data": {"colour": "red"}}, "invalid"),
        ({"data": {"colour": "red", "flash_rate": "slow"}, "visit": "v0"}, "wrong_visit"),
    ],
)
def test_a_light_of_unknown_words_is_refused(changed: dict[str, Any], reason: str) -> None:
    """So is one for a visit that is not open: it would flash at somebody else."""
    assert refusal("lamp", "set", order(**changed)) == reason
