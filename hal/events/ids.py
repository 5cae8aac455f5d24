"""ULIDs: 26 characters of Crockford's base 32, 48 bits of milliseconds and 80 random bits."""

import re
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_ulid(unix_ms: int) -> str:
    """A fresh identifier whose text order is the order of `unix_ms`.

    `unix_ms` is wall time in milliseconds since 1970; a wrong clock harms only the order,
    never the uniqueness.
    """
    number = (unix_ms & (1 << 48) - 1) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    """Whether `text` has the form of a ULID (upper case only)."""
    return _ULID.fullmatch(text) is not None
