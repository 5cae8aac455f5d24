"""What each window shows, as picture files that the centre's page can show too.

Display and lamps as the twins see them: decoded from what the terminal sent over I2C, and the
levels of the lamps' lines. Above the display's 128 × 64 pixels, below a strip with the red, yellow
and green light on the left and the five lamps of the rating pad on the right, level 1 first.
"""

import io
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw

from sim.window import Window

DISPLAY_PX = (128, 64)
STRIP_PX = 16
_RADIUS_PX = 5
_LOOK_S = 0.1
_END_S = 5.0
_DARK, _EDGE = "#20262e", "#56606c"
_LIGHTS = (("red", "#ff3b30"), ("yellow", "#ffcc00"), ("green", "#34c759"))
_PAD = "#ffffff"

Face = tuple[bytes, tuple[bool, ...]]
"""The display's pixels, and which lamps are lit: red, yellow, green, level 1 to 5."""


class Panels:
    """Keeps `{terminal}.png` in a folder as the windows are, in a thread of its own."""

    def __init__(self, folder: Path, windows: Mapping[str, Window]) -> None:
        self._folder = folder
        self._windows = windows
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True, name="panels")

    def start(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_END_S)

    def _follow(self) -> None:
        written: dict[str, Face] = {}
        while not self._stopping.wait(_LOOK_S):
            for name, window in self._windows.items():
                face = _face(window)
                if written.get(name) != face:
                    _write(self._folder / f"{name}.png", draw(*face))
                    written[name] = face


def draw(display: bytes, lamps: tuple[bool, ...]) -> bytes:
    """A PNG of 128 × 80 pixels. `display`: 64 rows of 16 bytes, the leftmost pixel highest."""
    width, height = DISPLAY_PX
    image = Image.new("RGB", (width, height + STRIP_PX), _DARK)
    image.paste(Image.frombytes("1", DISPLAY_PX, display), (0, 0))
    pen = ImageDraw.Draw(image)
    colours = [colour for _, colour in _LIGHTS] + [_PAD] * 5
    places = [8, 24, 40, *(width - 8 - 13 * left for left in (4, 3, 2, 1, 0))]
    for lit, colour, x in zip(lamps, colours, places, strict=True):
        middle, reach = (x, height + STRIP_PX // 2), _RADIUS_PX
        box = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
        pen.ellipse(box, fill=colour if lit else _DARK, outline=_EDGE)
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _face(window: Window) -> Face:
    wires = window.wires
    pins = [*(getattr(wires, name) for name, _ in _LIGHTS), *wires.lamps]
    return window.kernel.picture, tuple(map(window.gpio.lit, pins))


def _write(path: Path, png: bytes) -> None:
    fresh = path.with_suffix(".part")
    fresh.write_bytes(png)
    os.replace(fresh, path)
