"""The customer screen of a running terminal, beside a teller who works with the centre."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from sim.arrivals import Arrivals, Citizen, people
from sim.catalogue import low_risk_items
from sim.pace import Pace
from sim.ports import free_ports
from sim.settings import Ports, Run, Special, make_identities, new_folder
from sim.stage import Stage
from sim.visit import Room
from sim.window import Window

MINE, SEED = "pzh01-w01", 11
DEADLINE_S = 20
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@dataclass(frozen=True)
class ScreenRun(Run):
    """A run whose terminal has a customer screen."""

    screen: int

    def write_terminal(self, terminal: str, window: Window, special: Special | None = None) -> None:
        super().write_terminal(terminal, window, special)
        with self.terminal_toml(terminal).open("a") as file:
            file.write(f"[screen]\nport = {self.screen}\n")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    identities = make_identities(tmp_path / "dev", 1)
    *centre, screen = free_ports(4)
    run = ScreenRun(identities, new_folder(tmp_path, "screen", now()), Ports(*centre), screen)
    pace = Pace(patience_device_s=DEADLINE_S, patience_effect_s=DEADLINE_S, visit_s=100)
    stage = Stage(run, 1, pace, now, lambda text: None)
    try:
        yield stage
    finally:
        stage.down()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM, headless=True
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        page.set_default_timeout(1000 * DEADLINE_S)
        yield page
        browser.close()


def order(room: Room, stage: Stage, path: str) -> None:
    room.office.send(room.command(path, {}), stage.patience())


def scenery(page: Page, name: str) -> None:
    page.locator(f'#scene[data-scenery="{name}"]').wait_for()


def until(page: Page, true: Callable[[], bool]) -> None:
    for _ in range(DEADLINE_S * 10):
        if true():
            return
        page.wait_for_timeout(100)
    assert true()


def sign(page: Page) -> None:
    """Two strokes by mouse."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    for x0, x1 in ((0.2, 0.7), (0.7, 0.3)):
        page.mouse.move(box["x"] + x0 * box["width"], box["y"] + 0.3 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + x1 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
        page.mouse.up()
    page.get_by_role("button", name="完成签名").click()


def read_back(room: Room, stage: Stage, page: Page, visit: str, citizen: Citizen) -> None:
    """The centre's own sheet is read on the screen, confirmed and signed; the case says so."""
    office, path = room.office, f"/visits/{visit}"

    def cases() -> Any:
        return (office.look(path) or {"cases": []})["cases"]

    until(page, lambda: bool((office.look(path) or {"tray": []})["tray"]))
    opened = room.command("/cases", {"visit": visit, "item_code": citizen.item})
    case = office.send(opened, stage.patience())["id"]
    asked = room.command(f"{path}/confirm", {"case": case, "purpose": "核对申请"})
    office.send(asked, stage.patience())
    scenery(page, "sheet")
    for text in (citizen.card.name, citizen.card.number, "核对时间"):
        page.get_by_text(text).first.wait_for()
    page.locator(".sheet .scroll").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    page.get_by_role("button", name="确认无误").click()
    scenery(page, "sign")
    until(page, lambda: cases()[0]["read_backs"][0]["state"] == "CONFIRMED")
    sign(page)
    scenery(page, "serving")
    until(page, lambda: bool(cases()[0]["read_backs"][0]["picture"]))


def test_the_screen_follows_a_visit_of_the_centre(stage: Stage, page: Page) -> None:
    """Called, served, read back and signed, rated, good-bye, welcome; the centre knows it all."""
    office = stage.up()
    run = stage.run
    assert isinstance(run, ScreenRun)
    token = (run.folder / MINE / "screen.token").read_text().strip()
    page.goto(f"http://127.0.0.1:{run.screen}/?token={token}")
    scenery(page, "idle")
    (citizen,) = islice(people(SEED, low_risk_items()), 1)
    Arrivals(office, stage.bell).admit(citizen, stage.patience())
    room = stage.room(MINE, office)
    visit = room.call(stage.patience())["visit"]["id"]
    scenery(page, "called")
    page.get_by_role("heading", name="A001").wait_for()
    room.window.identity.lay(citizen.card)
    scenery(page, "serving")
    page.get_by_text("综合柜员").wait_for()
    read_back(room, stage, page, visit, citizen)
    order(room, stage, f"/visits/{visit}/rating-request")
    page.get_by_role("button", name="非常满意").first.click()
    scenery(page, "rated")

    def rated() -> bool:
        found = office.look(f"/visits/{visit}")
        return found is not None and found["rating"]["level"] == 5

    until(page, rated)
    order(room, stage, f"/visits/{visit}/close")
    scenery(page, "thanks")
    for text in (citizen.card.name, citizen.card.number, "A001"):
        assert text not in page.content()
    scenery(page, "idle")
