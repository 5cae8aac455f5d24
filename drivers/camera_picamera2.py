"""A camera on the Pi's own port (CSI), by picamera2. Its library comes with the Pi's system.

libcamera may hang, and brings NumPy: it lives in a process of its own, camera_picamera2_child,
which is killed when it does not answer in time. See docs/protocols/document-camera.md, "CSI".
"""

import sys

import msgspec

from drivers.paper.camera import STALL_S, PaperCamera
from drivers.paper.companion import Companion
from drivers.paper.source import is_whole
from hal.clock import Clock
from hal.errors import DeviceLost

START_S = 20.0  # importing picamera2 from a slow card, and the first frame
_CHILD = "drivers.camera_picamera2_child"
_FRAME, _CHECK = b"frame", b"check"
_FAULT = b"!"


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`camera` is the number that `rpicam-hello --list-cameras` shows."""

    width_px: int
    height_px: int
    camera: int = 0


class CameraPicamera2(PaperCamera):
    """See hal.interfaces.DocumentCamera."""

    def __init__(self, options: Options, clock: Clock) -> None:
        super().__init__(_Csi(options), clock)


class _Csi:
    """See drivers.paper.source."""

    def __init__(self, options: Options) -> None:
        numbers = (options.width_px, options.height_px, options.camera)
        command = [sys.executable, "-m", _CHILD, *map(str, numbers)]
        self._child = Companion("the camera", command, START_S)
        self._is_open = False

    def open(self) -> None:
        first = self._child.start()
        if first is not None and first.startswith(_FAULT):
            self.close()
            raise DeviceLost(first[1:].decode(errors="replace"), remedy="configure")
        self._is_open = True

    def frame(self, timeout_s: float) -> bytes:
        jpeg = self._ask(_FRAME, timeout_s)
        if not is_whole(jpeg):
            raise DeviceLost("the camera sends no whole frame", remedy="reset")
        return jpeg

    def check(self) -> None:
        """Whether frames come: the child waits for the next one, and says so."""
        # Whoever waits for a frame just now will see for himself.
        if not self._child.is_busy:
            self._ask(_CHECK, STALL_S)

    def close(self) -> None:
        self._is_open = False
        self._child.stop()

    def _ask(self, what: bytes, timeout_s: float) -> bytes:
        if not self._is_open:
            raise DeviceLost("the camera is not open", remedy="reset")
        answer = self._child.ask(what, timeout_s)
        if answer.startswith(_FAULT):
            raise DeviceLost(answer[1:].decode(errors="replace"), remedy="reset")
        return answer
