"""A device as its supervisor knows it, and who is told of it."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol

from firmware.ladder import Ladder, Rung, rungs
from hal.errors import DeviceError, DeviceLost
from hal.events.facts import DeviceChanged, DeviceRecovery
from hal.events.status import DeviceState, DeviceStatus
from hal.interfaces import Device, Observation, Role

OPEN_S = 30.0
"""A device that has never been heard of counts as lost after this; each driver fails sooner."""


class Running(Protocol):
    """A worker as drivers.registry.start_worker gives it."""

    def stop(self, timeout_s: float = ...) -> bool: ...


class Listener(Protocol):
    """Who wants to know about devices. Called in threads of the workers and the supervisor."""

    def observed(self, device: str, observation: Observation) -> None:
        """A person did something at the device."""

    def changed(self, device: str, name: str, data: DeviceChanged) -> None:
        """The device was `lost`, is `degraded`, or has `returned` from one of the two."""

    def recovering(self, device: str, data: DeviceRecovery, text_zh: str, text_en: str) -> None:
        """A lost device has come to this rung. Once for each rung, the first included.

        From the second rung on its status says the same, for as long as the device is lost: also
        when a flapping device comes back to a rung of which it was told before.
        """

    def status(self, device: str, status: DeviceStatus) -> None:
        """What the device's retained status is from now on."""

    def opening(self, device: str) -> None:
        """An attempt to open the device begins."""

    def opened(self, device: str) -> None:
        """The device is usable: what it shows must be shown again."""

    def able(self, roles: frozenset[Role], lost_essential: frozenset[str]) -> None:
        """From now on these roles have a device that works, and these essential devices are lost.

        Called when either has changed; before the first call both are empty.
        """


@dataclass(frozen=True)
class Cared:
    """A device to be supervised, with what its table in the configuration says of it."""

    device: Device
    essential: bool = False
    daemon: str | None = None
    usb_port: Path | None = None


Target = str | Path
"""What is mended: a daemon's unit, or a port's folder. Several devices may share one."""


class Care:
    """What is known of one device."""

    def __init__(self, cared: Cared, rung_s: float) -> None:
        self.cared = cared
        has = rungs(daemon=cared.daemon is not None, usb_port=cared.usb_port is not None)
        self.ladder = Ladder(has, rung_s)
        self.worker: Running | None = None
        self.attempt = 0
        self.begun_at_s = 0.0
        self.opened_at_s: float | None = None
        self.retry_at_s: float | None = None
        self.lost: DeviceLost | None = None
        self.failures = 0
        self.judged = False
        self.state: DeviceState | None = None
        self.since = ""
        self.look_at_s: float | None = None
        self.trouble: DeviceError | None = None

    def due_s(self) -> float:
        """When something must be done for it."""
        first_word_s = None if self.judged else self.begun_at_s + OPEN_S
        times = (first_word_s, self.retry_at_s, self.ladder.due_s, self.look_at_s)
        return min((time_s for time_s in times if time_s is not None), default=inf)

    def is_overdue(self, now_s: float) -> bool:
        """Whether it should have been heard of by now, well or not."""
        return not self.judged and now_s >= self.begun_at_s + OPEN_S

    def target(self, rung: Rung) -> Target | None:
        """What `rung` mends for this device."""
        return {"restart_daemon": self.cared.daemon, "power_cycle": self.cared.usb_port}.get(rung)
