"""评价 Rating: one per visit (一次一评), by the nonce of its request, never by a teller."""

from dataclasses import dataclass
from enum import StrEnum

from central.domain.errors import Refused
from central.domain.transition import Refusal, move


class State(StrEnum):
    OFFERED = "OFFERED"  # 请评价
    RATED = "RATED"  # 已评价
    EXPIRED = "EXPIRED"  # 未评价


class Command(StrEnum):
    GIVE = "give"
    REPLACE = "replace"  # a second press within 8 s
    EXPIRE = "expire"


TRANSITIONS: dict[tuple[State, Command], State | Refusal] = {
    (State.OFFERED, Command.GIVE): State.RATED,
    (State.OFFERED, Command.REPLACE): State.RATED,
    (State.OFFERED, Command.EXPIRE): State.EXPIRED,
    (State.RATED, Command.GIVE): State.RATED,
    (State.RATED, Command.REPLACE): State.RATED,
    # What a citizen pressed outweighs a clock, in whichever order the two arrive.
    (State.RATED, Command.EXPIRE): State.RATED,
    (State.EXPIRED, Command.GIVE): State.RATED,
    (State.EXPIRED, Command.REPLACE): State.RATED,
    (State.EXPIRED, Command.EXPIRE): State.EXPIRED,
}


@dataclass(frozen=True)
class Rating:
    """`level` is what counts, `first_level` what was pressed first; both 1-5, None if unrated."""

    state: State
    level: int | None = None
    first_level: int | None = None


def given(before: Rating, level: int, replaces: int | None) -> Rating:
    """A press of `level`; `replaces` is the level of the press it takes the place of.

    The two presses of one citizen may arrive in either order. Refused when a second press
    does not say that it replaces the first.
    """
    if before.state is State.RATED and replaces is None:
        if level == before.first_level:
            return before
        raise Refused(
            "rating_given_twice",
            "This request has its rating; a further press must replace it.",
            "本次服务已评价。",
        )
    command = Command.GIVE if replaces is None else Command.REPLACE
    state = move(TRANSITIONS, before.state, command)
    first = before.first_level or replaces or level
    return Rating(state, level, first)


def expired(before: Rating) -> Rating:
    """Nobody pressed in time, or the pad could not ask."""
    return Rating(move(TRANSITIONS, before.state, Command.EXPIRE), before.level, before.first_level)
