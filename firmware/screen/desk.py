"""What a citizen does on the screen, on its way to the session and to the disk.

Every call blocks until it is on disk, or raises LocalRefused with a sentence for the citizen.
"""

from collections.abc import Callable
from concurrent.futures import Future

from firmware.local_desk import (
    ConfirmShown,
    Counter,
    DisputeShown,
    GiveUpSheet,
    LocalCommand,
    LocalRefused,
    PressLevel,
    SignShown,
    carried_out,
)
from firmware.local_visit import refusal
from firmware.screen.signature import Signature
from firmware.screen_session import Shown, not_asked
from firmware.spool import Spool, SpoolError


class CustomerDesk:
    """Safe to use from several threads."""

    def __init__(self, window: Counter, spool: Spool, shown: Callable[[], Shown]) -> None:
        """`shown`: what the session has for the screen now; must not block."""
        self._window = window
        self._spool = spool
        self._shown = shown

    def confirm(self, sheet: str) -> None:
        """确认无误."""
        carried_out(self._window, ConfirmShown(sheet))

    def dispute(self, sheet: str, rows: tuple[str, ...]) -> None:
        """有误. `rows`: labels of what is wrong."""
        carried_out(self._window, DisputeShown(sheet, rows))

    def sign(self, sheet: str, signature: Signature) -> None:
        """Seal the picture into the spool first, as a page; the fact names it.

        If the visit closed meanwhile, the picture is let go of: it is nobody's.
        """
        shown = self._shown()
        if (shown.sheet, shown.scenery) != (sheet, "sign"):
            raise not_asked()
        try:
            kept = self._spool.keep(signature.png)
        except SpoolError as error:
            raise refusal("disk_full") from error
        wish = SignShown(sheet, signature.strokes_hash, kept.sha256, kept.size_bytes)
        try:
            carried_out(self._window, wish)
        except LocalRefused as refused:
            if refused.code != "slow":  # which may still be carried out
                self._spool.confirmed(kept.sha256)
            raise

    def rate(self, request: str, level: int) -> None:
        """One of five levels, for the request that the screen showed."""
        carried_out(self._window, PressLevel(request, level))

    def unavailable(self, sheet: str) -> None:
        """The sheet could not be had. Waits for nobody."""
        self._window.put(LocalCommand(GiveUpSheet(sheet), Future()))
