"""A desk under an overhead camera: its surface, what lies about, and light that is never even.

All pictures are float32, blue-green-red, reflectance or light 0 to 1.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Random = np.random.Generator

# Blue, green, red: beech, oak, walnut, grey laminate, green felt, blue mat, pale laminate.
_SURFACES = (
    (0.42, 0.56, 0.66),
    (0.25, 0.40, 0.55),
    (0.14, 0.22, 0.33),
    (0.45, 0.45, 0.44),
    (0.22, 0.36, 0.20),
    (0.48, 0.33, 0.20),
    (0.60, 0.64, 0.65),
)
_PENS = ((0.10, 0.10, 0.10), (0.55, 0.20, 0.10), (0.15, 0.15, 0.65))
_REFERENCE_WIDTH_PX = 1600.0


def surface(random: Random, size_px: tuple[int, int]) -> Picture:
    """A desk with grain, blotches, fine texture, and now and then a pen."""
    width, height = size_px
    grain = _cloud(random, size_px, (int(random.integers(20, 60)), 3), 0.12)
    if random.random() < 0.5:
        grain = _cloud(random, size_px, (3, int(random.integers(20, 60))), 0.12)
    shade = 1 + grain + _cloud(random, size_px, (6, 5), 0.08)
    shade += _cloud(random, size_px, (width // 3, height // 3), 0.03)
    colour = np.array(_SURFACES[int(random.integers(len(_SURFACES)))], np.float32)
    desk = np.asarray(colour * shade[..., None], np.float32)
    if random.random() < 0.4:
        _lay_pen(random, desk)
    return np.clip(desk, 0.02, 1)


def light(random: Random, size_px: tuple[int, int]) -> NDArray[np.float32]:
    """What falls on each point: a lamp to one side, fall-off to the corners, a soft shadow."""
    width, height = size_px
    x, y = np.meshgrid(
        np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    )
    angle, slope = random.uniform(0, 2 * np.pi), random.uniform(0.05, 0.3)
    field = 1 + slope * (x * np.cos(angle) + y * np.sin(angle)) / 1.4
    field *= 1 - random.uniform(0.05, 0.2) * (x * x + y * y) / 2
    field *= _soft_shadow(random, size_px)
    return np.asarray(field / field.max(), np.float32)


def drop_shadow(mask: NDArray[np.float32], random: Random) -> NDArray[np.float32]:
    """The thin shadow that a sheet `mask` throws on the desk beside it."""
    scale = mask.shape[1] / _REFERENCE_WIDTH_PX
    shift = np.array(
        [[1, 0, random.uniform(-4, 4) * scale], [0, 1, random.uniform(-4, 4) * scale]], np.float32
    )
    moved = cv2.warpAffine(mask, shift, (mask.shape[1], mask.shape[0]))
    soft = cv2.GaussianBlur(moved, (0, 0), 4 * scale)
    return np.asarray(1 - random.uniform(0.1, 0.4) * soft, np.float32)


def _cloud(
    random: Random, size_px: tuple[int, int], cells: tuple[int, int], strength: float
) -> NDArray[np.float32]:
    """Smooth noise with so many cells across and down."""
    rough = random.standard_normal((max(cells[1], 2), max(cells[0], 2)), np.float32)
    return np.asarray(cv2.resize(rough, size_px, interpolation=cv2.INTER_CUBIC) * strength)


def _soft_shadow(random: Random, size_px: tuple[int, int]) -> Any:
    """Of somebody who leans over the desk: a wide shape with a penumbra of several centimetres."""
    small = np.zeros((120, 160), np.float32)
    centre = random.uniform((0, 0), (160, 120))
    turns = np.sort(random.uniform(0, 2 * np.pi, 7))
    reach = random.uniform(25, 70, 7)
    shape = centre + np.stack([np.cos(turns), np.sin(turns)], 1) * reach[:, None]
    cv2.fillPoly(small, [shape.astype(np.int32)], 1.0)
    soft = cv2.GaussianBlur(small, (0, 0), random.uniform(6, 14))
    return 1 - random.uniform(0.1, 0.45) * cv2.resize(soft, size_px, interpolation=cv2.INTER_CUBIC)


def _lay_pen(random: Random, desk: Picture) -> None:
    height, width = desk.shape[:2]
    start = random.uniform((0, 0), (width, height))
    angle = random.uniform(0, np.pi)
    end = start + np.array([np.cos(angle), np.sin(angle)]) * width * 0.25
    colour = _PENS[int(random.integers(len(_PENS)))]
    thickness = max(3, round(14 * width / _REFERENCE_WIDTH_PX))
    points = [(round(float(x)), round(float(y))) for x, y in (start, end)]
    cv2.line(desk, points[0], points[1], colour, thickness, cv2.LINE_AA)
