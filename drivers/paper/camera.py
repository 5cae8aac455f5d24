"""What every document camera does, whatever its frames come from."""

from threading import Event

from drivers.paper.process import PageReader
from drivers.paper.source import FrameSource
from hal.clock import Clock
from hal.errors import DeviceLost, WireError
from hal.interfaces import Report, Role, ScannedPage

CHECK_S = 2.0


class PaperCamera:
    """See hal.interfaces.DocumentCamera: a source of frames, and a reader of pages."""

    role: Role = "document"

    def __init__(self, source: FrameSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._reader = PageReader()
        self._is_open = False

    def open(self) -> None:
        self._source.open()
        self._reader.start()
        self._is_open = True

    def watch(self, report: Report, stop: Event) -> None:
        while not stop.wait(CHECK_S):
            self._source.check()

    def scan(self, timeout_s: float = 10.0) -> ScannedPage:
        """Frames that are no pictures are passed over while there is time."""
        if not self._is_open:
            raise DeviceLost("the camera is not open", remedy="reset")
        deadline_ns = self._clock.monotonic_ns() + int(timeout_s * 1e9)
        fault = "the camera sends no frame"
        while (rest_s := (deadline_ns - self._clock.monotonic_ns()) / 1e9) > 0:
            jpeg = self._source.frame(rest_s)
            rest_s = max(0.0, (deadline_ns - self._clock.monotonic_ns()) / 1e9)
            try:
                return self._reader.read(jpeg, rest_s)
            except WireError as error:
                fault = error.cause
        raise DeviceLost(fault, remedy="reset")

    def close(self) -> None:
        self._is_open = False
        self._source.close()
        self._reader.stop()
