"""Commands of an SSD1306 display: what is sent before the bytes of a picture.

Source: docs/protocols/oled-ssd1306.md; Solomon Systech SSD1306 data sheet rev 1.1, section 9.
"""

WIDTH_PX, HEIGHT_PX = 128, 64
PAGE_PX = 8
"""Eight rows of pixels are a page; a byte of it is one column of them, bit 0 atop."""
PAGES = HEIGHT_PX // PAGE_PX

NOTHING = b"\xe3"
DARK, ON = b"\xae", b"\xaf"
SET_UP = bytes.fromhex(
    "D5 80"  # clock
    "A8 3F D3 00 40"  # 64 rows, from the first
    "8D 14"  # charge pump on
    "20 00"  # horizontal: columns, then pages
    "A1 C8 DA 12"  # upright
    "81 CF D9 F1 DB 40"  # contrast, precharge, deselect level
    "A4 A6"  # show the memory, lit where it is 1
)
"""The glass of 128 × 64 and the way of addressing; the same on a module that is on changes nothing.
"""


def area(first_column: int, last_column: int, first_page: int, last_page: int) -> bytes:
    """Where the bytes that follow go: along the columns, page by page. Ends are included."""
    return bytes((0x21, first_column, last_column, 0x22, first_page, last_page))
