"""What may stand in a log line, whoever wrote it. Decided by type first, then by form.

    type of a value                  what is logged
    None, bool, float                as it is
    int                              as it is below 15 digits; an ID number has 15 or 18
    str under a key of KEYS          as it is, unless it has a form below
    str under any other key          ‹str›
    Path                             like a str
    anything else                    ‹its type›: payloads (hal Data), bytes, exceptions, containers

    form of a text                   why
    8 digits in a row                ID, card, telephone and social-security numbers, birth dates
    a Chinese character              names and addresses of people
    longer than 200 characters       dumps of something

A ULID and a SHA-256 in hex are names of things of ours and may have digits. The text of a message
is a fixed sentence of the program and passes through the same forms.
"""

import re
from pathlib import Path

from hal.events.log import Plain

KEYS = frozenset(
    {
        "action",
        "address",
        "cause",
        "daemon",
        "detail",
        "device",
        "driver",
        "error",
        "exception",
        "file",
        "from",
        "item",
        "mode",
        "order",
        "pack",
        "part",
        "path",
        "picture",
        "port",
        "reason",
        "role",
        "rung",
        "state",
        "task",
        "to",
        "topic",
        "unit",
        "verb",
        "visit",
        "why",
    }
)
"""Under these keys the program writes texts of its own or of the machine's, never of a person."""

LONGEST = 200
_NUMBER = re.compile(r"\d{8}")
_DIGITS_OF_A_NUMBER = 10**14
_OWN_NAME = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{64}")
_CHINESE = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def plain(key: str, value: object) -> Plain:
    """What may be logged of `value` under `key`."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < _DIGITS_OF_A_NUMBER else "‹int›"
    if isinstance(value, str | Path) and key in KEYS:
        return text(str(value))
    return f"‹{type(value).__name__}›"


def text(words: str) -> str:
    """`words`, or what is put in their place because of their form."""
    if _OWN_NAME.fullmatch(words):
        return words
    if len(words) > LONGEST or _NUMBER.search(words) or _CHINESE.search(words):
        return "‹str›"
    return words
