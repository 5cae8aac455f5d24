"""What every document camera does, whatever its frames come from."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from drivers.paper.process import PageReader
from drivers.paper.source import FrameSource
from drivers.paper.wire import DARK
from hal.clock import Clock
from hal.errors import DeviceLost, WireError
from hal.interfaces import Report, Role, ScannedPage

_Seen = TypeVar("_Seen")

CHECK_S = 2.0
FRAME_S = 4.0
"""A camera that gave no whole frame in this time, when asked for one, is lost."""
STALL_S = 2.5
"""A source that streams by itself is lost when no frame has come for so long."""
FOUND_S = max(FRAME_S, CHECK_S + STALL_S)
"""No later than this after the camera stalled or was unplugged, it is lost: by `watch`, or by
`scan` where only a scan can tell.
"""
_AGAIN_S = 0.1  # after a frame that was no picture


class PaperCamera:
    """See hal.interfaces.DocumentCamera: a source of frames, and a reader of pages."""

    role: Role = "document"

    def __init__(self, source: FrameSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._reader = PageReader()
        self._closed = Event()
        self._closed.set()

    def open(self) -> None:
        self._source.open()
        self._reader.start()
        self._closed.clear()

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.wait(CHECK_S):
            self._source.check()

    def scan(self, timeout_s: float = 10.0) -> ScannedPage:
        """Frames that are no pictures, or dark, are passed over while there is time; a frame that
        does not come is not waited for so long.
        """
        return self._seen(self._reader.read, timeout_s)

    def preview(self, timeout_s: float = FRAME_S) -> bytes:
        return self._seen(self._reader.preview, timeout_s)

    def _seen(self, look: Callable[[bytes, float], _Seen], timeout_s: float) -> _Seen:
        if self._closed.is_set():
            raise DeviceLost("the camera is not open", remedy="reset")
        deadline_ns = self._clock.monotonic_ns() + int(timeout_s * 1e9)
        fault = "the camera sends no frame"
        while (rest_s := self._rest_s(deadline_ns)) > 0:
            jpeg = self._source.frame(min(rest_s, FRAME_S))
            try:
                return look(jpeg, self._rest_s(deadline_ns))
            except WireError as error:
                fault = error.cause
            if self._closed.wait(_AGAIN_S):
                break
        raise DeviceLost(fault, remedy="clear" if fault == DARK else "reset")

    def _rest_s(self, deadline_ns: int) -> float:
        return max(0.0, (deadline_ns - self._clock.monotonic_ns()) / 1e9)

    def close(self) -> None:
        self._closed.set()
        self._source.close()
        self._reader.stop()
