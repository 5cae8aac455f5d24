"""The display twin against command sequences of the data sheet."""

import pytest

from sim.testbed.ssd1306 import EREMOTEIO, Ssd1306

ON = bytes([0x00, 0xAF])
UPRIGHT = bytes([0x00, 0xA1, 0xC8])
HORIZONTAL = bytes([0x00, 0x20, 0x00])


def rows(chip: Ssd1306) -> list[str]:
    picture = chip.picture()
    return [f"{int.from_bytes(picture[y * 16 : y * 16 + 16], 'big'):0128b}" for y in range(64)]


def chip(*writes: bytes) -> Ssd1306:
    made = Ssd1306()
    for body in (UPRIGHT, ON, *writes):
        made.write(0x3C, body)
    return made


def test_page_mode_puts_a_byte_down_a_column() -> None:
    """In page mode (reset default) bit 0 is the top pixel of the page, columns go right."""
    shown = rows(chip(bytes([0x00, 0xB1, 0x02, 0x11]), bytes([0x40, 0x81, 0x01])))
    lit = {(x, y) for y, row in enumerate(shown) for x, pixel in enumerate(row) if pixel == "1"}
    assert lit == {(0x12, 8), (0x12, 15), (0x13, 8)}


def test_horizontal_mode_wraps_within_its_window() -> None:
    """Columns and pages stay in the window that 21h and 22h set, and go on in the next page."""
    window = bytes([0x00, 0x21, 10, 11, 0x22, 2, 3])
    shown = rows(chip(HORIZONTAL, window, bytes([0x40, 1, 1, 1, 1])))
    lit = {(x, y) for y, row in enumerate(shown) for x, pixel in enumerate(row) if pixel == "1"}
    assert lit == {(10, 16), (11, 16), (10, 24), (11, 24)}


def test_a_chip_that_is_off_shows_nothing_and_keeps_its_memory() -> None:
    """AEh darkens, AFh brings the same picture back."""
    made = chip(bytes([0x40, 0xFF]))
    before = made.picture()
    made.write(0x3C, bytes([0x00, 0xAE]))
    assert not any(made.picture())
    made.write(0x3C, ON)
    assert made.picture() == before
    assert any(before)


def test_inversion_start_line_and_mirroring_change_what_is_seen() -> None:
    """A7h inverts, 40h+n scrolls up by n lines, A0h and C0h mirror the module."""
    made = chip(HORIZONTAL, bytes([0x40, 0x04]))
    assert rows(made)[2][0] == "1"
    made.write(0x3C, bytes([0x00, 0x42]))
    assert rows(made)[0][0] == "1"
    made.write(0x3C, bytes([0x00, 0x40, 0xA0, 0xC0]))
    assert rows(made)[61][127] == "1"
    made.write(0x3C, bytes([0x00, 0xA7]))
    assert rows(made)[61][127] == "0"
    assert rows(made)[0][0] == "1"


def test_single_control_bytes_may_stand_before_every_byte() -> None:
    """With the Co bit set each byte has its own control byte, as the data sheet's figure 8-7."""
    made = chip(bytes([0x80, 0x20, 0x80, 0x00, 0xC0, 0x01, 0x40, 0x02]))
    assert rows(made)[0][0] == "1"
    assert rows(made)[1][1] == "1"


def test_another_address_is_not_acknowledged() -> None:
    """A write to an address without a chip fails as the kernel reports a missing acknowledge."""
    with pytest.raises(OSError, match="acknowledge") as failure:
        Ssd1306(0x3D).write(0x3C, ON)
    assert failure.value.errno == EREMOTEIO


def test_a_command_outside_the_data_sheet_is_remembered() -> None:
    """A byte that the table does not list is no silent success."""
    assert chip(bytes([0x00, 0xAA])).unknown == [0xAA]
