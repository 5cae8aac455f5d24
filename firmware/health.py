"""How the terminal is, once a minute: what an administrator looks at before anybody complains."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Lock
from typing import Protocol

import msgspec

from firmware import memory, throttling
from firmware.outbox import Outbox
from firmware.task import Task
from hal.clock import Clock, Reference, offset_s, rfc3339

PERIOD_S = 60.0
_JITTER = 0.1
_END_S = 2.0
_NS_PER_S = 1e9


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`health`, QoS 0, retained. What cannot be known on this machine is left out.

    `outbox_set_aside` is the name of a damaged outbox that waits for a technician.
    `bytes_written` counts what this process gave to the disk since it started, and
    `bytes_written_today` since midnight of its clock. `throttled` are the Raspberry Pi's words
    (under_voltage, frequency_capped, throttled, soft_temperature_limit), `throttled_before` those
    since the machine started. `probe_ms`: device → how long its last opening took. `mode` is what
    the window is doing, `clock_offset_s` how far its clock is ahead of the centre's.
    """

    at: str
    outbox_depth: int
    disk_free_bytes: int
    clock: str
    certificate_days_left: float
    centre: str
    devices_lost: list[str] = []
    outbox_oldest_s: float | None = None
    outbox_set_aside: str | None = None
    temperature_c: float | None = None
    bytes_written: int | None = None
    bytes_written_today: int | None = None
    throttled: list[str] = []
    throttled_before: list[str] = []
    rss_bytes: int | None = None
    probe_ms: dict[str, float] = {}
    spool_depth: int | None = None
    spool_bytes: int | None = None
    mode: str | None = None
    centre_contact_s: float | None = None
    clock_offset_s: float | None = None


class Waiting(Protocol):
    """The page spool, as much of it as is looked at."""

    def waiting(self) -> list[str]: ...

    def size_bytes(self) -> int: ...


class Counted(Protocol):
    """Bytes given to the disk."""

    @property
    def since_start_bytes(self) -> int: ...

    @property
    def today_bytes(self) -> int: ...


class Meter(Protocol):
    """Counts what this process writes (`firmware.disk.WriteMeter`)."""

    def read(self) -> Counted | None: ...


class Contact:
    """When the centre was last heard, by the monotonic clock. Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard_ns: int | None = None

    def heard(self) -> None:
        """A message of the centre's came just now."""
        self._heard_ns = self._clock.monotonic_ns()

    def ago_s(self) -> float | None:
        """Seconds since then; None if it was never heard."""
        heard_ns = self._heard_ns
        return None if heard_ns is None else (self._clock.monotonic_ns() - heard_ns) / _NS_PER_S


@dataclass(frozen=True)
class Sources:
    """Whom the examiner asks beside the outbox; nobody must block. What is None is left out."""

    spool: Waiting | None = None
    written: Meter | None = None
    probe_ms: Callable[[], Mapping[str, float]] | None = None
    mode: Callable[[], str] | None = None
    contact: Contact | None = None
    reference: Reference | None = None
    power: Callable[[], throttling.Throttling | None] = throttling.read


class Examiner:
    """Looks when asked; nothing is kept running between two looks."""

    def __init__(
        self,
        outbox: Outbox,
        state_dir: Path,
        expires_at: datetime,
        clock: Clock,
        sources: Sources | None = None,
    ) -> None:
        """`expires_at`: the end of the terminal's certificate."""
        self._outbox = outbox
        self._state_dir = state_dir
        self._clock = clock
        self._expires_at = expires_at
        self._sources = sources or Sources()
        self._looking = Lock()

    def look(self, *, centre: str, devices_lost: list[str]) -> Health | None:
        """`centre` is what `centre/1/state` last said. None if the disk cannot be looked at.

        Safe from any thread: the timer, the line to the broker and the page ask.
        """
        now, quality = self._clock.now(), self._clock.quality()
        try:
            waiting, oldest_s = self._outbox.waiting()
            free = shutil.disk_usage(self._state_dir).free
        except (OSError, sqlite3.Error):
            return None
        aside = self._outbox.set_aside
        left = self._expires_at - now
        health = Health(
            at=rfc3339(now),
            outbox_depth=waiting,
            outbox_oldest_s=None if quality == "unknown" else _age_s(now, oldest_s),
            outbox_set_aside=None if aside is None else aside.name,
            disk_free_bytes=free,
            temperature_c=_temperature_c(),
            rss_bytes=memory.rss_bytes(),
            clock=quality,
            certificate_days_left=round(left.total_seconds() / 86_400, 1),
            centre=centre,
            devices_lost=devices_lost,
        )
        with self._looking:
            return msgspec.structs.replace(health, **self._ask_sources(now))

    def _ask_sources(self, now: datetime) -> dict[str, object]:
        """What the sources say, by the names of Health's fields."""
        asked = self._sources
        told: dict[str, object] = {"clock_offset_s": _rounded(offset_s(now, asked.reference), 1)}
        if asked.spool is not None:
            told["spool_depth"] = len(asked.spool.waiting())
            told["spool_bytes"] = asked.spool.size_bytes()
        if asked.written is not None and (written := asked.written.read()) is not None:
            told["bytes_written"] = written.since_start_bytes
            told["bytes_written_today"] = written.today_bytes
        if asked.probe_ms is not None:
            told["probe_ms"] = {name: round(ms, 1) for name, ms in asked.probe_ms().items()}
        if asked.mode is not None:
            told["mode"] = asked.mode()
        if asked.contact is not None:
            told["centre_contact_s"] = _rounded(asked.contact.ago_s(), 1)
        if (power := asked.power()) is not None:
            told["throttled"] = list(power.now)
            told["throttled_before"] = list(power.since_start)
        return told


class HealthTimer:
    """Calls `tell` at once and then each period, with a tenth of jitter, until stopped."""

    def __init__(self, tell: Callable[[], None], period_s: float = PERIOD_S) -> None:
        self._tell = tell
        self._period_s = period_s
        self._stop = Event()
        self._task = Task("health", self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self) -> None:
        self._stop.set()
        self._task.join(_END_S)

    def _run(self) -> None:
        while True:
            self._tell()
            if self._stop.wait(self._period_s * random.uniform(1 - _JITTER, 1 + _JITTER)):
                return


def _age_s(now: datetime, since_s: float | None) -> float | None:
    """Both moments are of the wall clock, which may have been set back since."""
    return None if since_s is None else max(0.0, now.timestamp() - since_s)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _temperature_c() -> float | None:
    """The processor's, where the kernel tells it."""
    try:
        return int(Path("/sys/class/thermal/thermal_zone0/temp").read_text()) / 1000
    except (OSError, ValueError):
        return None
