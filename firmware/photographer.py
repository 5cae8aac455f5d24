"""Takes pages with the document camera (高拍仪), in a thread of its own: a scan takes a second.

A good page is sealed into the spool before anybody hears of it; of a bad one only the verdict goes
on, so that the teller can have it laid again. Between pages the same thread looks at the desk for
a preview, while somebody wants one; previews and fingerprints stay in memory.
"""

import logging
import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from firmware.preview import Preview
from firmware.session import Capture
from firmware.spool import Kept, Spool, SpoolError, SpoolFull
from firmware.task import Task
from hal.errors import DeviceError, DeviceLost
from hal.events.facts import DocumentCaptured, Page
from hal.interfaces import DocumentCamera, ScannedPage
from hal.same_page import same_page

GOOD, REPEATED = "good", "repeated"
REMEMBERED_PAGES = 64
"""Whose fingerprints are kept, in memory only: a document has fewer; 11 KiB each."""

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


@dataclass(frozen=True)
class _Look:
    """What lies there is to be looked at for so long."""

    duration_s: float


@dataclass(frozen=True)
class _Taken:
    """A good page of a document, as far as it takes to know it again."""

    capture: Capture
    fingerprint: bytes
    codes: tuple[str, ...]


class Photographer:
    """One camera. `take` may be called from any thread and returns at once; so may `preview`."""

    def __init__(
        self,
        camera: DocumentCamera | None,
        spool: Spool,
        done: Callable[[Photographed], None],
        preview: Preview | None = None,
    ) -> None:
        """`done` is called in our thread, once for each order taken. Without a `preview` nobody
        is shown what lies under the camera.
        """
        self._camera = camera
        self._spool = spool
        self._done = done
        self._lost: Callable[[DeviceLost], None] = _nobody
        self._full: Callable[[], None] = _nothing
        self._orders: queue.SimpleQueue[Order | _Look | None] = queue.SimpleQueue()
        self._taken: deque[_Taken] = deque(maxlen=REMEMBERED_PAGES)
        self._preview = preview
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

    def preview(self, duration_s: float) -> None:
        """Have what lies there looked at for so long from now on; 0 ends it. See `seen`."""
        self._orders.put(_Look(duration_s))

    def seen(self) -> bytes | None:
        """The newest preview, a small JPEG; None while nobody asked for one. From any thread."""
        return None if self._preview is None else self._preview.seen()

    def _run(self) -> None:
        preview, camera = self._preview, self._camera
        while True:
            try:
                order = self._orders.get(timeout=None if preview is None else preview.wait_s())
            except queue.Empty:
                if preview is not None and camera is not None:
                    self._look(preview, camera)
                continue
            if isinstance(order, Order):
                self._carry_out(order)
            elif order is None:
                if preview is not None:
                    preview.end()
                return
            elif preview is not None and camera is not None:
                preview.begin(order.duration_s)

    def _carry_out(self, order: Order) -> None:
        """`done` is called once, whatever happens: who ordered it would wait for ever."""
        try:
            photographed = self._photograph(order)
        except BaseException:
            self._done(Photographed(order, None, "the page could not be taken"))
            raise
        self._done(photographed)

    def _look(self, preview: Preview, camera: DocumentCamera) -> None:
        """One more preview, or the end of them. A camera that is lost ends them."""
        if preview.is_over():
            preview.end()
            return
        try:
            preview.show(camera.preview())
        except DeviceError as error:
            preview.end()
            if isinstance(error, DeviceLost):
                self._lost(error)

    def _photograph(self, order: Order) -> Photographed:
        if self._camera is None:
            return Photographed(order, None, "this window has no document camera")
        try:
            scanned = self._camera.scan()
            verdict = self._verdict(scanned, order.capture)
            kept = self._spool.keep(scanned.jpeg) if verdict == GOOD else Kept("", 0)
        except (DeviceError, SpoolError) as error:
            _log.warning("no page taken", extra={"error": type(error).__name__})
            if isinstance(error, DeviceLost):
                self._lost(error)
            if isinstance(error, SpoolFull):
                self._full()
            return Photographed(order, None, str(error))
        capture = order.capture
        if verdict == GOOD:
            self._taken.append(_Taken(capture, scanned.fingerprint, tuple(scanned.codes)))
        document = DocumentCaptured(
            document=capture.document,
            pages=[_page(scanned, kept, verdict)],
            codes=list(scanned.codes),
        )
        return Photographed(order, document)

    def _verdict(self, scanned: ScannedPage, capture: Capture) -> str:
        """The camera's; or `repeated`, for a good page that the document has already.

        Two forms with unlike codes are two pages, whatever else stands on them.
        """
        if scanned.verdict != GOOD or not scanned.fingerprint:
            return scanned.verdict
        mine = (each for each in self._taken if each.capture == capture)
        again = any(
            each.codes == tuple(scanned.codes) and same_page(each.fingerprint, scanned.fingerprint)
            for each in mine
        )
        return REPEATED if again else GOOD


def _nobody(lost: DeviceLost) -> None:
    """Nobody wants to know."""


def _nothing() -> None:
    """Nobody wants to know."""


def _page(scanned: ScannedPage, kept: Kept, verdict: str) -> Page:
    return Page(
        hash=kept.sha256,
        size_bytes=kept.size_bytes,
        width_px=scanned.width_px,
        height_px=scanned.height_px,
        dpi=scanned.dpi,
        sharpness=scanned.sharpness,
        glare=scanned.glare,
        skew_deg=scanned.skew_deg,
        verdict=verdict,
        upright=scanned.upright,
    )
