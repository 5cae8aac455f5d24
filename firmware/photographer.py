"""Takes pages with the document camera (高拍仪), in a thread of its own: a scan takes a second.

A good page is sealed into the spool before anybody hears of it; of a bad one only the verdict goes
on, so that the teller can have it laid again.
"""

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass

from firmware.session import Capture
from firmware.spool import Kept, Spool, SpoolError, SpoolFull
from firmware.task import Task
from hal.errors import DeviceError, DeviceLost
from hal.events.facts import DocumentCaptured, Page
from hal.interfaces import DocumentCamera, ScannedPage

GOOD = "good"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A capture as it was ordered. `forget_at_s`: how long its id must be remembered."""

    id: str
    device: str
    capture: Capture
    forget_at_s: float


@dataclass(frozen=True)
class Photographed:
    """What came of an order: a document with one page, or why there is none."""

    order: Order
    document: DocumentCaptured | None
    refusal: str = ""


class Photographer:
    """One camera. `take` may be called from any thread and returns at once."""

    def __init__(
        self,
        camera: DocumentCamera | None,
        spool: Spool,
        done: Callable[[Photographed], None],
    ) -> None:
        """`done` is called in our thread, once for each order taken."""
        self._camera = camera
        self._spool = spool
        self._done = done
        self._lost: Callable[[DeviceLost], None] = _nobody
        self._full: Callable[[], None] = _nothing
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._task = Task("photographer", self._run)

    def start(self) -> None:
        self._task.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """What is under way is not waited for longer; the centre will order it again."""
        self._orders.put(None)
        self._task.join(timeout_s)

    def on_lost(self, lost: Callable[[DeviceLost], None]) -> None:
        """Who wants to know that a scan found the camera lost. Before `start`; in our thread."""
        self._lost = lost

    def on_full(self, full: Callable[[], None]) -> None:
        """Who wants to know that a page found no room. Before `start`; called in our thread."""
        self._full = full

    def take(self, order: Order) -> None:
        """Have the page taken that lies under the camera."""
        self._orders.put(order)

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            self._done(self._photograph(order))

    def _photograph(self, order: Order) -> Photographed:
        if self._camera is None:
            return Photographed(order, None, "this window has no document camera")
        try:
            scanned = self._camera.scan()
            kept = self._spool.keep(scanned.jpeg) if scanned.verdict == GOOD else Kept("", 0)
        except (DeviceError, SpoolError) as error:
            _log.warning("no page taken", extra={"error": type(error).__name__})
            if isinstance(error, DeviceLost):
                self._lost(error)
            if isinstance(error, SpoolFull):
                self._full()
            return Photographed(order, None, str(error))
        capture = order.capture
        page = _page(scanned, kept)
        document = DocumentCaptured(
            document=capture.document, pages=[page], codes=list(scanned.codes)
        )
        return Photographed(order, document)


def _nobody(lost: DeviceLost) -> None:
    """Nobody wants to know."""


def _nothing() -> None:
    """Nobody wants to know."""


def _page(scanned: ScannedPage, kept: Kept) -> Page:
    return Page(
        hash=kept.sha256,
        size_bytes=kept.size_bytes,
        width_px=scanned.width_px,
        height_px=scanned.height_px,
        dpi=scanned.dpi,
        sharpness=scanned.sharpness,
        glare=scanned.glare,
        skew_deg=scanned.skew_deg,
        verdict=scanned.verdict,
    )
