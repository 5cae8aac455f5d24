"""Photographs of an A4 form on a desk, as an overhead camera (高拍仪) sends them.

The same seed gives the same picture. What is true of it (where the corners are) comes along.
"""

import io
from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
import segno
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sim import desk

Fault = Literal["blurred", "glare", "cut_edge", "no_page", "upside_down", "blank"]
Corners = tuple[tuple[float, float], ...]

_SHEET_DPI = 150
_SHEET_PX = (1240, 1754)  # A4, 210 × 297 mm, at 150 dpi
_FONT = "wqy-microhei.ttc"
_QR_MM = 32
_REFERENCE_WIDTH_PX = 1600.0
_WORDS = (
    "社会保险", "参保登记", "业务申请", "样张内容", "待遇核定", "材料齐全", "当场受理", "一次告知",
    "本人承诺", "所填属实", "经办机构", "核对无误", "示例文字", "仅供演示", "受理窗口", "办理期限",
)  # fmt: skip


@dataclass(frozen=True)
class Photo:
    """One frame. `corners` are the page's own: top left, top right, bottom right, bottom left, in
    pixels of the frame, wherever the page was turned to; empty when there is no page.
    """

    jpeg: bytes
    corners: Corners


def photograph(
    seed: int,
    text: str = "OW:M:01JD8Z3K5M7N9P1Q3R5S7T9V1W",
    *,
    size_px: tuple[int, int] = (2592, 1944),
    fault: Fault | None = None,
    sheet: int | None = None,
) -> Photo:
    """A page with `text` in its QR code; with `fault`, one that must be laid again, or none.

    `sheet` is the seed of what stands on it, where that is not `seed`: the same sheet can be laid
    again another way. Without `text` it has no code.
    """
    random = np.random.default_rng([seed, 4])
    scene = desk.surface(random, size_px)
    corners: Corners = ()
    if fault != "no_page":
        places = _lay(random, size_px, fault)
        number = seed if sheet is None else sheet
        form = _empty_sheet() if fault == "blank" else draw_sheet(number, text)
        scene = _put(random, scene, form, places)
        corners = tuple((float(x), float(y)) for x, y in places)
    light = desk.light(random, size_px) * np.float32(random.uniform(0.8, 1.0))
    scene = np.asarray(cv2.multiply(scene, cv2.merge([light] * 3)), np.float32)
    if fault == "glare":
        scene += _glare(random, size_px, np.array(corners))[..., None]
    return Photo(_expose(random, scene, blurred=fault == "blurred"), corners)


def draw_sheet(seed: int, text: str) -> Image.Image:
    """The form itself, flat: heading, QR code, lines of text, a table; 150 dpi, grey."""
    random = np.random.default_rng([seed, 5])
    sheet = _empty_sheet()
    pen = ImageDraw.Draw(sheet)
    pen.text((120, 110), "社会保险业务申请表（样张）", fill=20, font=_font(54))
    if text:
        sheet.paste(_qr(text), (_SHEET_PX[0] - 120 - _mm(_QR_MM), 90))
    y = 320
    for _ in range(int(random.integers(6, 14))):
        line = "".join(random.choice(_WORDS, int(random.integers(3, 8))))
        pen.text((120, y), line, fill=int(random.integers(20, 70)), font=_font(30))
        y += 52
    _draw_table(random, pen, y + 30)
    pen.text((120, 1640), "申请人（签名）：          年    月    日", fill=30, font=_font(30))
    return sheet


def _empty_sheet() -> Image.Image:
    return Image.new("L", _SHEET_PX, 240)


def _draw_table(random: np.random.Generator, pen: ImageDraw.ImageDraw, top: int) -> None:
    rows, columns, height = int(random.integers(4, 8)), int(random.integers(3, 6)), 64
    width = (_SHEET_PX[0] - 240) // columns
    for row in range(rows):
        for column in range(columns):
            left, upper = 120 + column * width, top + row * height
            pen.rectangle((left, upper, left + width, upper + height), outline=30, width=3)
            pen.text((left + 16, upper + 15), str(random.choice(_WORDS)), fill=40, font=_font(28))


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size_px)


def _qr(text: str) -> Image.Image:
    body = io.BytesIO()
    segno.make_qr(text, error="m").save(body, kind="png", scale=8, border=3, light="#f0f0f0")
    side = _mm(_QR_MM)
    return Image.open(body).convert("L").resize((side, side), Image.Resampling.LANCZOS)


def _mm(length: float) -> int:
    return round(length / 25.4 * _SHEET_DPI)


def _lay(
    random: np.random.Generator, size_px: tuple[int, int], fault: Fault | None
) -> NDArray[np.float32]:
    """Where the page's four corners come to lie: turned, shifted, and seen a little aslant."""
    frame = np.array(size_px, np.float64)
    sideways = random.random() < 0.5
    half = np.array([1.0, 297 / 210]) * 0.5
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    quarter = 180 if fault == "upside_down" else 90 if sideways else 0
    turn = np.deg2rad(random.uniform(-11, 11) + quarter)
    flat = flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    flat *= 1 + flat @ random.uniform(-0.07, 0.07, (2, 1))  # the camera does not look straight down
    low, high = flat.min(0), flat.max(0)
    scale = ((frame * random.uniform(0.84, 0.94)) / (high - low)).min()
    flat, extent = (flat - (low + high) / 2) * scale, (high - low) * scale
    room = (frame - extent) / 2 - frame * 0.012
    centre = frame / 2 + random.uniform(-1, 1, 2) * np.maximum(room, 0)
    if fault == "cut_edge":
        axis, side = int(random.integers(2)), float(random.choice([-1, 1]))
        beyond = random.uniform(0.04, 0.15) * extent[axis]
        centre[axis] = frame[axis] / 2 + side * ((frame[axis] - extent[axis]) / 2 + beyond)
    return np.asarray(flat + centre, np.float32)


def _put(
    random: np.random.Generator,
    scene: desk.Picture,
    sheet: Image.Image,
    places: NDArray[np.float32],
) -> desk.Picture:
    """The desk with the sheet on it. Drawn at twice the size, so that its rim is smooth."""
    height, width = scene.shape[:2]
    # Coordinates count pixel centres; the sheet's rim lies half a pixel outside of them.
    rim = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * _SHEET_PX - 0.5
    to_frame = cv2.getPerspectiveTransform(rim.astype(np.float32), (places + 0.5) * 2 - 0.5)
    ink = np.asarray(sheet, np.uint8)
    fine = (width * 2, height * 2)
    twice = cv2.warpPerspective(ink, to_frame, fine, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.full_like(ink, 255), to_frame, fine)
    printed, cover = (
        _share(cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA))
        for each in (twice, mask)
    )
    tint = np.array([0.97, 0.99, 1.0], np.float32) * np.float32(random.uniform(0.95, 1.0))
    coloured = np.asarray(cv2.merge([printed * channel for channel in tint]), np.float32)
    under = cv2.multiply(scene, cv2.merge([desk.drop_shadow(cover, random)] * 3))
    return np.asarray(cv2.blendLinear(under, coloured, 1 - cover, cover), np.float32)


def _share(levels: cv2.typing.MatLike) -> NDArray[np.float32]:
    """From 0 to 255 to 0 to 1."""
    return np.asarray(levels.astype(np.float32) / 255, np.float32)


def _glare(
    random: np.random.Generator, size_px: tuple[int, int], corners: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The mirror of a lamp, somewhere on the page."""
    width, height = size_px
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    weights = random.dirichlet(np.full(4, 4.0))
    centre = weights @ corners
    reach = random.uniform(0.08, 0.14, 2) * width
    distance = ((x - centre[0]) / reach[0]) ** 2 + ((y - centre[1]) / reach[1]) ** 2
    return np.asarray(1.6 * np.exp(-distance), np.float32)


def _expose(random: np.random.Generator, scene: desk.Picture, *, blurred: bool) -> bytes:
    """Lens, sensor and encoder: blur, noise, clipping at white, JPEG."""
    scale = scene.shape[1] / _REFERENCE_WIDTH_PX
    blur = random.uniform(4, 7) if blurred else random.uniform(0.4, 0.8)
    seen = np.asarray(cv2.GaussianBlur(scene, (0, 0), blur * scale), np.float32)
    seen += random.standard_normal((*seen.shape[:2], 1), np.float32) * random.uniform(0.005, 0.015)
    levels = np.clip(seen * 255, 0, 255).astype(np.uint8)
    body = io.BytesIO()
    Image.fromarray(levels[..., ::-1]).save(body, "JPEG", quality=int(random.integers(82, 93)))
    return body.getvalue()
