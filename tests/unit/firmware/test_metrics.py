"""Figures of a terminal as a monitoring system reads them."""

import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from firmware.health import Health
from firmware.metrics import Metrics

HEALTH = Health(
    at="2026-11-23T08:00:00.000000+00:00",
    outbox_depth=3,
    outbox_oldest_s=12.5,
    disk_free_bytes=1000,
    clock="synced",
    certificate_days_left=10.5,
    centre="ready",
    devices_lost=["card"],
    spool_depth=2,
    spool_bytes=4096,
    rss_bytes=50_000_000,
)
Samples = dict[tuple[str, tuple[str, ...]], float]


def samples(metrics: Metrics) -> Samples:
    """(name, values of its labels) → value, as Prometheus' own parser reads it."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(["card", "gun"], lambda: HEALTH, lambda: (4, 2))


def test_gauges_are_those_of_health(metrics: Metrics) -> None:
    """Depths, ages, memory, and which devices are up; what is not known is left out."""
    seen = samples(metrics)
    assert {
        name: seen[name, ()] for name, _ in seen if (name, ()) in seen if "answer" not in name
    } == {
        "onewindow_connections_total": 0,
        "onewindow_outbox_depth": 3,
        "onewindow_outbox_oldest_seconds": 12.5,
        "onewindow_spool_depth": 2,
        "onewindow_spool_bytes": 4096,
        "onewindow_rss_bytes": 50_000_000,
        "onewindow_disk_free_bytes": 1000,
        "onewindow_certificate_days_left": 10.5,
    }
    assert seen["onewindow_device_up", ("card",)] == 0
    assert seen["onewindow_device_up", ("gun",)] == 1


def test_counters_count(metrics: Metrics) -> None:
    """Facts by stage, rungs by device, connections."""
    metrics.sent(3)
    metrics.sent()
    metrics.rung("card", "reopen")
    metrics.rung("card", "reopen")
    metrics.rung("card", "daemon")
    metrics.connected()
    seen = samples(metrics)
    assert {key: value for key, value in seen.items() if key[0].endswith("_total")} == {
        ("onewindow_facts_total", ("kept",)): 4,
        ("onewindow_facts_total", ("sent",)): 4,
        ("onewindow_facts_total", ("receipted",)): 2,
        ("onewindow_recoveries_total", ("card", "daemon")): 1,
        ("onewindow_recoveries_total", ("card", "reopen")): 2,
        ("onewindow_connections_total", ()): 1,
    }


def test_answers_fall_into_their_buckets(metrics: Metrics) -> None:
    """On a bound is below it; above 50 ms counts in the last one only."""
    for seconds in (0.0005, 0.05, 0.0501, 0.004):
        metrics.answered(seconds)
    seen = samples(metrics)
    buckets = [
        seen["onewindow_answer_seconds_bucket", (bound,)]
        for bound in ("0.001", "0.0025", "0.005", "0.04", "0.05", "+Inf")
    ]
    assert buckets == [1, 1, 2, 2, 3, 4]
    assert seen["onewindow_answer_seconds_sum", ()] == pytest.approx(0.1046)


def test_a_disk_that_does_not_answer_takes_no_counter_away() -> None:
    """Without health and outbox there are the counters in memory, and no gauges."""
    seen = samples(Metrics(["card"], lambda: None, lambda: None))
    assert ("onewindow_facts_total", ("sent",)) in seen
    assert ("onewindow_facts_total", ("kept",)) not in seen
    assert ("onewindow_device_up", ("card",)) not in seen


def test_counting_loads_no_library() -> None:
    """A terminal at which nobody looks does not pay for the library that writes the format."""
    program = (
        "import sys; from firmware.metrics import Metrics; "
        "metrics = Metrics(['card'], lambda: None, lambda: None); metrics.sent(); "
        "assert 'prometheus_client' not in sys.modules; metrics.exposition()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
