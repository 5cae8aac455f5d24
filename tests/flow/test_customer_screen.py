"""The customer screen of a running terminal, beside a teller who works with the centre."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from sim.arrivals import Arrivals, people
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


def test_the_screen_follows_a_visit_of_the_centre(stage: Stage, page: Page) -> None:
    """Called, serving, rated on the screen, good-bye, welcome; the centre knows the rating."""
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
    order(room, stage, f"/visits/{visit}/rating-request")
    page.get_by_role("button", name="非常满意").first.click()
    scenery(page, "rated")

    def rated() -> bool:
        found = office.look(f"/visits/{visit}")
        return found is not None and found["rating"]["level"] == 5

    for _ in range(DEADLINE_S * 10):
        if rated():
            break
        page.wait_for_timeout(100)
    assert rated()
    order(room, stage, f"/visits/{visit}/close")
    scenery(page, "thanks")
    for text in (citizen.card.name, citizen.card.number, "A001"):
        assert text not in page.content()
    scenery(page, "idle")
