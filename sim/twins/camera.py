"""The document camera (高拍仪): frames in a folder, the newest being what it sees now.

What an unwell camera does, by the names of FAULTS: `stall`, no frame any more; `gone`, unplugged;
`dark`, it has not found its exposure, until the next page; `half`, only the first half of a frame
arrives, until the next page; `busy`, another program holds it.
"""

import io
import os
import shutil
import threading
from itertools import count
from pathlib import Path

from PIL import Image

from sim.errors import PortFault, UsageFault

FAULTS = ("stall", "gone", "dark", "half", "busy")
BUSY = "busy"
"""The file in the folder that says so; see docs/protocols/document-camera.md, "Files"."""
_DARK_PX = (640, 480)


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

    def fault(self, name: str) -> None:
        """Let it go wrong so from now on, until `mend`. UsageFault if `name` is none of FAULTS.

        `dark` and `half` strike the page that lies there.
        """
        if name not in FAULTS:
            raise UsageFault(f"no such fault of a camera: say one of {', '.join(FAULTS)}")
        lies = self._lying()
        if name == "stall":
            self.clear()
        elif name == "gone":
            self.unplug()
        elif name == "busy" and self._plugged:
            (self.folder / BUSY).touch()
        elif name == "dark":
            self.show(_dark())
        elif name == "half":
            self.cut_short(lies or _dark())

    def mend(self) -> None:
        """It works, is plugged in and sees nothing: lay a page."""
        self.plug()
        (self.folder / BUSY).unlink(missing_ok=True)
        self.clear()

    def _lying(self) -> bytes | None:
        newest = max(self.folder.glob("*.jpg"), default=None)
        return None if newest is None else newest.read_bytes()

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


def _dark() -> bytes:
    """A frame of a camera that has not found its exposure."""
    body = io.BytesIO()
    Image.new("RGB", _DARK_PX, (2, 2, 3)).save(body, "JPEG")
    return body.getvalue()
