import pytest

from central.domain import rating
from central.domain.errors import Refused
from central.domain.rating import Rating, State

OFFERED = Rating(State.OFFERED)
RATED = Rating(State.RATED, 2, 2)
REPLACED = Rating(State.RATED, 5, 2)
EXPIRED = Rating(State.EXPIRED)


def test_every_state_answers_every_command() -> None:
    """A rating has an answer for each of its states and commands; what was pressed outweighs."""
    found = {
        (str(state), str(command)): str(rating.TRANSITIONS[state, command])
        for state in State
        for command in rating.Command
    }
    assert found == {
        ("OFFERED", "give"): "RATED",
        ("OFFERED", "replace"): "RATED",
        ("OFFERED", "expire"): "EXPIRED",
        ("RATED", "give"): "RATED",
        ("RATED", "replace"): "RATED",
        ("RATED", "expire"): "RATED",
        ("EXPIRED", "give"): "RATED",
        ("EXPIRED", "replace"): "RATED",
        ("EXPIRED", "expire"): "EXPIRED",
    }


@pytest.mark.parametrize(
    ("before", "level", "replaces", "after"),
    [
        (OFFERED, 2, None, RATED),
        (RATED, 5, 2, REPLACED),
        (OFFERED, 5, 2, REPLACED),
        (REPLACED, 2, None, REPLACED),
        (EXPIRED, 2, None, RATED),
        (REPLACED, 4, 5, Rating(State.RATED, 4, 2)),
    ],
)
def test_a_replacing_press_counts_and_the_first_is_kept(
    before: Rating, level: int, replaces: int | None, after: Rating
) -> None:
    """The last press is the level, the first is remembered, in whichever order they arrive."""
    assert rating.given(before, level, replaces) == after


def test_a_second_press_that_replaces_nothing_is_refused() -> None:
    """One visit has one rating: a second one that does not say what it replaces is none."""
    with pytest.raises(Refused) as refusal:
        rating.given(RATED, 4, None)
    assert refusal.value.code == "rating_given_twice"


@pytest.mark.parametrize(
    ("before", "after"), [(OFFERED, EXPIRED), (RATED, RATED), (EXPIRED, EXPIRED)]
)
def test_expiry_never_takes_a_rating_away(before: Rating, after: Rating) -> None:
    """Time ends the asking, but not what was given."""
    assert rating.expired(before) == after
