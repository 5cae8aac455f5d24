"""What a window may do without the centre, as the centre configured it.

It is part of the session's state, which is written again with each of its changes, and a card bears
only so many writes: so it lies on the disk packed, a third of its size.
"""

import base64
import zlib
from dataclasses import dataclass, field

from hal.events.orders import Configure, OfflineItem, decode, encode


@dataclass(frozen=True)
class Work:
    """`packed` is `configured` as it lies on the disk."""

    configured: Configure
    packed: str = field(repr=False)

    @property
    def items(self) -> list[OfflineItem]:
        return self.configured.items

    @property
    def window(self) -> int | None:
        return self.configured.window


def pack(configured: Configure) -> Work:
    """From an order that has been read."""
    return Work(configured, base64.b85encode(zlib.compress(encode(configured), 9)).decode())


def unpack(packed: str) -> Work:
    """From what `pack` made."""
    return Work(decode(zlib.decompress(base64.b85decode(packed)), Configure), packed)
