import pytest

from central.domain import rating, visit
from central.domain.errors import Refused

# state: the answers to open_case, capture, read_back, ask_rating, choose_party, record, close
EXPECTED = {
    "OPEN": (*6 * ("OPEN",), "CLOSED"),
    "CLOSED": (*5 * ("visit_closed",), "CLOSED", "visit_closed"),
}


def answer(state: visit.State, command: visit.Command) -> str:
    try:
        return visit.after(state, command)
    except Refused as refusal:
        return refusal.code


def test_every_state_answers_every_command() -> None:
    """A visit moves, or says why not, for each of its states and commands."""
    found = {
        str(state): tuple(answer(state, command) for command in visit.Command)
        for state in visit.State
    }
    assert found == EXPECTED


@pytest.mark.parametrize(
    ("asked", "still_asking", "expected"),
    [
        (None, False, "CLOSED"),
        (rating.State.OFFERED, True, "rating_pending"),
        (rating.State.OFFERED, False, "CLOSED"),
        (rating.State.RATED, True, "CLOSED"),
        (rating.State.EXPIRED, True, "CLOSED"),
    ],
)
def test_a_visit_waits_for_a_citizen_who_is_being_asked(
    asked: rating.State | None, still_asking: bool, expected: str
) -> None:
    """Only a rating that is offered and not yet out of time keeps a visit open."""
    try:
        found: str = visit.close(visit.State.OPEN, asked, still_asking=still_asking)
    except Refused as refusal:
        found = refusal.code
    assert found == expected
