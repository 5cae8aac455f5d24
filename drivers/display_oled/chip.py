"""The display's memory and what is sent to change it: what differs, and nothing else.

Source: docs/protocols/oled-ssd1306.md. luma is the bus alone here: its own class for this display
sends each picture whole, cannot set up again one that forgot, and is kept until the program ends.
"""

import contextlib
from collections.abc import Iterator

from luma.core.error import Error as LumaError  # type: ignore[import-untyped]
from luma.core.interface.serial import i2c  # type: ignore[import-untyped]

from hal.codecs import ssd1306
from hal.codecs.ssd1306 import PAGES, WIDTH_PX

GONE = (LumaError, OSError)
_MEMORY_BYTES = WIDTH_PX * PAGES


class Chip:
    """One module on an open bus. Every method but `close` ends with one of GONE when it is not
    there; for one thread at a time.
    """

    def __init__(self, bus: str, address: int) -> None:
        self._bus = i2c(port=bus, address=address)
        self._memory = bytes(_MEMORY_BYTES)

    def begin(self, pages: bytes) -> None:
        """Set it up, whatever it was, and show `pages`; also when it has forgotten all of it."""
        self._bus.command(*ssd1306.SET_UP)
        self._send(pages, 0, PAGES - 1, 0, WIDTH_PX - 1)
        self._bus.command(*ssd1306.ON)
        self._memory = pages

    def show(self, pages: bytes) -> bool:
        """Send what differs from what is shown. False if nothing does."""
        changed = list(areas(self._memory, pages))
        for first_page, last_page, first_column, last_column in changed:
            self._send(pages, first_page, last_page, first_column, last_column)
        self._memory = pages
        return bool(changed)

    def ask(self) -> None:
        """Send what changes nothing: is it there?"""
        self._bus.command(*ssd1306.NOTHING)

    def close(self) -> None:
        """Switch it off, if it is there, and let go of the bus. Never raises."""
        with contextlib.suppress(*GONE):
            # Nobody keeps the text true from here on.
            self._bus.command(*ssd1306.DARK)
        with contextlib.suppress(OSError):
            self._bus.cleanup()

    def _send(
        self, pages: bytes, first_page: int, last_page: int, first_column: int, last_column: int
    ) -> None:
        self._bus.command(*ssd1306.area(first_column, last_column, first_page, last_page))
        body = bytearray()
        for page in range(first_page, last_page + 1):
            start = page * WIDTH_PX
            body += pages[start + first_column : start + last_column + 1]
        self._bus.data(body)


def areas(old: bytes, new: bytes) -> Iterator[tuple[int, int, int, int]]:
    """First and last page, first and last column of what differs, pages that adjoin together."""
    run: tuple[int, int, int, int] | None = None
    for page in range(PAGES):
        columns = _columns(old, new, page * WIDTH_PX)
        if columns is None:
            if run is not None:
                yield run
            run = None
        elif run is None:
            run = (page, page, *columns)
        else:
            run = (run[0], page, min(run[2], columns[0]), max(run[3], columns[1]))
    if run is not None:
        yield run


def _columns(old: bytes, new: bytes, start: int) -> tuple[int, int] | None:
    """The first and the last column that differ in the page that begins at `start`."""
    end = start + WIDTH_PX
    if old[start:end] == new[start:end]:
        return None
    different = [column for column in range(WIDTH_PX) if old[start + column] != new[start + column]]
    return different[0], different[-1]
