"""How the terminal is, once a minute: what an administrator looks at before anybody complains."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event

import msgspec

from firmware.outbox import Outbox
from firmware.task import Task
from hal.clock import Clock, rfc3339

PERIOD_S = 60.0
_JITTER = 0.1
_END_S = 2.0


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`health`, QoS 0, retained. What cannot be known on this machine is left out.

    `outbox_set_aside` is the name of a damaged outbox that waits for a technician;
    `bytes_written` counts what this process gave to the disk since it started.
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


class Examiner:
    """Looks when asked; nothing is kept running between two looks."""

    def __init__(self, outbox: Outbox, state_dir: Path, expires_at: datetime, clock: Clock) -> None:
        """`expires_at`: the end of the terminal's certificate."""
        self._outbox = outbox
        self._state_dir = state_dir
        self._clock = clock
        self._expires_at = expires_at

    def look(self, *, centre: str, devices_lost: list[str]) -> Health | None:
        """`centre` is what `centre/1/state` last said. None if the disk cannot be looked at."""
        now = self._clock.now()
        try:
            waiting, oldest_s = self._outbox.waiting()
            free = shutil.disk_usage(self._state_dir).free
        except (OSError, sqlite3.Error):
            return None
        aside = self._outbox.set_aside
        left = self._expires_at - now
        return Health(
            at=rfc3339(now),
            outbox_depth=waiting,
            outbox_oldest_s=None if oldest_s is None else max(0.0, now.timestamp() - oldest_s),
            outbox_set_aside=None if aside is None else aside.name,
            disk_free_bytes=free,
            bytes_written=_bytes_written(),
            temperature_c=_temperature_c(),
            clock=self._clock.quality(),
            certificate_days_left=round(left.total_seconds() / 86_400, 1),
            centre=centre,
            devices_lost=devices_lost,
        )


class HealthTimer:
    """Calls `tell` at once and then each minute, with a tenth of jitter, until stopped."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
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
            if self._stop.wait(PERIOD_S * random.uniform(1 - _JITTER, 1 + _JITTER)):
                return


def _temperature_c() -> float | None:
    """The processor's, where the kernel tells it."""
    try:
        return int(Path("/sys/class/thermal/thermal_zone0/temp").read_text()) / 1000
    except (OSError, ValueError):
        return None


def _bytes_written() -> int | None:
    """What the kernel counts for this process, where it counts."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return None
    counts = dict(line.split(": ") for line in lines)
    return int(counts["write_bytes"])
