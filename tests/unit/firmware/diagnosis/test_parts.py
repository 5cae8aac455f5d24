"""Keys, certificate, clock, disk, outbox, spool, devices, daemons and page, each by itself."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firmware.credentials import expiry
from firmware.diagnosis import devices, identity, state
from firmware.outbox import Outbox
from firmware.page.access import page_token
from firmware.page.server import PageServer
from firmware.page.views import Board, Views
from hal.clock import SystemClock
from hal.events.envelope import Clock as Quality
from hal.events.status import DeviceStatus

AWAY = DeviceStatus(
    state="offline",
    since="2026-11-25T08:00:00Z",
    remedy="reset",
    text_zh="请插拔",
    text_en="replug",
)


class ClockOf(SystemClock):
    """Shows what it is told to, trusted as it is told."""

    def __init__(self, shown: datetime, quality: Quality = "synced") -> None:
        super().__init__()
        self._shown = shown
        self._quality: Quality = quality

    def now(self) -> datetime:
        return self._shown

    def quality(self) -> Quality:
        return self._quality


@pytest.fixture
def held(place: Any) -> Iterator[None]:
    """The folder as a running terminal holds it."""
    lock = os.open(place.state / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield
    os.close(lock)


def fill(place: Any, facts: int) -> Outbox:
    outbox = Outbox(place.state / "outbox.db", lambda: "01JD5Q00000000000000000000")
    write = lambda draft, number: (draft, b"x" * 900)  # noqa: E731
    outbox.keep(["t"] * facts, write, 0.0)
    return outbox


def test_keys_of_one_hall_fit(place: Any) -> None:
    """And a missing one is named with the key of the configuration."""
    assert identity.keys(place.read()).state == "good"
    place.toml.write_text(place.toml.read_text().replace("seal.pub.pem", "none.pem"))
    seen = identity.keys(place.read())
    assert (seen.state, "seal.public_key" in seen.what) == ("bad", True)


@pytest.mark.parametrize(
    ("from_end", "state_", "word"),
    [
        (timedelta(days=-30), "good", "valid for 30 days"),
        (timedelta(days=-3), "bad", "ends in 3 days"),
        (timedelta(days=3), "bad", "ended at"),
        (timedelta(days=-36500), "bad", "not valid yet"),
    ],
)
def test_the_certificates_dates(place: Any, from_end: timedelta, state_: str, word: str) -> None:
    """Valid, ending, ended, and not begun: that is a wrong clock, and the remedy says so."""
    now = expiry(place.read().broker.cert) + from_end
    seen = identity.certificate(place.read(), ClockOf(now))
    assert (seen.state, word in seen.what) == (state_, True)
    assert ("clock" in seen.remedy_en) == (word == "not valid yet")


@pytest.mark.parametrize(
    ("quality", "state_"), [("synced", "good"), ("holdover", "note"), ("unknown", "bad")]
)
def test_the_clocks_quality(quality: Quality, state_: str) -> None:
    """Without a time server is no fault; an impossible date is one."""
    assert identity.time(ClockOf(datetime(2026, 11, 25, tzinfo=UTC), quality)).state == state_


def test_a_disk_with_room(place: Any) -> None:
    """Good above the reserve, bad below it, and bad where there is no folder."""
    assert state.disk(place.read()).state == "good"
    words = place.toml.read_text()
    place.toml.write_text(words.replace("reserve_bytes = 0", f"reserve_bytes = {1 << 60}"))
    assert "held back" in state.disk(place.read()).what
    place.toml.write_text(words.replace(f'state_dir = "{place.state}"', 'state_dir = "none"'))
    assert state.disk(place.read()).state == "bad"


def test_the_outbox_of_a_terminal_that_ended(place: Any) -> None:
    """Sound, its facts counted; looking leaves the folder as it was."""
    fill(place, 3).close()
    before = sorted(path.name for path in place.state.iterdir())
    assert state.outbox(place.read()).what == "sound, 3 facts lie in it"
    assert sorted(path.name for path in place.state.iterdir()) == before


def test_the_outbox_of_a_terminal_that_runs(place: Any, held: None) -> None:
    """It is looked at beside the one who writes, who goes on writing."""
    outbox = fill(place, 2)
    assert state.outbox(place.read()).what == "sound, 2 facts lie in it"
    outbox.keep(["t"], lambda draft, number: (draft, b"x"), 0.0)
    assert state.outbox(place.read()).what == "sound, 3 facts lie in it"
    outbox.close()


def test_the_outbox_after_a_power_cut(place: Any, tmp_path: Path) -> None:
    """What is in the log only is counted, and no index stays that would belong to who looked."""
    outbox = fill(place, 2)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("outbox.db", "outbox.db-wal"):
        (copy / name).write_bytes((place.state / name).read_bytes())
    outbox.close()
    place.toml.write_text(place.toml.read_text().replace(f'"{place.state}"', f'"{copy}"', 1))
    assert state.outbox(place.read()).what == "sound, 2 facts lie in it"
    assert sorted(path.name for path in copy.iterdir()) == ["outbox.db", "outbox.db-wal"]


def test_a_damaged_outbox(place: Any) -> None:
    """Its file must not be deleted; one that was set aside is named."""
    fill(place, 50).close()
    path = place.state / "outbox.db"
    body = bytearray(path.read_bytes())
    body[1024:4096] = b"\xa5" * 3072
    path.write_bytes(body)
    seen = state.outbox(place.read())
    assert (seen.state, "do not delete" in seen.remedy_en) == ("bad", True)
    path.rename(place.state / "outbox.db.damaged-01JD")
    assert state.outbox(place.read()).what == "damaged and set aside: outbox.db.damaged-01JD"


def test_no_database_at_all(place: Any) -> None:
    """A file that is something else is damaged; none at all is a new terminal."""
    assert state.outbox(place.read()).state == "note"
    (place.state / "outbox.db").write_bytes(b"something else" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(place.state / "outbox.db").execute("SELECT * FROM fact")
    assert state.outbox(place.read()).state == "bad"


def test_the_spool(place: Any) -> None:
    """Pages that wait are counted; one that was set aside is bad."""
    assert state.spool(place.read()).state == "note"
    spool = place.state / "spool"
    spool.mkdir()
    (spool / ("a" * 64)).write_bytes(b"x" * 1024 * 1024)
    (spool / "01JD.part").touch()
    assert state.spool(place.read()).what == "1 pages wait, 1.0 MiB, 0 set aside"
    (spool / f"{'b' * 64}.refused").touch()
    assert state.spool(place.read()).state == "bad"


def test_devices_of_a_terminal_that_runs(place: Any, held: None) -> None:
    """As it told them, with its own words; nothing is opened beside it."""
    (seen,) = devices.devices(place.read(), SystemClock(), lambda: {"reader": AWAY})
    assert (seen.part, seen.state, seen.remedy_zh) == ("device reader", "bad", "请插拔")
    (seen,) = devices.devices(place.read(), SystemClock(), dict)
    assert seen.state == "note"
    (seen,) = devices.devices(place.read(), SystemClock(), lambda: None)
    assert (seen.part, seen.state) == ("devices", "note")


def test_devices_of_a_terminal_that_does_not(place: Any) -> None:
    """Each is opened once; the reader's port is not there."""
    (seen,) = devices.devices(place.read(), SystemClock(), lambda: {"reader": AWAY})
    assert (seen.part, seen.state) == ("device reader", "bad")
    assert seen.what != AWAY.state


@pytest.mark.parametrize(
    ("program", "state_"),
    [
        ("echo active", "good"),
        ("echo failed; exit 3", "bad"),
        ("echo no bus >&2; exit 1", "note"),
        (None, "note"),
    ],
)
def test_daemons(place: Any, program: str | None, state_: str) -> None:
    """A unit that failed is bad; without a service manager nothing is said against it."""
    if program is not None:
        (place.state / "systemctl").write_text(f"#!/bin/sh\n{program}\n")
        (place.state / "systemctl").chmod(0o700)
    (seen,) = devices.daemons(place.read())
    assert (seen.part, seen.state) == ("daemon readerd.service", state_)


@pytest.fixture
def page(place: Any) -> Iterator[PageServer]:
    """The page of a terminal whose reader is away."""
    board = Board({"reader": "identity"})
    board.tell("reader", AWAY)
    views = Views(
        site="pzh01",
        terminal="pzh01-w01",
        version="0",
        board=board,
        health=lambda: None,
        line=lambda: False,
        exposition=lambda: b"",
        diagnosis=lambda: b"",
    )
    server = PageServer("127.0.0.1", place.page, page_token(place.state), views)
    yield server
    server.stop()


def test_the_page_tells_of_the_devices(place: Any, page: PageServer) -> None:
    """Another process asks the running terminal by its page; None if it does not answer."""
    assert devices.by_page(place.read()) is None
    page.start()
    assert devices.by_page(place.read()) == {"reader": AWAY}
    page_token_file = place.state / "page.token"
    page_token_file.write_text("another")
    assert devices.by_page(place.read()) is None


def test_the_pages_port(place: Any, page: PageServer) -> None:
    """Free while nothing runs; taken by a stranger then; answering while the terminal runs."""
    assert devices.page(place.read()).what.endswith("is free")
    page.start()
    assert "another program" in devices.page(place.read()).what
    with (place.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert devices.page(place.read()).what.endswith("answers")
        page.stop()
        assert devices.page(place.read()).state == "bad"


def test_a_usb_device_that_nobody_configured_is_a_note(place: Any, tmp_path: Path) -> None:
    """Nothing is wrong: its id and the lines to add are told, with a remedy in both languages."""
    device = tmp_path / "sys" / "1-1"
    node = device / "1-1:1.0" / "ttyUSB0" / "tty" / "ttyUSB0"
    node.mkdir(parents=True)
    (device / "idVendor").write_text("10c4\n")
    (device / "idProduct").write_text("ea60\n")
    (finding,) = devices.unknown(place.read(), tmp_path / "sys", tmp_path / "dev")
    assert (finding.part, finding.state) == ("usb 1-1", "note")
    assert "10c4:ea60" in finding.what
    assert 'driver = "…"' in finding.what
    assert finding.remedy_zh
    assert finding.remedy_en
