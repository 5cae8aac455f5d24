"""The small display of a window's testbed, and what can go wrong with it.

Source: docs/protocols/oled-ssd1306.md, "Faults".
"""

from sim.twins.testbed import KernelTwin

FAULTS = ("unheard", "stuck", "reset", "slow", "unplug")
"""A loose wire loses one write; something holds the bus, and no transfer ends; a dip of the power
makes the display forget everything and say nothing; the bus runs at 100 kHz; the cable is out."""
FAST_HZ, SLOW_HZ = 400_000, 100_000


class DisplayTwin:
    """Safe to use from one thread."""

    def __init__(self, kernel: KernelTwin) -> None:
        """`kernel` has been started by its owner."""
        self._kernel = kernel

    def fault(self, name: str) -> None:
        """Let it go wrong so from now on; `name` is one of FAULTS. Blocks until it is so."""
        if name not in FAULTS:
            raise ValueError(f"the display has no fault {name!r}")
        if name == "unplug":
            self._kernel.unplug("display")
        elif name == "slow":
            self._kernel.pace(SLOW_HZ)
        else:
            self._kernel.strike(name)

    def mend(self) -> None:
        """Nothing is wrong with it from now on. What it forgot it does not know again."""
        self._kernel.strike("mend")
        self._kernel.pace(FAST_HZ)
        self._kernel.plug("display")
