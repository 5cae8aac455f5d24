"""How the terminal is, once a minute: what an administrator looks at before anybody complains."""

import random
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import msgspec
from cryptography import x509

from firmware.outbox import Outbox
from hal.clock import Clock, rfc3339

PERIOD_S = 60.0
_JITTER = 0.1


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`health`, QoS 0, retained. What cannot be known on this machine is left out."""

    at: str
    outbox_depth: int
    disk_free_bytes: int
    clock: str
    certificate_days_left: float
    centre: str
    devices_lost: list[str] = []
    outbox_oldest_s: float | None = None
    temperature_c: float | None = None


class Examiner:
    """Looks when asked; nothing is kept running between two looks."""

    def __init__(self, outbox: Outbox, state_dir: Path, certificate: Path, clock: Clock) -> None:
        """ValueError or OSError if the certificate cannot be read; it was used before."""
        self._outbox = outbox
        self._state_dir = state_dir
        self._clock = clock
        parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
        self._expires_at: datetime = parsed.not_valid_after_utc

    def look(self, *, centre: str, devices_lost: list[str]) -> Health:
        """`centre` is what `centre/1/state` last said."""
        now = self._clock.now()
        waiting, oldest_s = self._outbox.waiting()
        left = self._expires_at - now
        return Health(
            at=rfc3339(now),
            outbox_depth=waiting,
            outbox_oldest_s=None if oldest_s is None else max(0.0, now.timestamp() - oldest_s),
            disk_free_bytes=shutil.disk_usage(self._state_dir).free,
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
        self._thread = Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

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
