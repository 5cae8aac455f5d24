"""What terminals keep retained."""

import json
from typing import Any

import pytest

from central.ingest.notices import NotUnderstood, note
from central.service.places import Place
from hal.events.topics import parse_topic

PLACE = Place("pzh01-w01", "pzh01", 1)
SINCE = "2026-11-23T08:00:00.000000+08:00"
NOW = "2026-11-23T09:00:00.000000+08:00"
STATE = {"state": "ready", "epoch": "E1", "boot": "B1", "since": SINCE}
ABOUT = {
    "version": "0.1.0",
    "devices": [
        {"device": "pad", "role": "rating", "driver": "rating_gpio", "essential": False},
    ],
    "facts": ["rating.given"],
    "orders": ["pad/request"],
    "hash": "ab",
}
STATUS = {
    "state": "no_device",
    "since": SINCE,
    "remedy": "reset",
    "text_zh": "请重新插入",
    "text_en": "plug it in again",
}


@pytest.fixture
def tell(store: Any, clock: Any) -> Any:
    """Have a notice of pzh01-w01 kept."""

    def told(rest: str, body: bytes | dict[str, Any]) -> None:
        topic = parse_topic(f"hall/1/pzh01/pzh01-w01/{rest}")
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        store.do(lambda link: note(link, PLACE, topic, raw, clock.now()))

    return told


def terminal(store: Any) -> tuple[Any, ...]:
    (row,) = store.rows('SELECT terminal, site, "window", state, about, seen_at FROM terminal')
    return tuple(row)


def test_the_state_is_kept(store: Any, tell: Any, clock: Any) -> None:
    """The last one counts, with the moment at which the terminal was heard of."""
    tell("state", STATE | {"state": "starting"})
    clock.advance(minutes=1)
    tell("state", STATE)
    assert terminal(store) == (
        "pzh01-w01",
        "pzh01",
        None,
        "ready",
        None,
        "2026-11-23T09:01:00.000000+08:00",
    )


def test_abilities_are_kept_beside_the_state(store: Any, tell: Any) -> None:
    """`about` and `state` come in any order and do not wipe each other out."""
    tell("about", ABOUT)
    tell("state", STATE)
    assert json.loads(terminal(store)[4]) == ABOUT
    assert terminal(store)[3] == "ready"


def test_each_device_has_its_status(store: Any, tell: Any) -> None:
    """One row to a device, the last status counts."""
    tell("device/card", STATUS | {"state": "online"})
    tell("device/card", STATUS)
    tell("device/oled", STATUS)
    rows = store.rows("SELECT terminal, device, status, seen_at FROM device ORDER BY device")
    assert [(row[0], row[1], json.loads(row[2]), row[3]) for row in rows] == [
        ("pzh01-w01", "card", STATUS, NOW),
        ("pzh01-w01", "oled", STATUS, NOW),
    ]


def test_health_says_that_the_terminal_lives(store: Any, tell: Any) -> None:
    """Its last numbers are kept as they are, with the moment and the window of the register."""
    tell("health", {"outbox_depth": 3})
    tell("health", {"outbox_depth": 4, "invented_later": True})
    assert terminal(store) == ("pzh01-w01", "pzh01", 1, None, None, NOW)
    ((health, at),) = store.rows("SELECT health, health_at FROM terminal_status")
    assert (json.loads(health), at) == ({"outbox_depth": 4, "invented_later": True}, NOW)


def test_a_state_tells_what_the_window_can_do(store: Any, tell: Any) -> None:
    """The working devices, and why it is paused, stand beside the state; the next one replaces."""
    tell("state", STATE | {"state": "paused", "able": ["card"], "why": "fault"})
    columns = "SELECT epoch, boot, able, why FROM terminal_status"
    assert store.rows(columns) == [("E1", "B1", '["card"]', "fault")]
    tell("state", STATE | {"able": ["card", "identity"]})
    assert store.rows(columns) == [("E1", "B1", '["card","identity"]', None)]


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("state", b"garbage"),
        ("state", STATE | {"state": "bored"}),
        ("about", {}),
        ("device/card", STATUS | {"remedy": "hammer"}),
        ("state/more", STATE),
        ("about/more", ABOUT),
        ("device", STATUS),
        ("device/card/more", STATUS),
        ("health/more", {}),
        ("health", b"[]"),
        ("health", {"long": "x" * 5000}),
        ("log/error", b"line"),
        ("order/card/read", {}),
        ("receipt", {}),
        ("weather", {}),
    ],
)
def test_what_is_not_understood_changes_nothing(
    store: Any, tell: Any, rest: str, body: bytes | dict[str, Any]
) -> None:
    """Another topic or another body is refused by name, and no row is written."""
    with pytest.raises(NotUnderstood, match=rest.split("/")[0]):
        tell(rest, body)
    assert store.rows("SELECT * FROM terminal") == store.rows("SELECT * FROM device") == []
