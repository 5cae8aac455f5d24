"""本次服务 Visit: one citizen at one window, from the call to the close."""

from enum import StrEnum

from central.domain import rating
from central.domain.errors import Refused
from central.domain.transition import Refusal, move


class State(StrEnum):
    OPEN = "OPEN"  # 服务中
    CLOSED = "CLOSED"  # 已结束


class Command(StrEnum):
    OPEN_CASE = "open_case"
    CAPTURE = "capture"
    READ_BACK = "read_back"  # 核对
    ASK_RATING = "ask_rating"
    CHOOSE_PARTY = "choose_party"
    RECORD = "record"  # a fact that was stamped with this visit at the window
    CLOSE = "close"


_CLOSED = Refusal("visit_closed", "This visit is closed.", "本次服务已结束。")

TRANSITIONS: dict[tuple[State, Command], State | Refusal] = {
    (State.OPEN, Command.OPEN_CASE): State.OPEN,
    (State.OPEN, Command.CAPTURE): State.OPEN,
    (State.OPEN, Command.READ_BACK): State.OPEN,
    (State.OPEN, Command.ASK_RATING): State.OPEN,
    (State.OPEN, Command.CHOOSE_PARTY): State.OPEN,
    (State.OPEN, Command.RECORD): State.OPEN,
    (State.OPEN, Command.CLOSE): State.CLOSED,
    (State.CLOSED, Command.OPEN_CASE): _CLOSED,
    (State.CLOSED, Command.CAPTURE): _CLOSED,
    (State.CLOSED, Command.READ_BACK): _CLOSED,
    (State.CLOSED, Command.ASK_RATING): _CLOSED,
    (State.CLOSED, Command.CHOOSE_PARTY): _CLOSED,
    # It happened while the visit was open at the window; only the line was slow.
    (State.CLOSED, Command.RECORD): State.CLOSED,
    (State.CLOSED, Command.CLOSE): _CLOSED,
}


def after(state: State, command: Command) -> State:
    """The state after `command`, or Refused."""
    return move(TRANSITIONS, state, command)


def close(state: State, asked: rating.State | None, *, still_asking: bool) -> State:
    """Close the visit. `asked` is its rating's state, None when nobody asked for one.

    Refused while the pad still waits for the citizen (`still_asking`: the order has not expired).
    """
    closed = after(state, Command.CLOSE)
    if asked is rating.State.OFFERED and still_asking:
        raise Refused(
            "rating_pending",
            "The citizen is still being asked for a rating; wait for the answer or its end.",
            "评价尚未结束,请稍候。",
        )
    return closed
