"""Every device a worker; a worker that ends is followed by the next, after a while.

A lost device is a fact and a log line once, and so is its return. A window without a device that is
not essential goes on without it.
"""

import logging
import queue
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from drivers.registry import start_worker
from firmware.task import Task
from hal.clock import Clock, rfc3339
from hal.errors import DeviceLost
from hal.events.facts import DeviceChanged
from hal.events.status import DeviceState, DeviceStatus, Remedy
from hal.interfaces import Device, Observation

RETRY_BASE_S, RETRY_CAP_S = 0.2, 5.0
STEADY_S = 10.0
"""A device that worked for less is flapping: the wait before the next attempt goes on growing."""
_STOP_S = 2.0
_NS_PER_S = 1e9

_log = logging.getLogger(__name__)

_TEXTS: dict[Remedy, tuple[str, str]] = {
    "reset": ("请检查连线或重新插拔", "check the cable, or unplug and plug in again"),
    "configure": ("未找到设备,请检查端口配置", "not found: check the port in the configuration"),
    "clear": ("请重新放置", "lay it again"),
    "maintain": ("请联系技术员", "call a technician"),
    "replace": ("请更换设备", "replace the device"),
    "none": ("正常", "good"),
}


class Running(Protocol):
    """A worker as drivers.registry.start_worker gives it."""

    def stop(self, timeout_s: float = ...) -> bool: ...


class Listener(Protocol):
    """Who wants to know about devices. Called in threads of the workers and the supervisor."""

    def observed(self, device: str, observation: Observation) -> None:
        """A person did something at the device."""

    def changed(self, device: str, name: str, data: DeviceChanged) -> None:
        """The device was `lost` or has `returned`."""

    def status(self, device: str, status: DeviceStatus) -> None:
        """What the device's retained status is from now on."""

    def opened(self, device: str) -> None:
        """The device is usable: what it shows must be shown again."""


@dataclass
class _Care:
    """What is known of one device."""

    device: Device
    worker: Running | None = None
    lost: DeviceLost | None = None
    failures: int = 0
    retry_at_s: float | None = None
    opened_at_s: float | None = None
    judged: bool = False


_Report = tuple[str, DeviceLost | None]


class Supervisor:
    """Runs in a thread of its own between `start` and `stop`."""

    def __init__(self, devices: Mapping[str, Device], listener: Listener, clock: Clock) -> None:
        self._care = {name: _Care(device) for name, device in devices.items()}
        self._listener = listener
        self._clock = clock
        self._reports: queue.SimpleQueue[_Report | None] = queue.SimpleQueue()
        self._task = Task("supervisor", self._run)

    def start(self) -> None:
        for name in self._care:
            self._tell_status(name, "starting", "none")
            self._open(name)
        self._task.start()

    def stop(self) -> None:
        """End all workers; none of their ends is a loss."""
        self._reports.put(None)
        self._task.join(_STOP_S)
        for name, care in self._care.items():
            if care.worker is not None and not care.worker.stop(_STOP_S):
                _log.warning("device does not stop", extra={"device": name})

    def missing(self) -> dict[str, DeviceLost]:
        """The devices that are lost now, with the reason."""
        return {name: care.lost for name, care in self._care.items() if care.lost is not None}

    def unheard(self) -> set[str]:
        """The devices that have neither opened nor been lost yet."""
        return {name for name, care in self._care.items() if not care.judged}

    def _open(self, name: str) -> None:
        care = self._care[name]
        care.retry_at_s = None
        listener, reports = self._listener, self._reports
        care.worker = start_worker(
            care.device,
            lambda observation: listener.observed(name, observation),
            lambda: reports.put((name, None)),
            lambda lost: reports.put((name, lost)),
        )

    def _run(self) -> None:
        while True:
            try:
                report = self._reports.get(timeout=self._wait_s())
            except queue.Empty:
                self._retry()
                continue
            if report is None:
                return
            name, lost = report
            if lost is None:
                self._note_opened(name)
            else:
                self._note_lost(name, lost)
            self._care[name].judged = True

    def _wait_s(self) -> float | None:
        due = [care.retry_at_s for care in self._care.values() if care.retry_at_s is not None]
        return max(0.0, min(due) - self._now_s()) if due else None

    def _retry(self) -> None:
        now_s = self._now_s()
        for name, care in self._care.items():
            if care.retry_at_s is not None and care.retry_at_s <= now_s:
                self._open(name)

    def _note_opened(self, name: str) -> None:
        care = self._care[name]
        was_lost, care.lost, care.opened_at_s = care.lost, None, self._now_s()
        self._tell_status(name, "online", "none")
        self._listener.opened(name)
        if was_lost is not None:
            _log.info("device returned", extra={"device": name})
            data = DeviceChanged(state="online", cause=was_lost.cause, remedy="none")
            self._listener.changed(name, "returned", data)

    def _note_lost(self, name: str, lost: DeviceLost) -> None:
        care = self._care[name]
        if care.opened_at_s is not None and self._now_s() - care.opened_at_s >= STEADY_S:
            care.failures = 0
        care.opened_at_s = None
        ceiling_s = min(RETRY_CAP_S, RETRY_BASE_S * 2**care.failures)
        care.retry_at_s = self._now_s() + random.uniform(0, ceiling_s)
        care.failures += 1
        first, care.lost = care.lost is None, lost
        if not first:
            return
        state: DeviceState = "no_device" if lost.remedy == "configure" else "offline"
        _log.warning("device lost", extra={"device": name, "cause": lost.cause})
        self._tell_status(name, state, lost.remedy)
        data = DeviceChanged(state=state, cause=lost.cause, remedy=lost.remedy)
        self._listener.changed(name, "lost", data)

    def _tell_status(self, name: str, state: DeviceState, remedy: Remedy) -> None:
        zh, en = _TEXTS[remedy]
        since = rfc3339(self._clock.now())
        status = DeviceStatus(state=state, since=since, remedy=remedy, text_zh=zh, text_en=en)
        self._listener.status(name, status)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S
