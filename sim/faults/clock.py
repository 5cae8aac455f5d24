"""The wall clock of one program, which jumps while its monotonic clock goes on: libfaketime.

umockdev's preload and this one block each other: a program has either of them.
"""

import os
import sysconfig
from pathlib import Path

from sim.errors import LaunchFault

_PRELOAD = Path(__file__).parents[1] / "clock_preload"
_NAME = "faketime/libfaketimeMT.so.1"


class JumpingClock:
    """`file` says by how much the clock is wrong; the program looks at it at each reading."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")

    def set(self, offset: str) -> None:
        """From now on: `+0` right, `-3650d` ten years behind, `@2028-02-29 00:00:00` from there."""
        fresh = self._file.with_suffix(".part")
        fresh.write_text(f"{offset}\n")
        os.replace(fresh, self._file)

    def environment(self) -> dict[str, str]:
        """The variables for a program with this clock. LaunchFault without libfaketime."""
        folder = Path("/usr/lib") / str(sysconfig.get_config_var("MULTIARCH"))
        library = folder / _NAME
        if not library.exists():
            raise LaunchFault(f"{library} is not there; install the package libfaketime.")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file.absolute()),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": os.pathsep.join(
                [str(_PRELOAD), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
        }
