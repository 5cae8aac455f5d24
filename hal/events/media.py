"""A sealed picture as it lies in the spool, goes over the wire and is kept: one form for all.

Source: the contract between terminal and centre, version 1, "Pictures travel by HTTPS";
docs/protocols/media-upload.md. The SHA-256 that names a picture is of these bytes, never of the
plain ones.
"""

import re
from dataclasses import dataclass

MEDIA_PATH = "/api/v1/media/"
MAX_MEDIA_BYTES = 16 * 1024 * 1024
"""Of one sealed picture; an A4 page of 300 dpi as JPEG has about 2 MB."""
OFFSET_HEADER = "Upload-Offset"
COMPLETE_HEADER = "Upload-Complete"
YES, NO = "?1", "?0"
"""Booleans of RFC 9651."""

_MAGIC = "onewindow/media/1"
_HEAD = re.compile(rb"onewindow/media/1 ([A-Za-z0-9._-]{1,64}) ([0-9A-Z]{26})\n")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class MediaError(ValueError):
    """Bytes that are no sealed picture of this contract."""


@dataclass(frozen=True)
class SealedMedia:
    """`box` is enc‖ciphertext for the key `kid`; `media` is the picture's id, a ULID."""

    kid: str
    media: str
    box: bytes


def media_info(terminal: str, media: str) -> bytes:
    """The HPKE `info`: a box under another terminal's name or another id does not open."""
    return "\n".join((_MAGIC, terminal, media)).encode()


def pack(sealed: SealedMedia) -> bytes:
    """One line of ASCII that says which key and which picture, then the box."""
    packed = f"{_MAGIC} {sealed.kid} {sealed.media}\n".encode() + sealed.box
    if _HEAD.match(packed) is None:
        raise MediaError("kid or id cannot stand in the head of a sealed picture")
    return packed


def unpack(packed: bytes) -> SealedMedia:
    """The parts of a sealed picture; MediaError if it has no such head."""
    head = _HEAD.match(packed)
    if head is None:
        raise MediaError("not a sealed picture")
    return SealedMedia(head[1].decode(), head[2].decode(), packed[head.end() :])


def is_sha256(text: str) -> bool:
    """Whether `text` can name a picture: 64 hexadecimal digits in lower case."""
    return _SHA256.fullmatch(text) is not None
