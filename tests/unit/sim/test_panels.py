"""Pictures of what a window shows."""

import io

from PIL import Image

from sim.panels import draw

NONE_LIT = (False,) * 8


def picture(display: bytes, lamps: tuple[bool, ...]) -> Image.Image:
    return Image.open(io.BytesIO(draw(display, lamps))).convert("RGB")


def test_the_display_is_there_pixel_for_pixel() -> None:
    """The leftmost pixel of a row is the highest bit of its first byte."""
    display = bytearray(64 * 16)
    display[0], display[-1] = 0x80, 0x01
    shown = picture(bytes(display), NONE_LIT)
    lit = {
        (x, y) for y in range(64) for x in range(128) if shown.getpixel((x, y)) == (255, 255, 255)
    }
    assert lit == {(0, 0), (127, 63)}
    assert shown.size == (128, 80)


def test_each_lamp_has_its_place() -> None:
    """Red, yellow and green on the left, the five levels of the pad on the right."""
    dark = picture(bytes(1024), NONE_LIT)
    changed = []
    for number in range(8):
        lit = picture(bytes(1024), tuple(each == number for each in range(8)))
        changed.append(
            [x for x in (8, 24, 40, 68, 81, 94, 107, 120)
             if lit.getpixel((x, 72)) != dark.getpixel((x, 72))]
        )  # fmt: skip
    assert changed == [[8], [24], [40], [68], [81], [94], [107], [120]]
