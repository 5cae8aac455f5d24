"""What the terminal keeps retained at the broker about itself: its `state` and its `about`.

Source: the contract between terminal and centre, version 1, "Topics".
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from threading import Lock

import msgspec

from firmware.config import DeviceTable
from hal.clock import Clock, rfc3339
from hal.events.facts import FACTS
from hal.events.status import About, DeviceAbout, TerminalMode, TerminalState
from hal.interfaces import Device

_ALWAYS = ("terminal", "device", "order")
"""The kinds of facts that every terminal tells, whatever its devices are."""
_LOCAL = ("ticket", "visit")


class Presence:
    """Knows what the terminal is and how it is now. Safe to use from several threads."""

    def __init__(self, epoch: str, boot: str, clock: Clock) -> None:
        self._epoch = epoch
        self._boot = boot
        self._clock = clock
        self._lock = Lock()
        self._started = rfc3339(clock.now())
        self._mode: TerminalMode = "starting"
        self._able: list[str] = []
        self._why: str | None = None

    def will(self) -> TerminalState:
        """What the broker says of us when we are gone without a word."""
        return TerminalState(state="lost", epoch=self._epoch, boot=self._boot, since=self._started)

    def become(self, mode: TerminalMode, why: str | None = None) -> TerminalState:
        """From now on the terminal is `mode`."""
        with self._lock:
            self._mode, self._why = mode, why
            return self._state()

    def be_able(self, roles: Iterable[str]) -> TerminalState:
        """From now on the devices of these roles work."""
        with self._lock:
            self._able = sorted(roles)
            return self._state()

    def _state(self) -> TerminalState:
        return TerminalState(
            state=self._mode,
            epoch=self._epoch,
            boot=self._boot,
            since=rfc3339(self._clock.now()),
            able=self._able,
            why=self._why,
        )


def about(tables: Sequence[DeviceTable], devices: Mapping[str, Device], orders: list[str]) -> About:
    """What this terminal has, and what it tells and understands (`orders`: `{device}/{verb}`).

    A device may know its model, as a resident-ID reader its SAM id, once it has been open. A
    keypad may have rating keys.
    """
    roles = {table.spec.role for table in tables}
    rates = any(getattr(device, "rates", False) for device in devices.values())
    kinds = {*roles, *_ALWAYS, *_LOCAL, *(("rating",) if rates else ())}
    told = About(
        version=version("onewindow"),
        devices=[
            DeviceAbout(
                device=table.name,
                role=table.spec.role,
                driver=table.spec.name,
                essential=table.essential,
                model=getattr(devices.get(table.name), "model", None),
            )
            for table in tables
        ],
        facts=[name for name in FACTS if name.partition(".")[0] in kinds],
        orders=orders,
        hash="",
    )
    digest = hashlib.sha256(msgspec.json.encode(told)).hexdigest()
    return msgspec.structs.replace(told, hash=digest)
