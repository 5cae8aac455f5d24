"""What the firmware asks of a device, and what a device tells the firmware.

A driver owns its handle and nothing else: no thread, no retry, no outbox. `drivers.worker` runs
it, the firmware's supervisor opens it again. A device tells what it saw as an `Observation`; what
that means for the visit is the session's business.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

from hal.errors import DeviceError
from hal.events.facts import CodeScanned, IdentityRead

Colour = Literal["red", "yellow", "green", "buzzer"]
Role = Literal[
    "card",
    "identity",
    "code",
    "document",
    "rating",
    "key",
    "slip",
    "display",
    "lamp",
    "voice",
    "terminal",
]


@dataclass(frozen=True)
class IdentityCardRead:
    """A whole identity document was read."""

    data: IdentityRead


@dataclass(frozen=True)
class CodeRead:
    """The gun sent one whole code."""

    data: CodeScanned


@dataclass(frozen=True)
class LevelPressed:
    """A rating key went down, debounced. `level` is 1 (非常不满意) to 5 (非常满意)."""

    level: int
    raw_key: str


@dataclass(frozen=True)
class Unreadable:
    """A person did something that the device could not read; they should try again."""

    error: DeviceError


Observation = IdentityCardRead | CodeRead | LevelPressed | Unreadable
Report = Callable[[Observation], None]


class Device(Protocol):
    """One device at the window.

    For callers: `open`, then `watch` in a thread of its own, then `close`, in this order, again
    and again. `close` may be called from another thread and makes a `watch` under way end.
    For implementers: constructing must not touch hardware. Any failure of the library below
    becomes a DeviceError here, with `from`.
    """

    role: Role

    def open(self) -> None:
        """Take the device. Blocks at most some seconds. DeviceLost if it is not there."""

    def watch(self, report: Report, stop: Event) -> None:
        """Report what people do until `stop` is set, then return; block meanwhile.

        Returns only when `stop` is set. Ends with DeviceLost when the device is gone; a
        WireError or DeviceRefused never leaves this method: it is reported as `Unreadable` where
        a person waits for an answer, and otherwise counted.
        A device that only obeys waits here, and checks now and then that it is still there.
        """

    def close(self) -> None:
        """Let go of the device. Never raises; a second call does nothing."""


class Lamps(Device, Protocol):
    """The indicator lights of the window."""

    def set(self, colour: Colour, on: bool) -> None:
        """Switch one lamp; at once. A lamp that is not fitted is ignored. DeviceLost if gone."""


class RatingPad(Device, Protocol):
    """Five rating keys with lamps. Presses come through `watch` as `LevelPressed`."""

    def light(self, levels: Set[int]) -> None:
        """Light exactly the lamps of these levels (1 to 5). DeviceLost if the pad is gone."""
