import pytest

from central.domain import window
from central.domain.errors import Refused

# state: the code that a call, and a pause, are refused with; None: allowed
EXPECTED = {
    None: ("window_offline", "window_offline"),
    "lost": ("window_offline", "window_offline"),
    "stopping": ("window_offline", "window_offline"),
    "starting": (None, None),
    "ready": (None, None),
    "paused": ("window_paused", None),
}


def code(rule: object, *state: object, **more: object) -> str | None:
    try:
        rule(*state, **more)  # type: ignore[operator]
    except Refused as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize("state", EXPECTED)
def test_every_state_answers_a_call_and_a_pause(state: str | None) -> None:
    """A window that starts can be called at: it is there before anybody has walked to it."""
    call = code(window.call, state, card_left=False)
    pause = code(window.pause, state, serving=False, card_left=False)
    assert (call, pause) == EXPECTED[state]


def test_a_card_inside_blocks_calls_and_pauses() -> None:
    """Whoever left it comes back, and nobody else's card may come to lie there."""
    assert code(window.call, "ready", card_left=True) == "card_left"
    assert code(window.pause, "ready", serving=False, card_left=True) == "card_left"


def test_nobody_pauses_while_serving() -> None:
    """The citizen at the window is served first."""
    assert code(window.pause, "ready", serving=True, card_left=False) == "window_busy"
