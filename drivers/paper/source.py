"""Where frames come from: the seam between one camera's technology and what all cameras do."""

from typing import Protocol

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"


class FrameSource(Protocol):
    """A camera as far as it gives JPEG frames.

    For implementers: constructing touches no hardware; any failure of the library below becomes
    DeviceLost here, with `from`.
    """

    def open(self) -> None:
        """Take the camera. DeviceLost if it is not there or in use."""

    def frame(self, timeout_s: float) -> bytes:
        """The newest whole frame, JPEG, as it is now. DeviceLost if none comes in the time."""

    def check(self) -> None:
        """DeviceLost if the camera is gone. Quick."""

    def close(self) -> None:
        """Let go of the camera. Never raises; a second call does nothing."""


def is_whole(jpeg: bytes) -> bool:
    """Whether a JPEG begins and ends as one: its transfer was not cut short.

    ITU-T T.81, B.1.1.3: SOI (FF D8) begins a picture, EOI (FF D9) ends it. Cameras pad with zeros.
    """
    return jpeg.startswith(_START) and jpeg[-4096:].rstrip(b"\0").endswith(_END)
