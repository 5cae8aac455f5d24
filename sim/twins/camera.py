"""The document camera (高拍仪): frames in a folder, the newest being what it sees now."""

import os
import shutil
import threading
from itertools import count
from pathlib import Path

from sim.errors import PortFault


class CameraTwin:
    """Sees what was shown last. A frame appears whole or not at all, unless it is `cut_short`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self._lock = threading.Lock()
        self.plug()

    def show(self, jpeg: bytes) -> Path:
        """Lay a page below the camera: it sees this frame and nothing older. The frame's path.

        Below one that is unplugged a page is seen by nobody, also later.
        """
        fresh = self.folder / f".{next(self._numbers):06d}.part"
        path = fresh.with_name(f"{fresh.stem[1:]}.jpg")
        with self._lock:
            if self._plugged:
                self._place(jpeg, fresh, path)
        return path

    def _place(self, jpeg: bytes, fresh: Path, path: Path) -> None:
        try:
            fresh.write_bytes(jpeg)
            older = list(self.folder.glob("*.jpg"))
            os.replace(fresh, path)
            for each in older:
                each.unlink(missing_ok=True)
        except OSError as error:
            raise PortFault(f"{self.folder} cannot be written ({error.strerror}).") from error

    def cut_short(self, jpeg: bytes) -> Path:
        """A fault of the cable: only the first half of a frame arrives."""
        return self.show(jpeg[: len(jpeg) // 2])

    def clear(self) -> None:
        """No frame any more: the camera hangs."""
        for path in self.folder.glob("*.jpg"):
            path.unlink(missing_ok=True)

    def plug(self) -> None:
        """Connect the camera (also again, after `unplug`)."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PortFault(f"{self.folder} cannot be made ({error.strerror}).") from error
        self._plugged = True

    def unplug(self) -> None:
        """Pull its cable, also while a frame is on its way."""
        with self._lock:
            self._plugged = False
            shutil.rmtree(self.folder, ignore_errors=True)
