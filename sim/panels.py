"""What each window's display shows, as picture files that the centre's page can show too.

The pictures are the twins': decoded from what the terminal sent over I2C.
"""

import os
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from PIL import Image

from sim.twins.testbed import KernelTwin

SIZE_PX = (128, 64)
_LOOK_S = 0.5
_END_S = 5.0


class Panels:
    """Keeps `{terminal}.png` in a folder as the displays are, each by a thread of its own."""

    def __init__(self, folder: Path, twins: Mapping[str, KernelTwin]) -> None:
        self._folder = folder
        self._twins = twins
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, twin in self._twins.items():
            thread = threading.Thread(
                target=self._follow, args=(name, twin), daemon=True, name=f"display of {name}"
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_END_S)

    def _follow(self, name: str, twin: KernelTwin) -> None:
        written = b""
        while not self._stopping.is_set():
            picture = twin.picture
            if picture != written:
                self._write(self._folder / f"{name}.png", picture)
                written = picture
            twin.wait(partial(_differs, twin, written), _LOOK_S)

    @staticmethod
    def _write(path: Path, picture: bytes) -> None:
        fresh = path.with_suffix(".part")
        Image.frombytes("1", SIZE_PX, picture).save(fresh, "PNG")
        os.replace(fresh, path)


def _differs(twin: KernelTwin, written: bytes) -> bool:
    return twin.picture != written
