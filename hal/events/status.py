"""What a terminal keeps retained at the broker: its state, its abilities, its devices.

Words of CEN XFS4IoT for device states (Common.Status, `device`), with the remedy beside them.
Source: the contract between terminal and centre, version 1, "Topics", "Device status".
"""

from typing import Literal

import msgspec

DeviceState = Literal[
    "online",
    "offline",
    "power_off",
    "no_device",
    "hardware_error",
    "user_error",
    "busy",
    "starting",
]
Remedy = Literal["reset", "configure", "clear", "maintain", "replace", "none"]
TerminalMode = Literal["starting", "ready", "paused", "stopping", "lost"]


class TerminalState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`state`, retained; the will says `lost`. `since` is RFC 3339.

    `able`: the roles of the devices that work now; which items a window can take in follows from
    them. `why`: what makes it `paused`: `teller` (暂停服务), `fault` (an essential device), `disk`.
    """

    state: TerminalMode
    epoch: str
    boot: str
    since: str
    able: list[str] = []
    why: str | None = None


class DeviceStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`device/{device}`, retained. The two texts are what the OLED says to a technician."""

    state: DeviceState
    since: str
    remedy: Remedy
    text_zh: str
    text_en: str
    media: str | None = None


class DeviceAbout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device in `about`: its table's name, its class, and the driver that runs it."""

    device: str
    role: str
    driver: str
    essential: bool
    model: str | None = None


class About(msgspec.Struct, frozen=True, kw_only=True):
    """`about`, retained: what this terminal has, and what it tells and understands.

    `orders` are `{device}/{verb}` pairs. `hash` is the SHA-256 of all other fields as encoded.
    """

    version: str
    devices: list[DeviceAbout]
    facts: list[str]
    orders: list[str]
    hash: str
