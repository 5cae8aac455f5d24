"""The two pages in a browser, above a window that is played."""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from firmware.unconfigured import Unconfigured, Way

PICTURES = os.environ.get("ONEWINDOW_PICTURES")
"""A folder for the picture that the documentation shows; none is made without it."""
DEADLINE_MS = 20_000
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@pytest.fixture
def browser_page() -> Iterator[tuple[Page, list[str]]]:
    """A page of a browser, and what it asked for or complained of."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM, headless=True
        )
        page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="zh-CN")
        page.set_default_timeout(DEADLINE_MS)
        strange: list[str] = []
        page.on("pageerror", lambda error: strange.append(str(error)))
        page.on("console", lambda told: strange.append(told.text) if told.type == "error" else None)
        page.on("request", lambda request: strange.append(request.url))
        yield page, strange
        browser.close()


def press(browser: Page, name: str) -> None:
    """Press the button whose text begins with `name`, once it may be pressed."""
    browser.get_by_role("button", name=re.compile(f"^{name}"), disabled=False).click()


def test_both_pages_work(page: Any, browser_page: tuple[Page, list[str]]) -> None:
    """Lamps and remedies at /, a whole visit at /work, a refusal in words; no other host is asked.

    The device that is away is red and says what to do; an item that needs it cannot be chosen.
    """
    browser, strange = browser_page
    browser.goto(f"{page.address}/?token={page.token}")
    camera = browser.locator('[data-device="camera"]')
    camera.get_by_text("请检查连线或重新插拔").wait_for()
    assert "bad" in (camera.get_attribute("class") or "")
    browser.get_by_text("under_voltage").wait_for()
    if PICTURES:
        browser.screenshot(path=Path(PICTURES) / "technician-zh.png", full_page=True)

    browser.goto(f"{page.address}/work")
    browser.get_by_role("button", name="养老保险待遇申领").wait_for()
    assert browser.get_by_role("button", name="养老保险待遇申领").is_disabled()
    press(browser, "社会保险参保登记")
    press(browser, "代办人")
    page.window.blurred = True
    press(browser, "拍摄页面")
    browser.get_by_text("请重新放置页面。").wait_for()
    page.window.blurred = False
    for name in ("拍摄页面", "请评价", "办结"):
        press(browser, name)
    browser.get_by_role("button", name="社会保险参保登记").wait_for()
    assert page.window.done == ["open", "party agent", "page", "rating", "close finished"]
    others = [seen for seen in strange if not seen.startswith(page.address)]
    assert [told for told in others if "409 (Conflict)" not in told] == []


def test_a_device_that_nobody_configured_is_seen(
    page: Any, browser_page: tuple[Page, list[str]]
) -> None:
    """Its row has the id and the lines to add; a name that is markup is shown as it is."""
    browser, _ = browser_page
    way = Way("serial", "/dev/serial/by-path/p0", ("id_serial",), '[device.…]\ndriver = "…"')
    page.unknown.append(Unconfigured("1-1.2", "10c4:ea60", "Sim", "<b>Bridge</b>", (way,)))
    page.unknown.append(Unconfigured("1-1.3", "1a86:e012", "", "", (Way("other", None, (), ""),)))
    browser.goto(f"{page.address}/?token={page.token}")
    row = browser.locator('[data-usb="10c4:ea60"]')
    row.get_by_text("Sim <b>Bridge</b>").wait_for()
    assert row.locator("pre").inner_text() == way.toml
    browser.locator('[data-usb="1a86:e012"]').get_by_text("没有适用的驱动").wait_for()
    page.unknown.clear()
    row.wait_for(state="hidden")
    assert browser.locator("#unknown").is_hidden()


def test_the_preview_is_seen_and_goes(page: Any, browser_page: tuple[Page, list[str]]) -> None:
    """A new picture replaces the last one by itself; at its end the picture is gone."""
    browser, _ = browser_page
    written = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(written, "JPEG")
    browser.goto(f"{page.address}/work?token={page.token}")
    picture = browser.locator("#preview")
    assert picture.is_hidden()
    page.frames.append(written.getvalue())
    picture.wait_for(state="visible")
    first = picture.get_attribute("src")
    browser.wait_for_function(
        "(first) => document.getElementById('preview').src.slice(-20) !== first.slice(-20)"
        " && document.getElementById('preview').naturalWidth === 64",
        arg=first,
    )
    page.frames.clear()
    picture.wait_for(state="hidden")
