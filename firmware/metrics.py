"""Figures for a monitoring system, in the text format of Prometheus; no person, no visit.

Counting costs a dictionary entry. `prometheus_client` is loaded when somebody asks for the first
time, since it takes 2 MiB and most windows are looked at through `health`.
Source: Prometheus, "Exposition formats", "Text-based format"; "Metric and label naming".
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from firmware.health import Health

if TYPE_CHECKING:
    from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05)
"""Answers are promised within 50 ms; what lies above the last is late."""
_GAUGES = {
    "outbox_depth": ("onewindow_outbox_depth", "Facts that wait for a receipt."),
    "outbox_oldest_s": ("onewindow_outbox_oldest_seconds", "Age of the oldest of them."),
    "spool_depth": ("onewindow_spool_depth", "Pages that wait for their upload."),
    "spool_bytes": ("onewindow_spool_bytes", "Bytes of these pages, sealed."),
    "rss_bytes": ("onewindow_rss_bytes", "Resident memory of the main process."),
    "disk_free_bytes": ("onewindow_disk_free_bytes", "Room on the disk of the state folder."),
    "temperature_c": ("onewindow_temperature_celsius", "The processor's temperature."),
    "certificate_days_left": ("onewindow_certificate_days_left", "Until the certificate ends."),
    "centre_contact_s": ("onewindow_centre_contact_seconds", "Since the centre was last heard."),
    "clock_offset_s": ("onewindow_clock_offset_seconds", "Ahead of the centre's clock."),
}


class Metrics:
    """Counts in any thread; `exposition` may be called by one at a time."""

    def __init__(
        self,
        devices: Sequence[str],
        look: Callable[[], Health | None],
        kept: Callable[[], tuple[int, int] | None],
    ) -> None:
        """`look`: the health of now; None when it cannot be known, then no gauges are told.

        `kept`: how many facts of this epoch were kept, and how many of them were receipted.
        """
        self._devices = tuple(devices)
        self._look = look
        self._kept = kept
        self._lock = Lock()
        self._sent = 0
        self._rungs: Counter[tuple[str, str]] = Counter()
        self._connections = 0
        self._answers = [0] * (len(BUCKETS_S) + 1)
        self._answers_sum_s = 0.0

    def sent(self, count: int = 1) -> None:
        """So many facts were handed to the broker; those sent again count again."""
        with self._lock:
            self._sent += count

    def rung(self, device: str, rung: str) -> None:
        """A rung of the recovery ladder was tried for `device`."""
        with self._lock:
            self._rungs[device, rung] += 1

    def connected(self) -> None:
        """The line to the broker was made."""
        with self._lock:
            self._connections += 1

    def answered(self, seconds: float) -> None:
        """From an observation to the answer that a person sees."""
        with self._lock:
            self._answers[bisect_left(BUCKETS_S, seconds)] += 1
            self._answers_sum_s += seconds

    def exposition(self) -> bytes:
        """All of it as text."""
        from prometheus_client.exposition import generate_latest
        from prometheus_client.registry import CollectorRegistry

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        """For the registry: every family with its samples."""
        with self._lock:
            facts: dict[str, int] = {"sent": self._sent}
            rungs = dict(self._rungs)
            answers, total_s = list(self._answers), self._answers_sum_s
            connections = self._connections
        if (kept := self._kept()) is not None:
            facts["kept"], facts["receipted"] = kept
        yield from self._counters(facts, rungs, connections)
        yield _histogram(answers, total_s)
        health = self._look()
        if health is not None:
            yield from self._gauges(health)

    def _counters(
        self, facts: dict[str, int], rungs: dict[tuple[str, str], int], connections: int
    ) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily

        stages = CounterMetricFamily("onewindow_facts", "Facts by stage.", labels=["stage"])
        for stage, count in facts.items():
            stages.add_metric([stage], count)
        yield stages
        tried = CounterMetricFamily(
            "onewindow_recoveries", "Rungs of the ladder tried.", labels=["device", "rung"]
        )
        for (device, rung), count in sorted(rungs.items()):
            tried.add_metric([device, rung], count)
        yield tried
        yield CounterMetricFamily(
            "onewindow_connections", "Connections made to the broker.", value=connections
        )

    def _gauges(self, health: Health) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        up = GaugeMetricFamily("onewindow_device_up", "1 if it works.", labels=["device"])
        for device in self._devices:
            up.add_metric([device], 0 if device in health.devices_lost else 1)
        yield up
        for field, (name, text) in _GAUGES.items():
            value = getattr(health, field)
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)


def _histogram(answers: list[int], total_s: float) -> "Metric":
    from prometheus_client.core import HistogramMetricFamily

    bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
    below = [sum(answers[: position + 1]) for position in range(len(answers))]
    family = HistogramMetricFamily("onewindow_answer_seconds", "From observation to answer.")
    family.add_metric([], list(zip(bounds, below, strict=True)), total_s)
    return family
