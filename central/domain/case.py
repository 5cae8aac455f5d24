"""办件 Case: one matter of one applicant, along the route that its risk asks for."""

from enum import StrEnum

from central.domain.errors import Refused
from central.domain.transition import Refusal, move


class State(StrEnum):
    OPENED = "OPENED"  # 登记
    ACCEPTED = "ACCEPTED"  # 受理
    DECIDED = "DECIDED"  # 审定
    COMPLETED = "COMPLETED"  # 办结
    DELIVERED = "DELIVERED"  # 送达


class Command(StrEnum):
    ACCEPT = "accept"
    DECIDE = "decide"
    COMPLETE = "complete"
    DELIVER = "deliver"


class Risk(StrEnum):
    LOW = "LOW"  # 低风险直接办
    MEDIUM = "MEDIUM"  # 中风险复核办
    HIGH = "HIGH"  # 高风险联审办


_NOT_ACCEPTED = Refusal("case_not_accepted", "Accept the case first.", "该办件尚未受理。")
_NOT_DECIDED = Refusal("case_not_decided", "Decide the case first.", "该办件尚未审定。")
_NOT_COMPLETED = Refusal("case_not_completed", "Complete the case first.", "该办件尚未办结。")
_ACCEPTED = Refusal("case_already_accepted", "This case was accepted before.", "该办件已受理。")
_DECIDED = Refusal("case_already_decided", "This case was decided before.", "该办件已审定。")
_COMPLETED = Refusal("case_already_completed", "This case was completed before.", "该办件已办结。")
_DELIVERED = Refusal("case_already_delivered", "This case was delivered before.", "该办件已送达。")

TRANSITIONS: dict[tuple[State, Command], State | Refusal] = {
    (State.OPENED, Command.ACCEPT): State.ACCEPTED,
    (State.OPENED, Command.DECIDE): _NOT_ACCEPTED,
    (State.OPENED, Command.COMPLETE): _NOT_ACCEPTED,
    (State.OPENED, Command.DELIVER): _NOT_ACCEPTED,
    (State.ACCEPTED, Command.ACCEPT): _ACCEPTED,
    (State.ACCEPTED, Command.DECIDE): State.DECIDED,
    (State.ACCEPTED, Command.COMPLETE): _NOT_DECIDED,
    (State.ACCEPTED, Command.DELIVER): _NOT_DECIDED,
    (State.DECIDED, Command.ACCEPT): _ACCEPTED,
    (State.DECIDED, Command.DECIDE): _DECIDED,
    (State.DECIDED, Command.COMPLETE): State.COMPLETED,
    (State.DECIDED, Command.DELIVER): _NOT_COMPLETED,
    (State.COMPLETED, Command.ACCEPT): _ACCEPTED,
    (State.COMPLETED, Command.DECIDE): _DECIDED,
    (State.COMPLETED, Command.COMPLETE): _COMPLETED,
    (State.COMPLETED, Command.DELIVER): State.DELIVERED,
    (State.DELIVERED, Command.ACCEPT): _ACCEPTED,
    (State.DELIVERED, Command.DECIDE): _DECIDED,
    (State.DELIVERED, Command.COMPLETE): _COMPLETED,
    (State.DELIVERED, Command.DELIVER): _DELIVERED,
}


def after(state: State, command: Command) -> State:
    """The state after `command`, or Refused."""
    return move(TRANSITIONS, state, command)


def number(site: str, day: str, count: int) -> str:
    """`PZH01-20261123-00007`: site, day and count, unique in the deployment.

    `day` is `YYYY-MM-DD` in the hall's own time; `count` starts at 1 for each site and day.
    """
    return f"{site.upper()}-{day.replace('-', '')}-{count:05d}"


def route(risk: Risk, *, for_individuals: bool) -> None:
    """Refused unless a teller alone may carry the item through, for a person.

    LOW is the one route there is: 低风险直接办, one level (一级审核).
    """
    if risk is not Risk.LOW:
        raise Refused(
            "route_not_available",
            "This item needs review; review is not part of this version.",
            "该事项需复核或联审,本版本尚不支持。",
        )
    if not for_individuals:
        raise Refused(
            "applicant_not_available",
            "This item is for organisations; only people's own matters are part of this version.",
            "该事项由单位申请,本版本仅支持个人业务。",
        )
