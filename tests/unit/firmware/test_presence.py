"""What is retained about a terminal, and what the broker says when it is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest

from drivers.registry import load
from firmware.config import DeviceTable
from firmware.presence import Presence, about
from hal.clock import rfc3339
from hal.events.facts import FACTS
from hal.interfaces import Report, Role


@dataclass(frozen=True)
class Made:
    """A presence, and the moment at which it was made."""

    presence: Presence
    since: str


@pytest.fixture
def made(clock: Any) -> Made:
    return Made(Presence("E1", "B1", clock), rfc3339(clock.now()))


def tables(*drivers: str) -> Sequence[DeviceTable]:
    found = [load(name) for name in drivers]
    return [
        DeviceTable(f"device-{n}", spec, spec.options, essential=n == 0)
        for n, spec in enumerate(found)
    ]


def test_the_will_is_of_the_start(made: Made, clock: Any) -> None:
    """Whatever happened since, the broker says `lost` of this epoch and boot, without abilities."""
    clock.pass_s(60)
    made.presence.be_able(["card"])
    made.presence.become("ready")
    will = made.presence.will()
    assert (will.state, will.epoch, will.boot, will.since) == ("lost", "E1", "B1", made.since)
    assert (will.able, will.why) == ([], None)


def test_mode_and_abilities_keep_each_other(made: Made, clock: Any) -> None:
    """A new mode keeps the roles that work, new roles keep the mode and why; `since` is now."""
    assert made.presence.be_able({"rating", "card"}).state == "starting"
    clock.pass_s(60)
    paused = made.presence.become("paused", "disk")
    assert (paused.state, paused.why, paused.able) == ("paused", "disk", ["card", "rating"])
    assert paused.since == rfc3339(clock.now()) != made.since
    fewer = made.presence.be_able(["card"])
    assert (fewer.state, fewer.why, fewer.able) == ("paused", "disk", ["card"])
    ready = made.presence.become("ready")
    assert (ready.state, ready.why, ready.able) == ("ready", None, ["card"])


def test_about_names_each_device() -> None:
    """With its role and driver, and whether the window can do without it."""
    told = about(tables("id_serial", "rating_gpio"), {}, ["rating/request"])
    assert [(each.device, each.role, each.driver, each.essential) for each in told.devices] == [
        ("device-0", "identity", "id_serial", True),
        ("device-1", "rating", "rating_gpio", False),
    ]
    assert told.orders == ["rating/request"]


def test_about_names_the_facts_that_its_devices_can_tell() -> None:
    """Those of its roles, of the terminal itself and of work without the centre; no others."""
    told = set(about(tables("id_serial"), {}, []).facts)
    assert {"identity.read", "terminal.started", "order.done", "visit.closed"} <= told
    assert not {name for name in told if name.startswith(("card.", "rating.", "code."))}
    assert told <= FACTS.keys()


def test_the_hash_tells_one_about_from_another() -> None:
    """The same for the same; another as soon as a device or an order differs."""
    first = about(tables("id_serial"), {}, ["visit/open"])
    assert first == about(tables("id_serial"), {}, ["visit/open"])
    others = (
        about(tables("id_serial"), {}, []),
        about(tables("scanner_serial"), {}, ["visit/open"]),
    )
    assert len({first.hash, *(each.hash for each in others)}) == 3


class Known:
    """A reader that has read its module's number."""

    role: Role = "identity"
    model = "SAM 05.03-20260101-0000000001-0000000002"

    def open(self) -> None:
        """It is open."""

    def watch(self, report: Report, stop: Event) -> None:
        stop.wait()

    def close(self) -> None:
        """It is closed."""


def test_a_device_tells_its_model_when_it_knows_it() -> None:
    """The reader's SAM id stands in `about`, for the register and for the technician."""
    (table,) = tables("id_serial")
    (unknown,) = about([table], {}, []).devices
    (known,) = about([table], {table.name: Known()}, []).devices
    assert (unknown.model, known.model) == (None, Known.model)


class Rating(Known):
    """A keypad with rating keys."""

    role: Role = "key"
    rates = True


def test_a_keypad_that_rates_tells_ratings() -> None:
    """Its facts are those of its keys and of a pad; without rating keys they are not."""
    (table,) = tables("keypad_serial")
    assert "rating.given" in about([table], {table.name: Rating()}, []).facts
    assert "rating.given" not in about([table], {table.name: Known()}, []).facts
