"""Who serves, on the customer screen (三亮明): told once for each session and each start."""

import json
from datetime import datetime
from typing import Any

import pytest

from central.service import sessions, terminals
from central.service.screens import POST, PROMISES
from hal.events.status import About, TerminalState

ORDERS = "SELECT body, state FROM order_outbox WHERE device='screen' AND verb='show' ORDER BY rowid"
WINDOW = "pzh01-w01"


@pytest.fixture
def window(hall: Any, store: Any) -> Any:
    """The first window has a customer screen."""
    about = About(version="1", devices=[], facts=[], orders=["screen/show"], hash="")
    moment: datetime = hall.clock.now()
    store.do(lambda link: terminals.note_about(link, WINDOW, "pzh01", about, moment))
    return hall


def look(hall: Any) -> None:
    """The terminal said something about itself."""
    place = hall.sites.find(WINDOW)
    hall.act(lambda context: sessions.look(context, place), "centre")


def told(store: Any) -> list[tuple[str, str]]:
    return [(json.loads(body)["data"]["teller"], state) for body, state in store.rows(ORDERS)]


def test_at_the_sign_in_it_is_told_who_serves(window: Any, store: Any) -> None:
    """Name, post and promises; not again while nothing changes."""
    window.sign_in()
    look(window)
    window.visit()
    ((body, _),) = store.rows(ORDERS)
    shown = json.loads(body)["data"]
    assert shown == {"teller": "teller", "post": POST, "promises": list(PROMISES)}


def test_a_first_call_signs_in_and_shows(window: Any, store: Any) -> None:
    """叫号 at a free window is a sign-in too."""
    window.visit()
    assert told(store) == [("teller", "pending")]


def test_a_terminal_that_started_anew_is_told_again(window: Any, store: Any) -> None:
    """Not while it is away or starting: once it is ready; the older order is not sent any more."""
    window.sign_in()
    for word in ("lost", "starting", "ready", "ready"):
        window.store.do(lambda link, word=word: note_boot(link, word, "B2", window.clock.now()))
        look(window)
    assert told(store) == [("teller", "superseded"), ("teller", "pending")]


def test_after_the_sign_out_nobody_serves(window: Any, store: Any) -> None:
    """The name goes from the screen, and the next teller's comes."""
    window.sign_in()
    window.sign_out()
    assert [teller for teller, _ in told(store)] == ["teller", ""]
    look(window)
    window.sign_in(who="colleague")
    assert [teller for teller, _ in told(store)] == ["teller", "", "colleague"]


def test_a_window_without_a_screen_or_teller_is_told_nothing(window: Any, store: Any) -> None:
    """Neither the other window, nor this one while nobody is signed in."""
    look(window)
    window.sign_in("pzh01-w02")
    assert told(store) == []


def test_a_teller_who_signed_in_while_it_was_away(window: Any, store: Any) -> None:
    """The screen is told once the terminal is there."""
    window.state("lost")
    window.sign_in()
    assert told(store) == []
    window.state("ready")
    look(window)
    assert told(store) == [("teller", "pending")]


def note_boot(link: Any, word: str, boot: str, now: datetime) -> None:
    state = TerminalState(state=word, epoch="E1", boot=boot, since="")  # type: ignore[arg-type]
    terminals.note_state(link, WINDOW, "pzh01", state, now)
