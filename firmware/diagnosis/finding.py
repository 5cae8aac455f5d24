"""One verdict of a diagnosis, with what to do. Nothing personal is ever in one."""

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "note", "bad"]
"""`note`: worth knowing, and nothing is wrong."""


@dataclass(frozen=True)
class Finding:
    """`part` of the terminal, what was seen of it (English), and the remedy where it is bad."""

    part: str
    state: State
    what: str
    remedy_zh: str = ""
    remedy_en: str = ""


def good(part: str, what: str) -> Finding:
    return Finding(part, "good", what)


def note(part: str, what: str) -> Finding:
    return Finding(part, "note", what)


def bad(part: str, what: str, remedy_zh: str, remedy_en: str) -> Finding:
    return Finding(part, "bad", what, remedy_zh, remedy_en)
