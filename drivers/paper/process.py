"""The parent's side of the child process that looks at frames.

OpenCV takes half a second and 60 MB to import, and a broken frame may hang or crash it; so it
lives in a process of its own that can be killed. This module imports none of it.
"""

import sys
from collections.abc import Sequence

from drivers.paper.companion import Companion
from drivers.paper.wire import PAGE, PREVIEW, Answer, decode
from hal.errors import WireError
from hal.interfaces import ScannedPage

START_S = 20.0  # importing OpenCV from a slow card
_COMMAND = (sys.executable, "-m", "drivers.paper.child")


class PageReader:
    """One child process, started when it is needed. `stop` may be called from another thread."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._child = Companion("the page reader", command, START_S)

    def start(self) -> None:
        """Have a child that is ready. DeviceLost if there can be none; costs nothing if there is.

        A child that died while nobody used it is replaced without a word.
        """
        self._child.start()

    def read(self, jpeg: bytes, timeout_s: float) -> ScannedPage:
        """The page in a frame. WireError if it is no picture. DeviceLost if the child died or did
        not answer in time; it is killed then, and the next call starts another one.
        """
        answer = self._ask(PAGE + jpeg, timeout_s)
        if answer.page is None:
            raise WireError(answer.fault or "the page reader said nothing")
        return answer.page

    def preview(self, jpeg: bytes, timeout_s: float) -> bytes:
        """The frame as a small JPEG; errors as of `read`."""
        answer = self._ask(PREVIEW + jpeg, timeout_s)
        if answer.preview is None:
            raise WireError(answer.fault or "the page reader said nothing")
        return answer.preview

    def stop(self) -> None:
        """End the child; a `read` under way ends with DeviceLost."""
        self._child.stop()

    def _ask(self, request: bytes, timeout_s: float) -> Answer:
        body = self._child.ask(request, timeout_s)
        try:
            return decode(body)
        except ValueError as error:
            raise self._child.out_of_step() from error
