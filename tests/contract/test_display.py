"""The small display: the real luma library on an I2C bus of umockdev, read back as pixels."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from sim.twins.testbed import DISPLAY_ADDRESS, I2C_BUS, KernelTwin

FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
WAIT_S = 10.0
DARK = bytes(64 * 16)


@pytest.fixture
def kernel() -> Iterator[KernelTwin]:
    twin = KernelTwin()
    twin.start()
    yield twin
    twin.stop()


@pytest.fixture
def display(kernel: KernelTwin, program: Callable[..., Any]) -> Any:
    return program(kernel, "display_oled", {"bus": I2C_BUS}).started()


def drawn(large: str, lines: Sequence[str]) -> bytes:
    """The picture of docs/protocols/oled-ssd1306.md, "Screen": rows of 16 bytes."""
    image = Image.new("1", (128, 64))
    draw = ImageDraw.Draw(image)
    if large:
        draw.text((0, 16), large, fill=1, font=ImageFont.truetype(FONT, 28), anchor="lm")
    for y, line in zip(range(40 if large else 8, 128, 16), lines, strict=False):
        draw.text((0, y), line, fill=1, font=ImageFont.truetype(FONT, 14), anchor="lm")
    return image.tobytes()


def shows(kernel: KernelTwin, picture: bytes) -> bool:
    return kernel.wait(lambda: kernel.picture == picture, WAIT_S)


SCREENS: list[tuple[str, list[str]]] = [
    ("A012", ["请到3号窗口", "社会保障卡"]),
    ("", ["设备离线 offline", "读卡器", "请A012号到3号窗口办理业务", "remedy: reset", "cut"]),
    ("请A012号到3号窗口", []),
]


def test_what_a_person_sees_is_what_was_drawn(kernel: KernelTwin, display: Any) -> None:
    """Screen after screen, every pixel; what does not fit is cut at the edge."""
    for large, lines in SCREENS:
        display.order({"show": [large, lines]})
        assert display.next() == {"shown": True}
        expected = drawn(large, lines)
        assert any(expected)
        assert shows(kernel, expected)
    assert kernel.unknown == []


def test_an_empty_screen_is_dark(kernel: KernelTwin, display: Any) -> None:
    """Nothing of the screen before stays."""
    display.order({"show": ["A012", []]})
    assert shows(kernel, drawn("A012", []))
    display.order({"show": ["", []]})
    assert shows(kernel, DARK)


def test_the_same_screen_is_sent_once(kernel: KernelTwin, display: Any) -> None:
    """A screen that is already shown costs the bus nothing."""
    display.order({"show": ["A012", []]})
    assert display.next() == {"shown": True}
    assert shows(kernel, drawn("A012", []))
    display.order({"show": ["A013", []]})
    assert shows(kernel, drawn("A013", []))
    before = kernel.data_writes
    for _ in range(3):
        display.order({"show": ["A013", []]})
    display.order({"show": ["A012", []]})
    assert shows(kernel, drawn("A012", []))
    assert kernel.data_writes == before + 1


def test_closed_it_is_dark(kernel: KernelTwin, display: Any) -> None:
    """Nobody keeps the text true after the terminal has ended; closing twice is no error."""
    display.order({"show": ["A012", []]})
    assert shows(kernel, drawn("A012", []))
    display.order({"stop": True})
    assert shows(kernel, DARK)
    display.order({"close": True})
    assert [display.next() for _ in range(3)][1:] == [{"stopped": True}, {"closed": True}]


def test_unplugged_and_back(kernel: KernelTwin, display: Any) -> None:
    """The loss is told though nobody shows anything; opened again, it shows what it is told."""
    kernel.unplug("display")
    assert display.next()["remedy"] == "reset"
    kernel.plug("display")
    display.started()
    display.order({"show": ["A012", []]})
    assert shows(kernel, drawn("A012", []))


def test_showing_on_a_lost_display(kernel: KernelTwin, display: Any) -> None:
    """Whoever shows something on a display that is gone is told."""
    kernel.unplug("display")
    display.order({"show": ["A012", []]})
    assert display.next()["remedy"] in {"reset", "none"}


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"bus": I2C_BUS, "address": DISPLAY_ADDRESS + 1}, "0x3D"),
        ({"bus": "/dev/i2c-7"}, "/dev/i2c-7"),
        ({"bus": I2C_BUS, "font": "/nowhere/font.ttc"}, "/nowhere/font.ttc"),
    ],
)
def test_a_display_that_is_not_there(
    kernel: KernelTwin, program: Callable[..., Any], table: dict[str, object], named: str
) -> None:
    """Another address, no such bus, no font: opening says which, and what to do."""
    display = program(kernel, "display_oled", table)
    display.order({"start": True})
    told = display.next()
    assert (told["remedy"], named in told["lost"]) == ("configure", True)
    display.order({"show": ["A012", []]})
    assert display.next()["lost"] == "the display is not open"


def test_the_font_is_there() -> None:
    """The font that the driver draws with unless told otherwise is on this machine."""
    assert Path(FONT).exists()
