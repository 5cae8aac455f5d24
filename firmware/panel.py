"""The small display of the window: shows the newest screen, in a thread of its own.

Drawing takes some 25 ms on the wire; whoever has something to show must not wait for that.
"""

from firmware.newest import Newest
from hal.interfaces import Display, Screen


class Panel(Newest[Screen]):
    """Without a display every screen is shown to nobody."""

    def __init__(self, display: Display | None) -> None:
        super().__init__("panel", _nobody if display is None else display.show)


def _nobody(screen: Screen) -> None:
    """This window has no display."""
