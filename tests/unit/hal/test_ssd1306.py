"""Commands of the display against golden bytes of its data sheet."""

import json
from pathlib import Path

from hal.codecs import ssd1306

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "oled-ssd1306.json"
GOLDEN = json.loads(VECTORS.read_text("utf-8"))


def test_the_set_up_is_what_the_glass_needs() -> None:
    """Every command once, with its argument, in an order in which no argument is a command."""
    expected = b"".join(bytes.fromhex(code + value) for code, value in GOLDEN["set_up"].items())
    assert expected == ssd1306.SET_UP


def test_a_command_fits_one_block_write() -> None:
    """The kernel carries 32 bytes in one; cut in two, a command would lose its argument."""
    assert len(ssd1306.SET_UP) <= 32


def test_areas_and_single_commands() -> None:
    """First and last column, then first and last page."""
    assert ssd1306.area(0, 127, 0, 7) == bytes.fromhex(GOLDEN["whole_picture"])
    assert ssd1306.area(0, 127, 6, 7) == bytes.fromhex(GOLDEN["second_line_below_a_large_text"])
    golden = [bytes.fromhex(GOLDEN[name]) for name in ("on", "dark", "nothing")]
    assert golden == [ssd1306.ON, ssd1306.DARK, ssd1306.NOTHING]
