"""Pictures for the page: pages by their thumbnails (缩略图), and the displays of the windows.

A thumbnail is made so that nothing on the page can be read: it says that there is a page, how it
lies and whether it is blank, and no more. That is why whoever may see the page may see it.
"""

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from PIL import Image

from central.ingest.keys import Unopenable
from central.media.files import Files, Name
from central.media.open import open_picture
from hal.events.media import is_sha256

THUMBNAIL_PX = 96
_SEEN_PX = 24
"""What is left of a page's width; A4 print of this size has no letters any more."""
_MOST_PX = 50_000_000
"""A picture that claims more is not opened: A3 at 400 dpi has 31 million."""
_KEPT = 128


class Unshowable(ValueError):
    """Bytes that are no picture of a page."""


class Pictures:
    """Safe to use from several threads."""

    def __init__(
        self, files: Files, keys: Mapping[str, X25519PrivateKey], panels: Path | None
    ) -> None:
        """`panels`: a folder of `{terminal}.png`, or None where there is none."""
        self._files = files
        self._keys = keys
        self._panels = panels
        self._made = lru_cache(maxsize=_KEPT)(self._make)

    @property
    def has_panels(self) -> bool:
        return self._panels is not None

    def has(self, sha256: str) -> bool:
        """Whether this page has been uploaded whole."""
        return is_sha256(sha256) and bool(self._files.uploaders(sha256))

    def thumbnail(self, sha256: str) -> bytes | None:
        """A JPEG of the page on which nothing can be read; None if it is not here or no picture."""
        return self._made(sha256) if self.has(sha256) else None

    def page(self, sha256: str) -> bytes | None:
        """The page itself, opened, as it was sealed; None if it is not here or does not open.

        For who may see what stands on it, and has said what for. Kept nowhere.
        """
        if not self.has(sha256):
            return None
        for terminal in self._files.uploaders(sha256):
            try:
                return self._opened(sha256, terminal)
            except Unopenable:
                continue
        return None

    def panel(self, terminal: str) -> bytes | None:
        """What the display of a registered terminal shows, as PNG; None if nobody says."""
        place = self._panel(terminal)
        try:
            return place.read_bytes() if place else None
        except FileNotFoundError:
            return None

    def panel_version(self, terminal: str) -> int | None:
        """Changes with what the display of a registered terminal shows; None if nobody says."""
        place = self._panel(terminal)
        try:
            return place.stat().st_mtime_ns if place else None
        except FileNotFoundError:
            return None

    def _panel(self, terminal: str) -> Path | None:
        return self._panels / f"{terminal}.png" if self._panels else None

    def _make(self, sha256: str) -> bytes | None:
        for terminal in self._files.uploaders(sha256):
            try:
                return reduce(self._opened(sha256, terminal))
            except (Unopenable, Unshowable):
                continue
        return None

    def _opened(self, sha256: str, terminal: str) -> bytes:
        packed = self._files.read(Name(sha256, terminal))
        return open_picture(packed, terminal, self._keys)


def reduce(page: bytes) -> bytes:
    """A small blurred JPEG of a page's JPEG; Unshowable if it is none."""
    try:
        with Image.open(io.BytesIO(page), formats=["JPEG"]) as image:
            width, height = image.size
            if width * height > _MOST_PX:
                raise Unshowable("too large")
            image.draft("RGB", (_SEEN_PX, _SEEN_PX))
            few = (_SEEN_PX, max(1, min(4 * _SEEN_PX, round(_SEEN_PX * height / width))))
            # The box filter takes the mean of each patch: no stroke of a letter survives.
            seen = image.convert("RGB").resize(few, Image.Resampling.BOX)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unshowable("no JPEG") from error
    times = THUMBNAIL_PX // _SEEN_PX
    shown = seen.resize((few[0] * times, few[1] * times), Image.Resampling.BICUBIC)
    written = io.BytesIO()
    shown.save(written, "JPEG", quality=70)
    return written.getvalue()
