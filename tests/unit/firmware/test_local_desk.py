"""The desk of a window without the centre: wishes go through the window, answers come back."""

from collections.abc import Callable

import pytest

from firmware import local_desk
from firmware.local_desk import (
    AskRating,
    ChooseParty,
    CloseLocalVisit,
    LocalCommand,
    LocalDesk,
    LocalRefused,
    LocalStatus,
    OpenLocalVisit,
    TakePage,
    Wish,
)

IDLE = LocalStatus(mode="idle", offline=True)
SERVING = LocalStatus(mode="serving", offline=True, visit="v1", ticket="A091")


class FakeWindow:
    """Answers wishes at once, or refuses, or stays silent; remembers what was wished."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.refusal: LocalRefused | None = None
        self.silent = False

    def put(self, event: LocalCommand) -> None:
        self.wishes.append(event.wish)
        if self.silent:
            return
        if self.refusal is not None:
            event.answer.set_exception(self.refusal)
        else:
            event.answer.set_result(SERVING)

    def local_status(self) -> LocalStatus:
        return IDLE


@pytest.fixture
def window() -> FakeWindow:
    return FakeWindow()


WISHES: list[tuple[Callable[[LocalDesk], LocalStatus], Wish]] = [
    (lambda desk: desk.open_visit("i1"), OpenLocalVisit("i1")),
    (lambda desk: desk.choose_party("agent"), ChooseParty("agent")),
    (lambda desk: desk.request_rating(), AskRating()),
    (lambda desk: desk.capture_page(), TakePage()),
    (lambda desk: desk.close_visit("left"), CloseLocalVisit("left")),
]


@pytest.mark.parametrize(("call", "wish"), WISHES)
def test_a_wish_passes_through_the_window(
    window: FakeWindow, call: Callable[[LocalDesk], LocalStatus], wish: Wish
) -> None:
    """What the page calls is what the window's thread is asked, and its answer comes back."""
    assert call(LocalDesk(window)) == SERVING
    assert window.wishes == [wish]


def test_a_refusal_reaches_the_caller(window: FakeWindow) -> None:
    """With its code and both its messages."""
    window.refusal = LocalRefused("no_number", "没有预留号", "no reserved number is left")
    with pytest.raises(LocalRefused) as refused:
        LocalDesk(window).open_visit("i1")
    assert refused.value.code == "no_number"
    assert (refused.value.message_zh, str(refused.value)) == (
        "没有预留号",
        "no reserved number is left",
    )


def test_the_status_waits_for_nobody(window: FakeWindow) -> None:
    """It is there even when the window's thread does not answer."""
    window.silent = True
    assert LocalDesk(window).status() == IDLE
    assert window.wishes == []


def test_no_answer_is_told(window: FakeWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller is not kept for ever; it learns that the wish may still come true."""
    monkeypatch.setattr(local_desk, "ANSWER_S", 0.01)
    window.silent = True
    with pytest.raises(LocalRefused) as refused:
        LocalDesk(window).open_visit("i1")
    assert refused.value.code == "slow"
