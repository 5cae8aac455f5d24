"""Whether a Raspberry Pi has too little voltage or is too hot, as its firmware says.

Source: Raspberry Pi documentation, "OS", vcgencmd, `get_throttled`: bits 0 to 3 are now, 16 to 19
since the start of the machine.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

SYSFS = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
VCGENCMD = Path("/usr/bin/vcgencmd")
_WORDS = ("under_voltage", "frequency_capped", "throttled", "soft_temperature_limit")
_SINCE_START = 16
_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Throttling:
    """The words of what is so `now`, and of what was so at any time `since_start`."""

    now: tuple[str, ...] = ()
    since_start: tuple[str, ...] = ()


def decode(bits: int) -> Throttling:
    """What the bits say; the others mean nothing to us."""
    words = list(enumerate(_WORDS))
    return Throttling(
        tuple(word for bit, word in words if bits >> bit & 1),
        tuple(word for bit, word in words if bits >> (bit + _SINCE_START) & 1),
    )


def read(sysfs: Path = SYSFS, vcgencmd: Path = VCGENCMD) -> Throttling | None:
    """As it is now; None where the machine does not tell. Blocks at most 2 s."""
    try:
        text = sysfs.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        text = _ask(vcgencmd)
    try:
        return decode(int(text.strip().removeprefix("throttled="), 16))
    except ValueError:
        return None


def _ask(vcgencmd: Path) -> str:
    try:
        told = subprocess.run(
            [str(vcgencmd), "get_throttled"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout
