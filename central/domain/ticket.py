"""号票 Ticket: a number of the hall, unique per site, day and lane."""

import re
from enum import StrEnum

from central.domain.errors import Incorrect
from central.domain.transition import Refusal, move

BARCODE_PREFIX = "OW:T:"
_LANE = re.compile(r"[A-Z]")
_NUMBER = re.compile(r"([A-Z])([0-9]{3,9})")


class State(StrEnum):
    WAITING = "WAITING"  # 等候
    CALLED = "CALLED"  # 已叫号
    SERVING = "SERVING"  # 办理中
    DONE = "DONE"  # 结束


class Command(StrEnum):
    CALL = "call"
    SERVE = "serve"  # its barcode was scanned at the window, or the first case was opened
    FINISH = "finish"
    RETURN = "return"  # the window could not serve it: back to the head of its lane


_NOT_CALLED = Refusal(
    "ticket_not_called", "This number has not been called yet.", "该号票尚未叫号。"
)
_CALLED = Refusal("ticket_called", "This number has been called already.", "该号票已叫号。")
_SERVING = Refusal("ticket_serving", "This number is being served.", "该号票正在办理。")
_DONE = Refusal("ticket_done", "This number has been served.", "该号票已办结。")

TRANSITIONS: dict[tuple[State, Command], State | Refusal] = {
    (State.WAITING, Command.CALL): State.CALLED,
    (State.WAITING, Command.SERVE): _NOT_CALLED,
    (State.WAITING, Command.FINISH): _NOT_CALLED,
    (State.WAITING, Command.RETURN): _NOT_CALLED,
    (State.CALLED, Command.CALL): _CALLED,
    (State.CALLED, Command.SERVE): State.SERVING,
    (State.CALLED, Command.FINISH): State.DONE,
    (State.CALLED, Command.RETURN): State.WAITING,
    (State.SERVING, Command.CALL): _CALLED,
    (State.SERVING, Command.SERVE): State.SERVING,
    (State.SERVING, Command.FINISH): State.DONE,
    (State.SERVING, Command.RETURN): _SERVING,
    (State.DONE, Command.CALL): _DONE,
    # A scan may reach the centre after the visit was closed: the outbox of the terminal is patient.
    (State.DONE, Command.SERVE): State.DONE,
    (State.DONE, Command.FINISH): _DONE,
    (State.DONE, Command.RETURN): _DONE,
}


def after(state: State, command: Command) -> State:
    """The state after `command`, or Refused."""
    return move(TRANSITIONS, state, command)


def number(lane: str, count: int) -> str:
    """`A001`: the lane's letter and at least three digits. `count` starts at 1."""
    if not _LANE.fullmatch(lane):
        raise Incorrect("lane_unknown", "A lane is one letter A-Z.", "队列代号应为一个大写字母。")
    return f"{lane}{count:03d}"


def count(lane: str, text: str) -> int | None:
    """The count in a number of `lane`, None if `text` is not as `number` writes it."""
    match = _NUMBER.fullmatch(text)
    if match is None or match[1] != lane or number(lane, int(match[2])) != text:
        return None
    return int(match[2])


def announcement(number: str, window: int) -> str:
    """What is called out in the hall, and nothing about the person (叫号)."""
    return f"请{number}号到{window}号窗口办理业务"


def barcode(ticket_id: str) -> str:
    """What the barcode on the slip says."""
    return f"{BARCODE_PREFIX}{ticket_id}"


def scanned(text: str) -> str | None:
    """The ticket's id in a scanned text, None when it is no ticket."""
    text = text.strip()
    return text.removeprefix(BARCODE_PREFIX) if text.startswith(BARCODE_PREFIX) else None
