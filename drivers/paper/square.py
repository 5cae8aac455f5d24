"""The page seen straight from above, at the size its own pixels give."""

from dataclasses import dataclass

import cv2
import numpy as np

from drivers.paper.find import Picture, Quad

# ISO 216: A4 is 210 × 297 mm.
_A4_LONG_INCHES = 297 / 25.4
_A4_RATIO = 297 / 210
_RATIO_TOLERANCE = 0.08  # a camera that looks aslant shortens one way by some per cent
_LEAST_PX, _MOST_PX = 16, 8192


@dataclass(frozen=True)
class Squared:
    """`dpi` is 0 when the page is no A4 and so of unknown size."""

    picture: Picture
    dpi: float


def square(frame: Picture, corners: Quad) -> Squared:
    """Warp the page to a rectangle. What lies outside the frame repeats the frame's rim."""
    lengths = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    # The longer one of two opposite sides is nearer to the camera: no detail is lost.
    width, height = max(lengths[0], lengths[2]), max(lengths[1], lengths[3])
    mean_ratio = (lengths[1] + lengths[3]) / (lengths[0] + lengths[2])
    long_ratio = max(mean_ratio, 1 / mean_ratio)
    dpi = 0.0
    if abs(long_ratio / _A4_RATIO - 1) <= _RATIO_TOLERANCE:
        long_side = max(width, height)
        dpi = float(long_side / _A4_LONG_INCHES)
        width, height = (
            (long_side / _A4_RATIO, long_side)
            if mean_ratio > 1
            else (long_side, long_side / _A4_RATIO)
        )
    size = tuple(int(np.clip(round(side), _LEAST_PX, _MOST_PX)) for side in (width, height))
    rim = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size - 0.5
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), rim.astype(np.float32))
    flat = cv2.warpPerspective(
        frame, warp, (size[0], size[1]), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return Squared(np.asarray(flat, np.uint8), dpi)
