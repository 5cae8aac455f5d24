"""Moving along a transition table: every pair of state and command has an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from central.domain.errors import Refused

S = TypeVar("S", bound=StrEnum)
C = TypeVar("C", bound=StrEnum)


@dataclass(frozen=True)
class Refusal:
    """Why a command is not allowed in a state."""

    code: str
    english: str
    chinese: str


def move(table: Mapping[tuple[S, C], S | Refusal], state: S, command: C) -> S:
    """The state after `command`; Refused with the table's reason when there is none."""
    answer = table[state, command]
    if isinstance(answer, Refusal):
        raise Refused(answer.code, answer.english, answer.chinese)
    return answer
