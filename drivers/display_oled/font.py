"""Text as rows of pixels in a declared font. What the font has not is drawn as a box, never as `?`.

Source: docs/protocols/oled-ssd1306.md, "Screen".
"""

import unicodedata
from collections.abc import Iterator
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont

from hal.errors import DeviceLost

_PROOF = "请号窗口"
"""What every Chinese font has."""
_NOWHERE = "\U0010ffff"
"""Not a character, so what is drawn for it is what this font draws for all that it has not."""


class Font:
    """A font file in one size."""

    def __init__(self, path: str, size_px: int) -> None:
        """DeviceLost if there is no such font, or it has no Chinese."""
        try:
            # The other engine takes five times as long, is not everywhere, and shapes Arabic.
            basic = ImageFont.Layout.BASIC
            self._font = ImageFont.truetype(path, size_px, layout_engine=basic)
        except OSError as error:
            cause = f"cannot read the font {path}; install fonts-wqy-microhei or set `font`"
            raise DeviceLost(cause, remedy="configure") from error
        self._size_px = size_px
        self._absent = self._shape(_NOWHERE)
        self._known: dict[str, bool] = {}
        if not all(map(self.has, _PROOF)):
            cause = f"the font {path} has no Chinese; install fonts-wqy-microhei or set `font`"
            raise DeviceLost(cause, remedy="configure")

    def has(self, character: str) -> bool:
        """Whether the font can draw it. Control characters are in no font."""
        if character not in self._known:
            self._known[character] = unicodedata.category(character) != "Cc" and (
                character.isspace() or self._shape(character) != self._absent
            )
        return self._known[character]

    def row(self, text: str, height_px: int) -> Image.Image:
        """`text` as one row, as wide as it needs, its middle in the middle."""
        parts = list(self._parts(text))
        image = Image.new("1", (max(1, sum(width for *_, width in parts)), height_px))
        pen, left_px = ImageDraw.Draw(image), 0
        for part, drawn, width_px in parts:
            if drawn:
                pen.text((left_px, height_px // 2), part, fill=1, font=self._font, anchor="lm")
            else:
                self._boxes(pen, left_px, height_px // 2, len(part))
            left_px += width_px
        return image

    def _parts(self, text: str) -> Iterator[tuple[str, bool, int]]:
        """Runs of what the font has and has not, and how wide each is."""
        for drawn, characters in groupby(text, self.has):
            part = "".join(characters)
            width_px = self._width_px(part) if drawn else self._size_px * len(part)
            yield part, drawn, width_px

    def _width_px(self, part: str) -> int:
        right_px = self._font.getbbox(part, anchor="lm")[2]
        return max(round(self._font.getlength(part)), int(right_px))

    def _boxes(self, pen: ImageDraw.ImageDraw, left_px: int, middle_px: int, count: int) -> None:
        reach_px = self._size_px // 2 - 1
        for number in range(count):
            left = left_px + number * self._size_px + 1
            corners = (
                left,
                middle_px - reach_px,
                left + 2 * reach_px - 1,
                middle_px + reach_px - 1,
            )
            pen.rectangle(corners, outline=1)
            pen.line(corners, fill=1)

    def _shape(self, character: str) -> tuple[tuple[int, int], bytes]:
        mask = self._font.getmask(character, mode="1")
        return mask.size, bytes(mask)
