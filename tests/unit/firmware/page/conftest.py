"""A terminal's own page above a window that is played."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from firmware.health import Health
from firmware.local_desk import CloseReason, LocalItem, LocalRefused, LocalStatus
from firmware.page.access import page_token
from firmware.page.server import PageServer
from firmware.page.views import Board, Views
from firmware.unconfigured import Unconfigured
from hal.events.facts import Party
from hal.events.status import DeviceState, DeviceStatus, Remedy
from sim.ports import free_ports

VISIT = "01JD5Q00000000000000000000"
ITEMS = (
    LocalItem("social-101", "社会保险参保登记", ("identity",)),
    LocalItem("social-107", "养老保险待遇申领", ("identity", "document"), ("document",)),
)
IDLE = LocalStatus(mode="offline", offline=True, numbers_left=12, items=ITEMS)


class OneWindow:
    """A window without its centre; follows the rules that the page relies on."""

    def __init__(self) -> None:
        self.now = IDLE
        self.done: list[str] = []
        self.blurred = False

    def status(self) -> LocalStatus:
        return self.now

    def open_visit(self, item: str) -> LocalStatus:
        if self.now.visit is not None:
            raise LocalRefused("visit_open", "请先办结本次服务。", "Close the open visit first.")
        if item not in {known.code for known in ITEMS if not known.missing}:
            raise LocalRefused("item", "此业务不能离线办理。", "Choose another item.")
        return self._go("open", visit=VISIT, local=True, ticket="A901", item=item, mismatch=True)

    def choose_party(self, party: Party) -> LocalStatus:
        return self._go(f"party {party}", mismatch=False)

    def request_rating(self) -> LocalStatus:
        return self._go("rating", rating="asking")

    def capture_page(self) -> LocalStatus:
        if self.blurred:
            raise LocalRefused("page", "请重新放置页面。", "Lay the page again.")
        return self._go("page", pages=self.now.pages + 1)

    def close_visit(self, reason: CloseReason) -> LocalStatus:
        self.now = IDLE
        self.done.append(f"close {reason}")
        return self.now

    def _go(self, what: str, **change: object) -> LocalStatus:
        self.done.append(what)
        self.now = replace(self.now, mode="serving", **change)  # type: ignore[arg-type]
        return self.now


HEALTH = Health(
    at="2026-11-25T08:00:00.000000+08:00",
    outbox_depth=3,
    outbox_oldest_s=61.0,
    disk_free_bytes=12 * 1024**3,
    clock="holdover",
    certificate_days_left=320.5,
    centre="lost",
    devices_lost=["camera"],
    spool_depth=2,
    spool_bytes=4_200_000,
    rss_bytes=52_000_000,
    bytes_written_today=9_000_000,
    centre_contact_s=75.0,
    clock_offset_s=0.4,
    temperature_c=51.0,
    throttled_before=["under_voltage"],
    mode="offline",
)
DEVICES: tuple[tuple[str, str, DeviceState, Remedy, str, str], ...] = (
    ("card", "card", "online", "none", "正常", "good"),
    ("identity", "identity", "online", "none", "正常", "good"),
    ("gun", "code", "online", "none", "正常", "good"),
    ("camera", "document", "offline", "reset", "请检查连线或重新插拔", "check the cable"),
    ("rating", "rating", "online", "none", "正常", "good"),
    ("oled", "display", "starting", "none", "正常", "good"),
)


def board() -> Board:
    board = Board({device: role for device, role, *_ in DEVICES})
    for device, _, state, remedy, zh, en in DEVICES:
        status = DeviceStatus(state=state, since=HEALTH.at, remedy=remedy, text_zh=zh, text_en=en)
        board.tell(device, status)
    return board


@dataclass(frozen=True)
class Opened:
    """A page that listens: its address, its token, the window below it."""

    address: str
    token: str
    window: OneWindow
    frames: list[bytes]
    """What the camera saw for a preview, the newest last."""
    unknown: list[Unconfigured]
    """USB devices that nobody configured."""

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.address, headers=headers, timeout=10, trust_env=False)

    def allowed(self) -> httpx.Client:
        return self.client(Authorization=f"Bearer {self.token}")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Opened]:
    (port,) = free_ports(1)
    window = OneWindow()
    frames: list[bytes] = []
    unknown: list[Unconfigured] = []
    views = Views(
        site="pzh01",
        terminal="pzh01-w01",
        version="0.1.0",
        board=board(),
        health=lambda: HEALTH,
        line=lambda: False,
        exposition=lambda: b"onewindow_outbox_depth 3.0\n",
        diagnosis=lambda: b"bundle",
        desk=window,
        preview=lambda: frames[-1] if frames else None,
        unconfigured=lambda: unknown,
    )
    token = page_token(tmp_path)
    server = PageServer("127.0.0.1", port, token, views)
    assert server.start()
    yield Opened(f"http://127.0.0.1:{port}", token, window, frames, unknown)
    server.stop()
