"""A worker ends only by saying so."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event

import pytest

from drivers.worker import Worker
from hal.errors import DeviceLost, DeviceRefused
from hal.interfaces import LevelPressed, Observation, Report, Role

WAIT_S = 5.0
PRESS = LevelPressed(5, "key")


class FakeDevice:
    """Does what it is told while watched; remembers opening and closing."""

    role: Role = "rating"

    def __init__(self, watch: Callable[[Report, Event], None]) -> None:
        self.calls: list[str] = []
        self.open_fault: Exception | None = None
        self._watch = watch

    def open(self) -> None:
        self.calls.append("open")
        if self.open_fault is not None:
            raise self.open_fault

    def watch(self, report: Report, stop: Event) -> None:
        self.calls.append("watch")
        self._watch(report, stop)

    def close(self) -> None:
        self.calls.append("close")


class Heard:
    """What a worker told, in order."""

    def __init__(self) -> None:
        self.reports: SimpleQueue[Observation] = SimpleQueue()
        self.opened = Event()
        self.ends: SimpleQueue[DeviceLost] = SimpleQueue()

    def worker(self, device: FakeDevice) -> Worker:
        return Worker(device, self.reports.put, self.opened.set, self.ends.put)


def until_stopped(report: Report, stop: Event) -> None:
    report(PRESS)
    stop.wait()


def fail(error: Exception) -> Callable[[Report, Event], None]:
    def watch(report: Report, stop: Event) -> None:
        raise error

    return watch


def returns(report: Report, stop: Event) -> None:
    return


def test_reports_reach_the_listener_and_stop_is_no_loss() -> None:
    """Stopped on purpose, a device is closed and nobody is told that it was lost."""
    heard, device = Heard(), FakeDevice(until_stopped)
    worker = heard.worker(device)
    worker.start()
    assert heard.reports.get(timeout=WAIT_S) == PRESS
    assert heard.opened.is_set()
    assert worker.stop(WAIT_S)
    assert heard.ends.empty()
    assert device.calls[:2] == ["open", "watch"]
    assert "close" in device.calls


@pytest.mark.parametrize(
    ("watch", "cause"),
    [
        (fail(DeviceLost("unplugged", remedy="reset")), "unplugged"),
        (fail(DeviceRefused("odd")), "odd"),
        (fail(ValueError("what the card said")), "driver failed: ValueError"),
        (returns, "driver ended by itself"),
    ],
)
def test_every_end_is_told_once(watch: Callable[[Report, Event], None], cause: str) -> None:
    """Loss, refusal, a bug or a silent return: one DeviceLost, after the device was closed.

    The words of a bug stay inside: they may be what the device had just read.
    """
    heard, device = Heard(), FakeDevice(watch)
    heard.worker(device).start()
    assert heard.ends.get(timeout=WAIT_S).cause == cause
    assert device.calls[-1] == "close"
    assert heard.ends.empty()


def test_a_device_that_does_not_open_was_never_open() -> None:
    """`opened` is not called, the loss is told with its remedy."""
    heard, device = Heard(), FakeDevice(until_stopped)
    device.open_fault = DeviceLost("not there", remedy="configure")
    heard.worker(device).start()
    lost = heard.ends.get(timeout=WAIT_S)
    assert (lost.cause, lost.remedy) == ("not there", "configure")
    assert not heard.opened.is_set()
