"""From a frame as the camera sent it to a page, judged."""

import struct

import cv2
import numpy as np

from drivers.paper.codes import codes
from drivers.paper.find import Picture, find, reduced
from drivers.paper.ink import fingerprint, ink
from drivers.paper.judge import Seen, judge
from drivers.paper.square import square
from drivers.paper.wire import DARK
from hal.errors import WireError
from hal.interfaces import ScannedPage

_JPEG_QUALITY = 90
_PREVIEW_PX, _PREVIEW_QUALITY = 640, 60
_DARKNESS = 12  # of 255: no hall is so dark, but a camera that has just woken, or one with its cap
_JFIF = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
_DENSITY = struct.Struct(">BHH")  # behind JFIF's version: unit 1, dots per inch; across, down


def read(jpeg: bytes | memoryview) -> ScannedPage:
    """The page in a frame; with the verdict `no_page` if there is none.

    WireError: no picture, or a dark one.
    """
    frame = _decode(jpeg, cv2.IMREAD_COLOR)
    corners = find(frame)
    if corners is None:
        return ScannedPage(b"", 0, 0, 0.0, (), 0.0, 0.0, 0.0, "no_page")
    page = square(frame, corners)
    found, marks = codes(page.picture), ink(page.picture)
    judgement = judge(Seen(frame, corners, page.picture, marks, found.upright))
    height, width = page.picture.shape[:2]
    return ScannedPage(
        jpeg=_with_density(_encode(page.picture, _JPEG_QUALITY), page.dpi),
        width_px=width,
        height_px=height,
        dpi=page.dpi,
        corners=tuple((float(x), float(y)) for x, y in corners),
        sharpness=judgement.sharpness,
        glare=judgement.glare,
        skew_deg=judgement.skew_deg,
        verdict=judgement.verdict,
        codes=found.texts,
        upright=judgement.upright,
        fingerprint=fingerprint(marks),
    )


def preview(jpeg: bytes | memoryview) -> bytes:
    """The frame as a small JPEG; decoded small to begin with, which costs a tenth. WireError."""
    frame = _decode(jpeg, cv2.IMREAD_REDUCED_COLOR_4)
    return _encode(reduced(frame, _PREVIEW_PX)[0], _PREVIEW_QUALITY)


def _decode(jpeg: bytes | memoryview, how: int) -> Picture:
    try:
        frame = cv2.imdecode(np.frombuffer(jpeg, np.uint8), how)
    except cv2.error as error:
        raise WireError("the camera sent no picture") from error
    if frame is None or min(frame.shape[:2]) < 64:
        raise WireError("the camera sent no picture")
    if frame[::32, ::32].max() < _DARKNESS:
        raise WireError(DARK)
    return np.asarray(frame, np.uint8)


def _encode(picture: Picture, quality: int) -> bytes:
    done, body = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise WireError("the page cannot be encoded")
    return body.tobytes()


def _with_density(jpeg: bytes, dpi: float) -> bytes:
    """The same JPEG that says how large the page is, where that is known (JFIF 1.02, APP0)."""
    at = len(_JFIF) + 2
    if dpi <= 0 or not jpeg.startswith(_JFIF):
        return jpeg
    return jpeg[:at] + _DENSITY.pack(1, round(dpi), round(dpi)) + jpeg[at + _DENSITY.size :]
