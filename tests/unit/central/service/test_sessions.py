"""签到, 签退: one teller to a window, and what a colleague may not do there."""

from typing import Any

import pytest

from central.domain.errors import Refused


def refusal(error: "pytest.ExceptionInfo[Refused]") -> str:
    return error.value.code


def test_a_second_teller_is_refused_until_the_first_signs_out(hall: Any) -> None:
    """A window has one teller; after the hand-over it is the next one's."""
    hall.sign_in(who="anna")
    with pytest.raises(Refused) as caught:
        hall.sign_in(who="berta")
    assert refusal(caught) == "window_taken"
    hall.sign_out(who="anna")
    assert hall.sign_in(who="berta").teller == "berta"


def test_signing_in_again_is_the_same_session(hall: Any, store: Any) -> None:
    """A second press of the key opens nothing."""
    assert hall.sign_in().id == hall.sign_in().id
    assert store.rows("SELECT count(*) FROM session") == [(1,)]


def test_only_who_is_signed_in_calls(hall: Any) -> None:
    """A colleague cannot call somebody to a window that is not theirs."""
    hall.sign_in(who="anna")
    hall.take()
    with pytest.raises(Refused) as caught:
        hall.call(who="berta")
    assert refusal(caught) == "window_taken"
    assert hall.call(who="anna").visit.state == "OPEN"


def test_a_call_at_a_free_window_signs_in(hall: Any) -> None:
    """No visit is ever open at a window where nobody serves."""
    hall.take()
    hall.call(who="anna")
    with pytest.raises(Refused) as caught:
        hall.sign_in(who="berta")
    assert refusal(caught) == "window_taken"


def test_nobody_signs_out_while_serving(hall: Any) -> None:
    """The citizen at the window keeps their teller until the visit is closed."""
    called = hall.visit()
    with pytest.raises(Refused) as caught:
        hall.sign_out()
    assert refusal(caught) == "window_busy"
    hall.close(called.visit.id)
    assert hall.sign_out().state == "CLOSED"


def test_signing_out_where_one_is_not_is_refused(hall: Any) -> None:
    """Neither a colleague's session nor none at all can be ended."""
    for present in (None, "anna"):
        if present:
            hall.sign_in(who=present)
        with pytest.raises(Refused) as caught:
            hall.sign_out(who="berta")
        assert refusal(caught) == "not_signed_in"
