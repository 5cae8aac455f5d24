"""The photo of an identity card: 1024 bytes of WLT, as they stand in `identity.read`.

Source: docs/protocols/resident-id-reader.md, "The photo". WLT is decoded by closed, licensed
libraries only. The bytes are kept as they came, inside the sealed fact and nowhere else; whoever
owns such a library writes a `PhotoDecoder` and adds it where pictures are shown.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Protocol

SIZE = 1024
NO_DECODER = "no decoder"
UNDECODABLE = "undecodable"
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class PhotoError(ValueError):
    """These bytes are no photo, or not one that this decoder takes. There is none to show."""


class PhotoDecoder(Protocol):
    """A WLT library. `name` is shown beside the picture."""

    name: str

    def decode(self, wlt: bytes) -> bytes:
        """A BMP, PNG or JPEG of the 102 × 126 pixels. Blocks meanwhile. PhotoError if it cannot."""


@dataclass(frozen=True)
class Shown:
    """A picture and who decoded it; or None, and the word that stands in its place."""

    picture: bytes | None = field(repr=False)
    word: str


class PhotoDecoders:
    """The decoders of this installation, asked in the order in which they were added."""

    def __init__(self) -> None:
        self._decoders: list[PhotoDecoder] = []

    def add(self, decoder: PhotoDecoder) -> None:
        self._decoders.append(decoder)

    def show(self, packed: str | None) -> Shown:
        """The picture of a fact's `photo`. Never raises: a card is served without its picture."""
        word = NO_DECODER
        for decoder in self._decoders:
            try:
                return Shown(decoder.decode(unpack(packed or "")), decoder.name)
            except PhotoError:
                word = UNDECODABLE
        return Shown(None, word)


def pack(wlt: bytes) -> str:
    """As the fact carries it: base64url without padding."""
    return base64.urlsafe_b64encode(wlt).rstrip(b"=").decode()


def unpack(packed: str) -> bytes:
    """The 1024 bytes again; PhotoError if that is not what stands there."""
    if not _BASE64URL.fullmatch(packed):
        raise PhotoError("not base64url")
    try:
        wlt = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except binascii.Error as error:
        raise PhotoError("not base64url") from error
    if len(wlt) != SIZE:
        raise PhotoError(f"{len(wlt)} bytes, not {SIZE}")
    return wlt
