"""What stands on the customer screen, and for how long."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from firmware.screen.presenter import BLANK_S, PHRASES, Presenter
from firmware.screen_session import Shown
from firmware.sheets import SheetError
from hal.events.sheets import Sheet

DEADLINE_S = 20.0
IDLE = Shown("idle", 3)
SERVING = Shown("serving", 3, "v1", "A001")
SHEETS = {name: Sheet(title=name, number=name) for name in ("s1", "s2")}


class Shelf:
    """Gives each sheet out when it is let go, and notes what it could not give."""

    def __init__(self) -> None:
        self.free = {name: Event() for name in (*SHEETS, "away")}
        self.asked: dict[str, Event] = {name: Event() for name in self.free}
        self.missed: list[str] = []

    def fetch(self, sha256: str) -> Sheet:
        self.asked[sha256].set()
        assert self.free[sha256].wait(DEADLINE_S)
        if sha256 not in SHEETS:
            raise SheetError(sha256)
        return SHEETS[sha256]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def presenter(clock: Any, shelf: Shelf) -> Iterator[Presenter]:
    made = Presenter(clock, shelf.fetch, shelf.missed.append, lambda text: None)
    made.start()
    yield made
    for each in shelf.free.values():
        each.set()
    made.stop()


def reading(sheet: str) -> Shown:
    return replace(SERVING, scenery="sheet", sheet=sheet)


def wait(presenter: Presenter, holds: Callable[[], bool]) -> None:
    frame = presenter.frame()
    while not holds():
        frame = presenter.wait(frame.version, DEADLINE_S) or frame


@pytest.mark.parametrize("after", ["idle", "offline"])
def test_the_good_bye_stands_for_five_seconds(presenter: Presenter, clock: Any, after: Any) -> None:
    """Not a moment longer, also when nobody looks; with the centre or without it."""
    presenter.show(SERVING)
    presenter.show(replace(IDLE, scenery=after))
    assert presenter.frame().scenery == "thanks"
    clock.pass_s(BLANK_S - 0.001)
    assert presenter.frame().scenery == "thanks"
    before = presenter.frame().version
    clock.pass_s(0.001)
    frame = presenter.wait(before, 0.0)
    assert frame is not None
    assert frame.scenery == after


def test_a_card_left_inside_comes_before_the_good_bye(presenter: Presenter) -> None:
    """Nobody is sent away without it."""
    presenter.show(SERVING)
    presenter.show(replace(IDLE, scenery="card"))
    assert presenter.frame().scenery == "card"


def test_the_same_is_no_change(presenter: Presenter) -> None:
    """A browser is not told twice, so that nobody's pen is taken away."""
    presenter.show(SERVING)
    version = presenter.frame().version
    presenter.show(SERVING)
    assert presenter.wait(version, 0.0) is None


def test_a_sheet_that_comes_too_late_is_dropped(presenter: Presenter, shelf: Shelf) -> None:
    """Neither shown for the newer one nor kept; the newer one is fetched after it."""
    presenter.show(reading("s1"))
    assert shelf.asked["s1"].wait(DEADLINE_S)
    assert presenter.frame().sheet is None
    presenter.show(reading("s2"))
    shelf.free["s1"].set()
    assert shelf.asked["s2"].wait(DEADLINE_S)
    assert presenter.frame().sheet is None
    shelf.free["s2"].set()
    wait(presenter, lambda: presenter.frame().sheet is not None)
    sheet = presenter.frame().sheet
    assert sheet is not None
    assert (sheet.hash, sheet.title) == ("s2", "s2")


def test_a_sheet_is_fetched_again_after_it_was_missed(presenter: Presenter, shelf: Shelf) -> None:
    """Whoever waits is told; the next sheet comes all the same."""
    shelf.free["away"].set()
    shelf.free["s1"].set()
    presenter.show(reading("away"))
    assert shelf.asked["away"].wait(DEADLINE_S)
    presenter.show(reading("s1"))
    wait(presenter, lambda: presenter.frame().sheet is not None)
    assert shelf.missed == ["away"]


def test_a_sheet_is_not_under_the_rating(presenter: Presenter, shelf: Shelf) -> None:
    """While something else is asked, nothing of it goes to the browser."""
    shelf.free["s1"].set()
    presenter.show(reading("s1"))
    wait(presenter, lambda: presenter.frame().sheet is not None)
    presenter.show(replace(reading("s1"), scenery="rating", request="r1"))
    assert presenter.frame().sheet is None
    presenter.show(replace(reading("s1"), scenery="sign", sign=True))
    assert presenter.frame().sheet is not None


def test_the_end_takes_everything_away(presenter: Presenter, shelf: Shelf) -> None:
    """A terminal that stops leaves nothing on its screen, and shows nothing any more."""
    shelf.free["s1"].set()
    presenter.show(reading("s1"))
    wait(presenter, lambda: presenter.frame().sheet is not None)
    presenter.stop()
    presenter.show(SERVING)
    frame = presenter.frame()
    assert (frame.scenery, frame.sheet, frame.ticket) == ("idle", None, None)


def test_phrases_are_fixed() -> None:
    """What is said aloud has no digit, no letter and no place for one."""
    assert all(not any(c.isascii() or c in "{}" for c in phrase) for phrase in PHRASES.values())
