"""The live page in a browser, beside a visit that goes on only when the page has caught up."""

import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Request, sync_playwright

from sim.acts import Act
from sim.arrivals import Arrivals, Citizen, people
from sim.catalogue import low_risk_items
from sim.office import Office
from sim.pace import Pace
from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder
from sim.stage import Stage
from sim.visit import Room, Visit

SEED, WINDOWS = 7, 3
MINE, *OTHERS = (f"pzh01-w{n:02d}" for n in range(1, WINDOWS + 1))
DEADLINE_S = 20
DEADLINE_MS = 1000 * DEADLINE_S
PICTURES = os.environ.get("ONEWINDOW_PICTURES")
"""A folder for the picture that README.md shows; none is made without it."""
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
WAY = ("CALLED", "read", "OPENED", "ACCEPTED", "DECIDED", "COMPLETED", "DELIVERED", "RATED")
"""What a window's card says of a visit, from the call to the end."""


@dataclass
class Watched:
    """The page of an observer, and all that the browser asked for or complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        def ask(request: Request) -> None:
            self.asked.append(request.url)

        def complain(told: ConsoleMessage | Error) -> None:
            if isinstance(told, Error) or told.type in ("error", "warning"):
                self.complaints.append(str(told))

        self.page.on("request", ask)
        self.page.on("console", complain)
        self.page.on("pageerror", complain)

    def card(self, terminal: str) -> Locator:
        return self.page.locator(f'article[data-terminal="{terminal}"]')


class Pauses:
    """A witness of acts: whoever is about to act waits until `resume`."""

    def __init__(self) -> None:
        self.coming: queue.Queue[Act | None] = queue.Queue()
        self._go = threading.Semaphore(0)

    def attempted(self, act: Act) -> None:
        self.coming.put(act)
        self._go.acquire(timeout=DEADLINE_S)

    def acknowledging(self, act: Act) -> None:
        pass

    def resume(self) -> None:
        self._go.release()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("live")
    identities = make_identities(folder / "dev", WINDOWS)
    run = Run(identities, new_folder(folder, "live", now()), Ports(*free_ports(3)))
    # So patient that nobody acts twice because of a pause.
    pace = Pace(patience_device_s=DEADLINE_S, patience_effect_s=DEADLINE_S, visit_s=100)
    stage = Stage(run, WINDOWS, pace, now, lambda text: None)
    try:
        yield stage
    finally:
        stage.down()


@pytest.fixture
def watched(stage: Stage) -> Iterator[Callable[[], Watched]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM, headless=True
        )

        def open_page() -> Watched:
            page = browser.new_page(viewport={"width": 1440, "height": 960}, locale="zh-CN")
            page.set_default_timeout(DEADLINE_MS)
            watched = Watched(page)
            watched.listen()
            address = f"http://127.0.0.1:{stage.run.ports.http}"
            page.goto(f"{address}/?token={stage.run.token('observer')}")
            page.locator("#link.up").wait_for()
            return watched

        yield open_page
        browser.close()


def now() -> datetime:
    return datetime.now(UTC)


def masked(name: str) -> str:
    return name[0] + "*" * (len(name) - 1)


def identify(room: Room, citizen: Citizen, stage: Stage) -> None:
    """Call the next number and have its citizen lay the identity card."""
    room.call(stage.patience())
    mark = room.window.mark()
    room.window.identity.lay(citizen.card)
    assert room.window.wait_card_taken(mark, DEADLINE_S)
    room.window.identity.lift()


def standing(office: Office) -> str:
    """How far the visit at my window is, as the centre says."""
    hall = office.look("/windows")
    assert hall is not None
    visit = next(item["visit"] for item in hall["items"] if item["terminal"] == MINE)
    if visit is None:
        return "free"
    found = office.look(f"/visits/{visit['id']}")
    assert found is not None
    if found["rating"]:
        return str(found["rating"]["state"])
    if found["cases"]:
        return str(found["cases"][0]["state"])
    return "read" if found["tray"] else str(found["ticket"]["state"])


def shown(card: Locator) -> str:
    """How far the visit at a window is, as its card says."""
    badges = card.locator(".rating .badge, .held .badge").last
    if badges.count():
        return str((badges.get_attribute("class") or "").split()[-1])
    if card.locator(".tray b").count():
        return "read"
    if card.locator(".ticket .badge").count():
        return str((card.locator(".ticket .badge").get_attribute("class") or "").split()[-1])
    return "free"


def see_pictures(watched: Watched, card: Locator) -> None:
    """Wait until the page taken at my window and all displays are on the screen."""
    card.locator("figure.page img").wait_for()
    loaded = "() => [...document.images].every((image) => image.naturalWidth > 0)"
    watched.page.wait_for_function(loaded)
    for terminal in (MINE, *OTHERS):
        assert watched.card(terminal).locator("img.panel").is_visible()


def follow(watched: Watched, office: Office, pauses: Pauses, citizen: Citizen) -> list[str]:
    """Let one act after the other happen, each once the page says what the centre knows."""
    seen: list[str] = []
    card = watched.card(MINE)
    while True:
        act = pauses.coming.get(timeout=DEADLINE_S)
        true = standing(office)
        for _ in range(DEADLINE_MS // 50):
            if shown(card) == true:
                break
            watched.page.wait_for_timeout(50)
        assert shown(card) == true, f"before {act.kind if act else 'the end'}"
        if true not in seen:
            seen.append(true)
            if true in WAY[1:]:
                card.get_by_text(masked(citizen.card.name), exact=True).first.wait_for()
            if true == "ACCEPTED":
                see_pictures(watched, card)
            if true == "DECIDED" and PICTURES:
                watched.page.screenshot(path=Path(PICTURES) / "live-zh.png")
        if act is None:
            return seen
        pauses.resume()


def test_the_page_shows_each_step_of_a_visit_before_the_next(
    stage: Stage, watched: Callable[[], Watched]
) -> None:
    """Waiting, called, read, the case's whole way, rated, closed: all without a reload."""
    office = stage.up()
    arrivals = Arrivals(office, stage.bell)
    citizens = list(islice(people(SEED, low_risk_items()), 6))
    for citizen in citizens[:2]:
        arrivals.admit(citizen, stage.patience())
    for terminal, citizen in zip(OTHERS, citizens, strict=False):
        identify(stage.room(terminal, office), citizen, stage)
    screen = watched()
    for citizen in citizens[2:]:
        arrivals.admit(citizen, stage.patience())
    mine = citizens[2]
    queue_line, card = screen.page.locator("#queue"), screen.card(MINE)
    for number in ("A003", "A004", "A005", "A006"):
        queue_line.get_by_text(number, exact=True).wait_for()
    assert shown(card) == "free"
    pauses, room = Pauses(), stage.room(MINE, office)

    def visit() -> None:
        called = room.call(stage.patience())
        stage.acts.witness = pauses
        try:
            Visit(room, mine, called, stage.patience()).carry_out()
        finally:
            pauses.coming.put(None)

    teller = threading.Thread(target=visit)
    teller.start()
    try:
        seen = follow(screen, office, pauses, mine)
    finally:
        stage.acts.witness = None
        for _ in range(100):
            pauses.resume()
        teller.join(DEADLINE_S)
    steps = [step for step in seen if step in WAY]
    assert steps == list(WAY)
    assert seen[-1] == "free"
    assert "A003" not in screen.page.locator("#windows").inner_text()
    assert "A003" not in queue_line.inner_text()
    screen.page.locator(f"#ratings .l{mine.level} b").get_by_text("1", exact=True).wait_for()
    everything = screen.page.content()
    for citizen in citizens:
        assert citizen.card.name not in everything
        assert citizen.card.number not in everything
    origin = f"http://127.0.0.1:{stage.run.ports.http}/"
    assert [url for url in screen.asked if not url.startswith(origin)] == []
    assert screen.complaints == []
