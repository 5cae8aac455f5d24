"""A camera on the Pi's own port (CSI), by picamera2. Its library comes with the Pi's system.

Source: the picamera2 manual, "Capturing images", "Asynchronous capture". libcamera may hang: what
is waited for is a job, with a time limit.
"""

import io
from typing import Any

import msgspec

from drivers.paper.camera import PaperCamera
from drivers.paper.source import is_whole
from hal.clock import Clock
from hal.errors import DeviceLost

# libcamera and picamera2 tell their failures by these.
_FAILURES = (RuntimeError, OSError, IndexError, ValueError, TimeoutError)


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
        self._options = options
        self._camera: Any = None

    def open(self) -> None:
        try:
            from picamera2 import Picamera2  # type: ignore[import-not-found]
        except ImportError as error:
            raise DeviceLost(
                "picamera2 is not installed; install python3-picamera2", remedy="configure"
            ) from error
        try:
            self._camera = Picamera2(self._options.camera)
            size = (self._options.width_px, self._options.height_px)
            self._camera.configure(
                self._camera.create_still_configuration(main={"size": size}, buffer_count=2)
            )
            self._camera.start()
        except _FAILURES as error:
            self.close()
            cause = f"camera {self._options.camera} cannot be opened"
            raise DeviceLost(cause, remedy="configure") from error

    def frame(self, timeout_s: float) -> bytes:
        body = io.BytesIO()
        camera = self._camera
        if camera is None:
            raise DeviceLost("the camera is not open", remedy="reset")
        try:
            job = camera.capture_file(body, format="jpeg", wait=False)
            camera.wait(job, timeout=timeout_s)
        except _FAILURES as error:
            raise DeviceLost("the camera sends no frame", remedy="reset") from error
        jpeg = body.getvalue()
        if not is_whole(jpeg):
            raise DeviceLost("the camera sends no whole frame", remedy="reset")
        return jpeg

    def check(self) -> None:
        if self._camera is None:
            raise DeviceLost("the camera is not open", remedy="reset")

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is None:
            return
        try:
            camera.stop()
            camera.close()
        except _FAILURES:
            return
