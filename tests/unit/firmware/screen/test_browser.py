"""The customer screen in a browser, above a real window."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright

PICTURES = os.environ.get("ONEWINDOW_PICTURES")
"""A folder for the pictures that the documentation shows; none is made without it."""
DEADLINE_MS = 20_000
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SIZES = [(1280, 800), (1920, 1080)]
SERVICE = {"teller": "示例乙", "post": "综合窗口", "promises": ["一次告知", "当场办结", "不收费"]}
PERSONAL = ("示例甲", "11010519491231002X", "示例省示例市示例路", "A001", "我听不见")
"""What of the citizen was on the screen or was typed there."""
KEPT = """async () => JSON.stringify([
  {...localStorage}, {...sessionStorage}, history.state, await caches.keys(),
  (await indexedDB.databases()).map((each) => each.name), document.cookie,
])"""
HERE = "() => document.activeElement.matches('button') ? document.activeElement.textContent : ''"
FITS = """() => [...document.querySelectorAll("button, h1, canvas, .levels")].every((each) => {
  const box = each.getBoundingClientRect();
  return box.width === 0 || each.closest(".scroll")
    || (box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight);
})"""


@pytest.fixture
def browse(hall: Any, tmp_path: Path) -> Iterator[tuple[Callable[..., Page], list[str]]]:
    """Opens the screen in a browser whose profile lies in `tmp_path / "profile"`."""
    strange: list[str] = []
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path="/usr/bin/chromium",
            args=CHROMIUM,
            headless=True,
            viewport={"width": 1280, "height": 800},
            locale="zh-CN",
        )

        def open_page(size: tuple[int, int] = (1280, 800)) -> Page:
            page = context.new_page()
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.set_default_timeout(DEADLINE_MS)
            page.on("pageerror", lambda error: strange.append(str(error)))
            page.on("console", lambda told: strange.append(told.text))
            page.goto(f"{hall.address}/?token={hall.token}")
            scenery(page, "idle")
            hall.order("screen/show", None, **SERVICE)
            return page

        yield open_page, strange
        context.close()


def scenery(page: Page, name: str) -> None:
    page.locator(f'#scene[data-scenery="{name}"]').wait_for()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, disabled=False).click()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / name)


def read_back(hall: Any, page: Page) -> None:
    """A visit, with the application on the screen."""
    hall.order("visit/open", ticket="A001", window=3)
    scenery(page, "called")
    hall.order("screen/confirm", sheet=hall.sheet)
    page.get_by_text("11010519491231002X").wait_for()


def go(page: Page, name: str, key: str) -> None:
    """Go to the button by Tab alone, and press `key` there."""
    for _ in range(12):
        if page.evaluate(HERE).startswith(name):
            break
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press(key)


def write(page: Page) -> None:
    """Three strokes of a pen over the field."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    for stroke in (((0.2, 0.3), (0.4, 0.7)), ((0.4, 0.3), (0.2, 0.7)), ((0.5, 0.5), (0.8, 0.4))):
        (x0, y0), (x1, y1) = stroke
        page.mouse.move(box["x"] + x0 * box["width"], box["y"] + y0 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + x1 * box["width"], box["y"] + y1 * box["height"], steps=8)
        page.mouse.up()


@pytest.mark.parametrize("size", SIZES)
def test_a_visit_from_the_call_to_the_good_bye(
    hall: Any, browse: tuple[Callable[..., Page], list[str]], size: tuple[int, int]
) -> None:
    """Who serves, the call, the application, the signature, the rating: by touch, all in sight."""
    open_page, strange = browse
    page = open_page(size)
    page.get_by_text("一次告知").wait_for()
    read_back(hall, page)
    assert page.locator("header").inner_text().count("示例乙") == 1
    assert page.evaluate(FITS)
    if size == SIZES[0]:
        picture(page, "customer-screen-zh.png")
    assert page.get_by_role("button", name="确认无误").is_disabled()
    press(page, "往下看")
    press(page, "确认无误")
    scenery(page, "sign")
    assert page.get_by_role("button", name="完成签名").is_disabled()
    write(page)
    press(page, "重签")
    assert page.get_by_role("button", name="完成签名").is_disabled()
    write(page)
    assert page.evaluate(FITS)
    press(page, "完成签名")
    scenery(page, "serving")
    hall.order("rating/request", "v1", request="r1")
    scenery(page, "rating")
    assert page.evaluate(FITS)
    page.get_by_role("button", name="非常满意").first.click()
    page.get_by_text("谢谢您的评价").wait_for()
    page.locator('button[aria-pressed="true"]', has_text="非常满意").wait_for()
    hall.order("visit/close")
    scenery(page, "thanks")
    assert hall.kinds() == ["sheet.confirmed", "signature.given", "rating.given"]
    assert len(hall.spool.waiting()) == 1
    assert strange == []


def test_nothing_personal_stays(
    hall: Any, browse: tuple[Callable[..., Page], list[str]], tmp_path: Path
) -> None:
    """Neither in the page, nor in what a browser stores, nor anywhere in its profile on disk."""
    page = browse[0]()
    read_back(hall, page)
    press(page, "打字交谈")
    page.get_by_role("textbox", name="请在此输入").last.fill("我听不见,我叫示例甲")
    hall.order("visit/close")
    scenery(page, "thanks")
    assert not any(text in page.content() for text in PERSONAL)
    hall.clock.pass_s(5.0)
    scenery(page, "idle")
    everything = page.content() + page.evaluate(KEPT) + page.url + page.title()
    assert not any(text in everything for text in PERSONAL)
    page.context.close()
    files = [path for path in (tmp_path / "profile").rglob("*") if path.is_file()]
    assert files
    for path in files:
        kept = path.read_bytes()
        for text in PERSONAL[:3]:
            assert text.encode() not in kept, path
            assert text.encode("utf-16-le") not in kept, path


def test_the_next_visit_takes_the_good_byes_place(
    hall: Any, browse: tuple[Callable[..., Page], list[str]]
) -> None:
    """At once, whatever is left of the five seconds."""
    page = browse[0]()
    read_back(hall, page)
    hall.order("visit/close")
    scenery(page, "thanks")
    hall.order("visit/open", "v2", ticket="A002", window=3)
    scenery(page, "called")
    page.get_by_role("heading", name="A002").wait_for()
    assert not any(text in page.content() for text in PERSONAL)


def test_a_screen_without_its_terminal_shows_nothing(
    hall: Any, browse: tuple[Callable[..., Page], list[str]]
) -> None:
    """What stood there when the terminal went away is not left to the next person."""
    page = browse[0]()
    read_back(hall, page)
    page.route("**/events", Route.abort)
    hall.presenter.stop()
    scenery(page, "silent")
    assert not any(text in page.content() for text in PERSONAL)


def test_a_screen_that_hears_nothing_blanks_itself(
    hall: Any, browse: tuple[Callable[..., Page], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal that hangs holds its connections; four beats without a word are enough."""
    monkeypatch.setattr("firmware.screen.server.BEAT_S", 3600.0)
    page = browse[0]()
    page.clock.install()
    page.reload()
    scenery(page, "idle")
    read_back(hall, page)
    page.clock.fast_forward(3000)
    scenery(page, "sheet")
    page.clock.fast_forward(3000)
    scenery(page, "silent")
    assert not any(text in page.content() for text in PERSONAL)


def test_a_dialogue_is_on_the_screen_only(
    hall: Any, browse: tuple[Callable[..., Page], list[str]]
) -> None:
    """Each side sees what the other types; nothing of it is sent; closing it takes it away."""
    page = browse[0]()
    hall.order("visit/open", ticket="A001", window=3)
    scenery(page, "called")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    press(page, "打字交谈")
    teller, citizen = page.locator(".side.turned"), page.locator(".side:not(.turned)")
    page.keyboard.type("hello")
    assert teller.locator(".heard").inner_text() == "hello"
    teller.get_by_role("button", name="请出示身份证").click()
    assert citizen.locator(".heard").inner_text() == "请出示身份证"
    assert page.evaluate(FITS)
    picture(page, "customer-dialogue-zh.png")
    press(page, "结束交谈")
    assert "hello" not in page.content()
    press(page, "打字交谈")
    assert citizen.get_by_role("textbox").input_value() == ""
    assert sent == []


def test_what_is_wrong_is_marked_by_keys_alone(
    hall: Any, browse: tuple[Callable[..., Page], list[str]]
) -> None:
    """Without a touch: 有误, a row, back and again, and the teller is told which."""
    page = browse[0]()
    read_back(hall, page)
    go(page, "有误", "Enter")
    go(page, "返回", "Enter")
    go(page, "有误", "Enter")
    go(page, "户籍地址", "Space")
    page.get_by_role("button", name="户籍地址", pressed=True).wait_for()
    go(page, "告知工作人员", "Enter")
    scenery(page, "serving")
    assert hall.data("sheet.disputed").rows == ["户籍地址"]


def test_larger_type_and_speech(hall: Any, browse: tuple[Callable[..., Page], list[str]]) -> None:
    """大字 lasts for the visit; 朗读 has the voice say what to do."""
    page = browse[0]((1920, 1080))
    read_back(hall, page)
    size = "() => parseFloat(getComputedStyle(document.querySelector('.row')).fontSize)"
    before = page.evaluate(size)
    press(page, "大字")
    assert page.evaluate(size) > 1.25 * before > 1.25 * 40
    assert page.evaluate(FITS)
    with page.expect_response("**/api/speak"):
        press(page, "朗读")
    assert hall.said == ["请核对"]
    hall.order("visit/close")
    scenery(page, "thanks")
    assert page.locator("#larger").get_attribute("aria-pressed") == "false"
