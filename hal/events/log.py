"""Log lines that a terminal sends to the centre: structured, rate-limited, never personal.

Source: the contract between terminal and centre, version 1, "Topics", `log/{level}`.
"""

from typing import Literal

import msgspec

LogLevel = Literal["info", "warning", "error"]
Plain = str | int | float | bool | None


class LogLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`log/{level}`, QoS 0. `where` is the part of the program, `what` a fixed sentence of its.

    `extra` are the values beside it. `skipped`: lines that were left out before this one.
    """

    at: str
    level: LogLevel
    where: str
    what: str
    extra: dict[str, Plain] = {}
    skipped: int = 0
