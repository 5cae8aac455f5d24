"""What the terminal tells of itself once a minute."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from firmware.disk import WriteMeter
from firmware.health import Contact, Examiner, HealthTimer, Sources
from firmware.outbox import Outbox
from firmware.throttling import Throttling
from hal.events.orders import encode

ENDS = datetime(2026, 12, 3, 20, 0, tzinfo=UTC)
DEADLINE_S = 10


def write(draft: str, sequence: int) -> tuple[str, bytes]:
    return draft, str(sequence).encode()


@pytest.fixture
def examiner(outbox: Outbox, tmp_path: Path, clock: Any) -> Examiner:
    return Examiner(outbox, tmp_path, ENDS, clock)


def look(examiner: Examiner, devices_lost: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON that goes to `health`."""
    health = examiner.look(centre="ready", devices_lost=list(devices_lost))
    assert health is not None
    return dict(json.loads(encode(health)))


def test_an_idle_terminal_is_well(examiner: Examiner) -> None:
    """Nothing waits, nothing is lost, the certificate has ten and a half days left."""
    seen = look(examiner)
    assert {name: seen[name] for name in ("at", "outbox_depth", "clock", "centre")} == {
        "at": "2026-11-23T08:00:00.000000+00:00",
        "outbox_depth": 0,
        "clock": "synced",
        "centre": "ready",
    }
    assert seen["certificate_days_left"] == 10.5
    assert seen["disk_free_bytes"] > 0
    assert seen.keys().isdisjoint({"outbox_oldest_s", "outbox_set_aside", "devices_lost"})


def test_the_age_of_the_oldest_fact_grows(examiner: Examiner, outbox: Outbox, clock: Any) -> None:
    """Facts that the centre has not receipted are counted, and the oldest's age is told."""
    outbox.keep(["a", "b"], write, clock.now().timestamp())
    clock.pass_s(90)
    outbox.keep(["c"], write, clock.now().timestamp())
    assert (look(examiner)["outbox_depth"], look(examiner)["outbox_oldest_s"]) == (3, 90.0)
    outbox.receipt(2)
    assert (look(examiner)["outbox_depth"], look(examiner)["outbox_oldest_s"]) == (1, 0.0)


def test_a_clock_set_back_gives_no_negative_age(
    examiner: Examiner, outbox: Outbox, clock: Any
) -> None:
    """A terminal without a clock of its own may learn that it is earlier than it thought."""
    outbox.keep(["a"], write, clock.now().timestamp())
    clock.pass_s(-3600)
    assert look(examiner)["outbox_oldest_s"] == 0.0


@pytest.mark.parametrize("years", [-10, 10])
def test_an_untrusted_clock_tells_no_age(
    outbox: Outbox, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    """A clock that jumped ten years makes no fact ten years old: the age is left out."""
    outbox.keep(["a"], write, clock.now().timestamp())
    examiner = Examiner(outbox, tmp_path, ENDS, clock)
    clock._now += timedelta(days=3653 * years / 10)
    monkeypatch.setattr(clock, "quality", lambda: "unknown")
    seen = look(examiner)
    assert (seen["outbox_depth"], seen["clock"], "outbox_oldest_s" in seen) == (1, "unknown", False)


def test_an_ended_certificate_counts_below_zero(examiner: Examiner, clock: Any) -> None:
    """How long it has been over is told, not hidden."""
    clock.pass_s(11 * 86_400)
    assert look(examiner)["certificate_days_left"] == -0.5


def test_lost_devices_are_named(examiner: Examiner) -> None:
    """An administrator sees which devices do not answer."""
    assert look(examiner, ("card", "oled"))["devices_lost"] == ["card", "oled"]


def test_a_damaged_outbox_is_not_forgotten(
    tmp_path: Path, new_id: Callable[[], str], clock: Any
) -> None:
    """The file that was set aside is named until a technician has saved what is in it."""
    path = tmp_path / "outbox.db"
    path.write_bytes(b"no database" * 1000)
    outbox = Outbox(path, new_id)
    seen = look(Examiner(outbox, tmp_path, ENDS, clock))
    outbox.close()
    assert (tmp_path / seen["outbox_set_aside"]).read_bytes() == b"no database" * 1000


def test_an_unusable_disk_gives_no_health(outbox: Outbox, tmp_path: Path, clock: Any) -> None:
    """A state folder that cannot be looked at: nothing is told rather than something wrong."""
    examiner = Examiner(outbox, tmp_path / "gone", ENDS, clock)
    assert examiner.look(centre="ready", devices_lost=[]) is None


def test_a_closed_outbox_gives_no_health(examiner: Examiner, outbox: Outbox) -> None:
    """Nor does an outbox that does not answer."""
    outbox.close()
    assert examiner.look(centre="ready", devices_lost=[]) is None


class TwoPages:
    """A spool with two pages in it."""

    def waiting(self) -> list[str]:
        return ["a", "b"]

    def size_bytes(self) -> int:
        return 4096


def test_whoever_can_say_more_is_asked(outbox: Outbox, tmp_path: Path, clock: Any) -> None:
    """Spool, voltage, openings, mode, and how long and how far away the centre is."""
    contact = Contact(clock)
    contact.heard()
    sources = Sources(
        spool=TwoPages(),
        probe_ms=lambda: {"card": 12.3456},
        mode=lambda: "serving",
        contact=contact,
        reference=lambda: clock.now() - timedelta(seconds=3),
        power=lambda: Throttling(("under_voltage",), ("under_voltage", "throttled")),
    )
    examiner = Examiner(outbox, tmp_path, ENDS, clock, sources)
    clock.pass_s(7)
    seen = look(examiner)
    names = ("spool_depth", "spool_bytes", "probe_ms", "mode", "centre_contact_s", "clock_offset_s")
    assert [seen[name] for name in names] == [2, 4096, {"card": 12.3}, "serving", 7.0, 3.0]
    assert seen["throttled"] == ["under_voltage"]
    assert seen["throttled_before"] == ["under_voltage", "throttled"]


def test_a_step_of_the_clock_does_not_touch_the_contact(clock: Any) -> None:
    """Since when the centre is silent is counted by the monotonic clock."""
    contact = Contact(clock)
    assert contact.ago_s() is None
    contact.heard()
    clock._now += timedelta(days=3650)
    assert contact.ago_s() == 0.0


def test_what_the_process_takes_is_told(outbox: Outbox, tmp_path: Path, clock: Any) -> None:
    """Memory in bytes, and bytes given to the disk where the kernel counts them."""
    meter = WriteMeter(clock)
    seen = look(Examiner(outbox, tmp_path, ENDS, clock, Sources(written=meter)))
    counted = meter.read()
    meter.close()
    assert seen["rss_bytes"] > 1024 * 1024
    assert ("bytes_written" in seen) == (counted is not None)


def test_the_first_look_is_at_once() -> None:
    """Whoever starts the timer is told immediately, and after the stop never again."""
    told, calls = Event(), []

    def tell() -> None:
        calls.append(1)
        told.set()

    timer = HealthTimer(tell)
    timer.start()
    assert told.wait(DEADLINE_S)
    timer.stop()
    assert calls == [1]


def test_a_timer_that_never_started_stops() -> None:
    """Stopping what did not begin is no fault."""
    told: list[int] = []
    HealthTimer(lambda: told.append(1)).stop()
    assert told == []
