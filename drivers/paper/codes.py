"""Bar codes and QR codes on a squared page."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import zxingcpp

from drivers.paper.find import Picture

_UPRIGHT_DEG = 20.0


@dataclass(frozen=True)
class Codes:
    """`texts`: of all codes, top to bottom, each once. `upright`: 1 if all codes stand upright, −1
    if all stand upside down, else 0.
    """

    texts: Sequence[str]
    upright: float


def codes(page: Picture) -> Codes:
    """UTF-8, GB18030 and the like decoded."""
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    found = zxingcpp.read_barcodes(grey, text_mode=zxingcpp.TextMode.Plain)
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
