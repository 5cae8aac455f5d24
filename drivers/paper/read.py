"""From a frame as the camera sent it to a page, judged."""

import cv2
import numpy as np

from drivers.paper.codes import codes
from drivers.paper.find import Picture, find
from drivers.paper.judge import judge
from drivers.paper.square import square
from hal.errors import WireError
from hal.interfaces import ScannedPage

_JPEG_QUALITY = 90


def read(jpeg: bytes) -> ScannedPage:
    """The page in a frame; with the verdict `no_page` if there is none. WireError: no picture."""
    frame = _decode(jpeg)
    corners = find(frame)
    if corners is None:
        return ScannedPage(b"", 0, 0, 0.0, (), 0.0, 0.0, 0.0, "no_page")
    page = square(frame, corners)
    judgement = judge(frame, corners, page.picture)
    height, width = page.picture.shape[:2]
    return ScannedPage(
        jpeg=_encode(page.picture),
        width_px=width,
        height_px=height,
        dpi=page.dpi,
        corners=tuple((float(x), float(y)) for x, y in corners),
        sharpness=judgement.sharpness,
        glare=judgement.glare,
        skew_deg=judgement.skew_deg,
        verdict=judgement.verdict,
        codes=codes(page.picture),
    )


def _decode(jpeg: bytes) -> Picture:
    try:
        frame = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise WireError("the camera sent no picture") from error
    if frame is None or min(frame.shape[:2]) < 64:
        raise WireError("the camera sent no picture")
    return np.asarray(frame, np.uint8)


def _encode(page: Picture) -> bytes:
    done, body = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise WireError("the page cannot be encoded")
    return body.tobytes()
