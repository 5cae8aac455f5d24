"""What the page shows, and whom it asks. Nothing of it is personal but the camera's preview."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

import msgspec

from firmware.health import Health
from firmware.local_desk import CloseReason, LocalStatus
from firmware.unconfigured import Unconfigured
from hal.events.facts import Party
from hal.events.status import DeviceStatus


class Desk(Protocol):
    """Work without the centre: `firmware.local_desk.LocalDesk`. LocalRefused says why not."""

    def status(self) -> LocalStatus: ...

    def open_visit(self, item: str) -> LocalStatus: ...

    def choose_party(self, party: Party) -> LocalStatus: ...

    def request_rating(self) -> LocalStatus: ...

    def capture_page(self) -> LocalStatus: ...

    def close_visit(self, reason: CloseReason) -> LocalStatus: ...


class Board:
    """The devices as they were last told to the centre. Safe from any thread."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        """`roles`: device → its role, in the order in which they are shown."""
        self.roles = dict(roles)
        self._lock = Lock()
        self._told: dict[str, DeviceStatus] = {}

    def tell(self, device: str, status: DeviceStatus) -> None:
        with self._lock:
            self._told[device] = status

    def all(self) -> dict[str, DeviceStatus]:
        with self._lock:
            return dict(self._told)


@dataclass(frozen=True)
class Views:
    """Whom the page asks; nobody may block longer than a look at the disk.

    `line`: whether the line to the broker is usable. `diagnosis`: the bundle, a tar.gz; it may
    take seconds. `desk` None: nothing can be done here without the centre. `preview`: what lies
    under the camera, a small JPEG; None while nobody has asked for a preview. `unconfigured`: USB
    devices that no table names.
    """

    site: str
    terminal: str
    version: str
    board: Board
    health: Callable[[], Health | None]
    line: Callable[[], bool]
    exposition: Callable[[], bytes]
    diagnosis: Callable[[], bytes]
    desk: Desk | None = None
    preview: Callable[[], bytes | None] = lambda: None
    unconfigured: Callable[[], Sequence[Unconfigured]] = tuple


class DeviceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One device on the page."""

    device: str
    role: str
    state: str
    remedy: str
    text_zh: str
    text_en: str
    since: str


class PageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`/api/status`: all that the two pages show."""

    site: str
    terminal: str
    version: str
    line: bool
    devices: list[DeviceLine]
    health: Health | None
    local: LocalStatus | None
    preview: bool
    unconfigured: list[Unconfigured]


def status(views: Views) -> PageStatus:
    """As it is now."""
    return PageStatus(
        site=views.site,
        terminal=views.terminal,
        version=views.version,
        line=views.line(),
        devices=_devices(views.board),
        health=views.health(),
        local=None if views.desk is None else views.desk.status(),
        preview=views.preview() is not None,
        unconfigured=list(views.unconfigured()),
    )


def _devices(board: Board) -> list[DeviceLine]:
    told = board.all()
    return [
        DeviceLine(
            device=device,
            role=role,
            state=told[device].state,
            remedy=told[device].remedy,
            text_zh=told[device].text_zh,
            text_en=told[device].text_en,
            since=told[device].since,
        )
        for device, role in board.roles.items()
        if device in told
    ]
