"""Bar codes and QR codes on a squared page."""

import zxingcpp

from drivers.paper.find import Picture


def codes(page: Picture) -> tuple[str, ...]:
    """The texts of all codes, top to bottom, each once. UTF-8, GB18030 and the like decoded."""
    found = zxingcpp.read_barcodes(page, text_mode=zxingcpp.TextMode.Plain)
    ordered = sorted(found, key=lambda code: (code.position.top_left.y, code.position.top_left.x))
    return tuple(dict.fromkeys(code.text for code in ordered))
