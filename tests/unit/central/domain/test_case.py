import pytest

from central.domain import case
from central.domain.errors import Refused

# state: the answers to accept, decide, complete, deliver
EXPECTED = {
    "OPENED": ("ACCEPTED", "case_not_accepted", "case_not_accepted", "case_not_accepted"),
    "ACCEPTED": ("case_already_accepted", "DECIDED", "case_not_decided", "case_not_decided"),
    "DECIDED": (
        "case_already_accepted",
        "case_already_decided",
        "COMPLETED",
        "case_not_completed",
    ),
    "COMPLETED": (
        "case_already_accepted",
        "case_already_decided",
        "case_already_completed",
        "DELIVERED",
    ),
    "DELIVERED": (
        "case_already_accepted",
        "case_already_decided",
        "case_already_completed",
        "case_already_delivered",
    ),
}


def answer(state: case.State, command: case.Command) -> str:
    try:
        return case.after(state, command)
    except Refused as refusal:
        return refusal.code


def test_every_state_answers_every_command() -> None:
    """A case goes its way one step at a time: no step is skipped, none taken twice."""
    found = {
        str(state): tuple(answer(state, command) for command in case.Command)
        for state in case.State
    }
    assert found == EXPECTED


def test_a_case_number_names_site_and_day() -> None:
    """The number is readable: site, day, and the count of that day."""
    assert case.number("pzh01", "2026-11-23", 7) == "PZH01-20261123-00007"


@pytest.mark.parametrize(
    ("risk", "for_individuals", "code"),
    [
        (case.Risk.LOW, True, None),
        (case.Risk.LOW, False, "applicant_not_available"),
        (case.Risk.MEDIUM, True, "route_not_available"),
        (case.Risk.MEDIUM, False, "route_not_available"),
        (case.Risk.HIGH, True, "route_not_available"),
        (case.Risk.HIGH, False, "route_not_available"),
    ],
)
def test_a_teller_alone_handles_only_low_risk(
    risk: case.Risk, for_individuals: bool, code: str | None
) -> None:
    """Only a person's low-risk item goes through at the window; nothing is silently let past."""
    try:
        case.route(risk, for_individuals=for_individuals)
        found = None
    except Refused as refusal:
        found = refusal.code
    assert found == code
