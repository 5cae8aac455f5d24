"""The small display: the driver on an I2C bus of umockdev, read back as pixels.

The hardware's part runs with ONEWINDOW_HARDWARE_OLED=/dev/i2c-1 and a person who looks.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from drivers.registry import load
from hal.clock import SystemClock
from hal.interfaces import Screen
from sim.twins.display import FAULTS, DisplayTwin
from sim.twins.testbed import DISPLAY_ADDRESS, I2C_BUS, KernelTwin

FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
LATIN_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
HARDWARE = os.environ.get("ONEWINDOW_HARDWARE_OLED")
WAIT_S = 10.0
DARK = bytes(64 * 16)
WHOLE_CLOCKS = 9 * (8 + 1026) + 4
"""A whole picture on the wire: docs/protocols/oled-ssd1306.md, "Time"."""
LONG = "请取回您的社会保障卡谢谢"
PAGE_OF_THE_TERMINAL = "http://192.168.1.23:8088/"


@pytest.fixture
def kernel() -> Iterator[KernelTwin]:
    twin = KernelTwin()
    twin.start()
    yield twin
    twin.stop()


@pytest.fixture
def display(kernel: KernelTwin, program: Callable[..., Any]) -> Any:
    return program(kernel, "display_oled", {"bus": I2C_BUS}).started()


def font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size_px, layout_engine=ImageFont.Layout.BASIC)


def drawn(large: str, lines: Sequence[str], gone_px: int = 0) -> bytes:
    """The picture of docs/protocols/oled-ssd1306.md, "Screen": rows of 16 bytes.

    `gone_px`: how much of the first line has gone past, its beginning 28 px behind its end.
    """
    image = Image.new("1", (128, 64))
    draw = ImageDraw.Draw(image)
    if large:
        draw.text((0, 16), large, fill=1, font=font(28), anchor="lm")
    for number, line in enumerate(lines):
        x, y = (0, -gone_px)[number == 0], (40 if large else 8) + 16 * number
        draw.text((x, y), line, fill=1, font=font(14), anchor="lm")
        if number == 0 and gone_px:
            again = x + round(font(14).getlength(line)) + 28
            draw.text((again, y), line, fill=1, font=font(14), anchor="lm")
    return image.tobytes()


def seen(kernel: KernelTwin) -> Image.Image:
    return Image.frombytes("1", (128, 64), kernel.picture)


def shows(kernel: KernelTwin, *pictures: bytes) -> bool:
    """Whether one of these pictures comes."""
    return kernel.wait(lambda: kernel.picture in pictures, WAIT_S)


SCREENS: list[tuple[str, list[str]]] = [
    ("A012", ["请到3号窗口", "社会保障卡"]),
    ("", ["设备离线 offline", "读卡器", "请A012号到3号", "remedy: reset", "not seen"]),
    ("请评价", []),
]


def test_what_a_person_sees_is_what_was_drawn(kernel: KernelTwin, display: Any) -> None:
    """Screen after screen, every pixel; a line below the edge is not seen."""
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


def test_opened_it_has_been_sent_the_set_up_and_one_picture(
    kernel: KernelTwin, display: Any
) -> None:
    """Clock by clock as in docs/protocols/oled-ssd1306.md; then a write a second asks for it."""
    set_up, nothing = 9 * (1 + 24) + 2, 9 * (1 + 2) + 2
    more = kernel.bus_clocks() - (set_up + WHOLE_CLOCKS + nothing)
    assert more >= 0
    assert more % nothing == 0


def test_only_what_differs_is_sent(kernel: KernelTwin, display: Any) -> None:
    """The next number is one digit on the wire, not a whole picture."""
    display.order({"show": ["A012", ["请到3号窗口"]]})
    assert shows(kernel, drawn("A012", ["请到3号窗口"]))
    before = kernel.bus_clocks()
    display.order({"show": ["A013", ["请到3号窗口"]]})
    assert shows(kernel, drawn("A013", ["请到3号窗口"]))
    assert 0 < kernel.bus_clocks() - before < WHOLE_CLOCKS / 8


def test_a_line_too_long_goes_past(kernel: KernelTwin, display: Any) -> None:
    """Its beginning first, then all of it, two pixels a step; its beginning again behind its end.

    Told the same again and again it goes on where it is. The other line stands still.
    """
    display.order({"show": ["A012", [LONG, "办理业务"]]})
    at_rest = drawn("A012", [LONG, "办理业务"])
    assert shows(kernel, at_rest)
    steps = {drawn("A012", [LONG, "办理业务"], px): px for px in range(2, 196, 2)}
    last = [picture for picture, px in steps.items() if px > 168]
    strays: list[bytes] = []

    def all_gone_past() -> bool:
        if kernel.picture not in steps and kernel.picture != at_rest:
            strays.append(kernel.picture)
        display.order({"show": ["A012", [LONG, "办理业务"]]})
        return kernel.picture in last

    assert kernel.wait(all_gone_past, 2 * WAIT_S)
    assert strays == []
    assert shows(kernel, at_rest)


def test_the_window_stands_in_the_corner(kernel: KernelTwin, display: Any) -> None:
    """Small, dark on light, beside a large text of four characters; with no large text too."""
    for large, lines in (("网络中断", ["请稍候"]), ("", ["请等候叫号"])):
        display.order({"show": [large, lines, "12"]})
        without = Image.frombytes("1", (128, 64), drawn(large, lines))
        width_px = round(font(12).getlength("12")) + 2
        digits = Image.new("1", (width_px, 14), 1)
        ImageDraw.Draw(digits).text((1, 7), "12", fill=0, font=font(12), anchor="lm")
        without.paste(digits, (128 - width_px, 0))
        assert shows(kernel, without.tobytes())


def test_a_code_for_the_technicians_telephone(kernel: KernelTwin, display: Any) -> None:
    """A reader that is not of the driver's library reads it; the words stand beside it."""
    display.order({"show": ["扫码", ["地址"], "3", PAGE_OF_THE_TERMINAL]})
    assert display.next() == {"shown": True}
    assert kernel.wait(lambda: any(kernel.picture), WAIT_S)
    large = np.array(seen(kernel).convert("L").resize((128 * 6, 64 * 6), Image.Resampling.NEAREST))
    read, *_ = cv2.QRCodeDetector().detectAndDecode(large)
    assert read == PAGE_OF_THE_TERMINAL
    words = Image.frombytes("1", (128, 64), drawn("扫码", ["地址"]))
    left = (0, 32, 64, 64)
    assert seen(kernel).crop(left).tobytes() == words.crop(left).tobytes()


def test_a_text_too_long_for_a_code_is_left_out(kernel: KernelTwin, display: Any) -> None:
    """The words have the whole width then."""
    display.order({"show": ["", ["请到3号窗口办理"], "", "x" * 400]})
    assert shows(kernel, drawn("", ["请到3号窗口办理"]))


def test_what_the_font_has_not_is_a_box(kernel: KernelTwin, display: Any) -> None:
    """Crossed, as wide as a character, and no question mark; what stands behind it is drawn."""
    display.order({"show": ["", ["\U0002cc56号\n"]]})
    image = Image.new("1", (128, 64))
    pen = ImageDraw.Draw(image)
    for left in (0, 28):
        pen.rectangle((left + 1, 2, left + 12, 13), outline=1)
        pen.line((left + 1, 2, left + 12, 13), fill=1)
    pen.text((14, 8), "号", fill=1, font=font(14), anchor="lm")
    assert shows(kernel, image.tobytes())


def test_closed_it_is_dark(kernel: KernelTwin, display: Any) -> None:
    """Nobody keeps the text true after the terminal has ended; closing twice is no error."""
    display.order({"show": ["A012", []]})
    assert shows(kernel, drawn("A012", []))
    display.order({"stop": True})
    assert shows(kernel, DARK)
    display.order({"close": True})
    assert [display.next() for _ in range(3)][1:] == [{"stopped": True}, {"closed": True}]


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in {"reset", "slow"}])
def test_lost_and_back(kernel: KernelTwin, display: Any, fault: str) -> None:
    """The loss is told though nobody shows anything; opened again, it shows what it is told."""
    twin = DisplayTwin(kernel)
    twin.fault(fault)
    assert display.next()["remedy"] == "reset"
    twin.mend()
    display.started()
    display.order({"show": ["A012", []]})
    assert shows(kernel, drawn("A012", []))


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in {"reset", "slow"}])
def test_lost_while_a_line_goes_past(kernel: KernelTwin, display: Any, fault: str) -> None:
    """Found then too."""
    display.order({"show": ["", [LONG]]})
    assert display.next() == {"shown": True}
    assert shows(kernel, *(drawn("", [LONG], px) for px in range(2, 196, 2)))
    DisplayTwin(kernel).fault(fault)
    assert display.next()["remedy"] == "reset"


def test_a_display_that_forgot_is_set_up_again(
    kernel: KernelTwin, program: Callable[..., Any]
) -> None:
    """A dip of its power says nothing on the bus; the text is back without anybody's doing."""
    display = program(kernel, "display_oled", {"bus": I2C_BUS, "repaint_s": 1}).started()
    display.order({"show": ["A012", []]})
    assert shows(kernel, drawn("A012", []))
    DisplayTwin(kernel).fault("reset")
    assert shows(kernel, DARK)
    assert shows(kernel, drawn("A012", []))


def test_a_slow_bus_is_no_loss(kernel: KernelTwin, display: Any) -> None:
    """At 100 kHz it shows the same."""
    DisplayTwin(kernel).fault("slow")
    display.order({"show": ["A012", ["请到3号窗口"]]})
    assert shows(kernel, drawn("A012", ["请到3号窗口"]))
    assert display.next() == {"shown": True}


def test_showing_on_a_lost_display(kernel: KernelTwin, display: Any) -> None:
    """Whoever shows something on a display that is gone is told, each time."""
    kernel.unplug("display")
    for _ in range(2):
        display.order({"show": ["A012", []]})
        assert display.next()["remedy"] in {"reset", "none"}


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"bus": I2C_BUS, "address": DISPLAY_ADDRESS + 1}, "0x3D"),
        ({"bus": "/dev/i2c-7"}, "/dev/i2c-7"),
        ({"bus": I2C_BUS, "font": "/nowhere/font.ttc"}, "/nowhere/font.ttc"),
        ({"bus": I2C_BUS, "font": LATIN_FONT}, "no Chinese; install fonts-wqy-microhei"),
    ],
)
def test_a_display_that_is_not_there(
    kernel: KernelTwin, program: Callable[..., Any], table: dict[str, object], named: str
) -> None:
    """Another address, no such bus, no font, none for Chinese: which, and what to do."""
    display = program(kernel, "display_oled", table)
    display.order({"start": True})
    told = display.next()
    assert (told["remedy"], named in told["lost"]) == ("configure", True)
    display.order({"show": ["A012", []]})
    assert display.next()["lost"] == "the display is not open"


def test_the_font_is_there() -> None:
    """The font that the driver draws with unless told otherwise is on this machine."""
    assert Path(FONT).exists()


@pytest.mark.skipif(HARDWARE is None, reason="set ONEWINDOW_HARDWARE_OLED=/dev/i2c-1 to run it")
def test_a_real_display(run: Callable[[str, dict[str, object]], Any]) -> None:
    """Opens, shows each screen for a person to see, and is dark when it is closed."""
    running = run("display_oled", {"bus": HARDWARE}).started()
    for large, lines in SCREENS:
        running.device.show(Screen(large, lines, "3"))
    running.device.show(Screen("扫码", ("地址",), "3", PAGE_OF_THE_TERMINAL))
    assert running.stop()
    spec = load("display_oled")
    again = spec.build(spec.configure({"bus": HARDWARE}), SystemClock())
    again.open()
    again.close()
