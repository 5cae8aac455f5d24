"""Bar codes and QR codes on a squared page."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp

from drivers.paper.find import Picture, reduced

_UPRIGHT_DEG = 20.0
_ENOUGH_PX = 2400  # of A4's longer side, 205 dpi: a narrow bar, 0.33 mm, has two to three
_FORMATS = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.PDF417,
        zxingcpp.BarcodeFormat.Code128,
        zxingcpp.BarcodeFormat.Code39,
        zxingcpp.BarcodeFormat.EAN13,
    ]
)
"""What stands on forms, receipts and certificates; each more costs time on every page."""


@dataclass(frozen=True)
class Codes:
    """`texts`: of all codes, top to bottom, each once. `upright`: 1 if all codes stand upright, −1
    if all stand upside down, else 0.
    """

    texts: Sequence[str]
    upright: float


def codes(page: Picture) -> Codes:
    """UTF-8, GB18030 and the like decoded."""
    grey, _ = reduced(np.asarray(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), np.uint8), _ENOUGH_PX)
    # Nobody prints light codes on dark paper, and squared pages have few pixels to a millimetre:
    # what these two would look for costs twice as much and is not there.
    found = zxingcpp.read_barcodes(
        grey,
        formats=_FORMATS,
        text_mode=zxingcpp.TextMode.Plain,
        try_invert=False,
        try_downscale=False,
    )
    ordered = sorted(found, key=lambda code: (code.position.top_left.y, code.position.top_left.x))
    ways = {_way(code.orientation) for code in found}
    return Codes(
        tuple(dict.fromkeys(code.text for code in ordered)),
        ways.pop() if len(ways) == 1 else 0.0,
    )


def _way(turned_deg: int) -> float:
    """By how far a code is turned, −180 to 180: its own corners say which is its first."""
    if abs(turned_deg) <= _UPRIGHT_DEG:
        return 1.0
    return -1.0 if abs(turned_deg) >= 180 - _UPRIGHT_DEG else 0.0
