"""One thread through which everything passes: kept first, answered then."""

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from firmware.lights import Lights
from firmware.orders import Orders
from firmware.outbox import Change, Entry, Outbox
from firmware.panel import Panel
from firmware.photographer import Order as PageOrder
from firmware.photographer import Photographed
from firmware.scene import Scene
from firmware.session import ConfirmLevel, Sign, Wink
from firmware.stamp import Stamp
from firmware.window import Event, Noted, Ordered, Seen, Window
from hal.clock import SystemClock
from hal.events.envelope import Fact, decode_fact
from hal.events.facts import DocumentCaptured, IdentityRead, Page, TerminalChanged
from hal.events.orders import Order
from hal.interfaces import IdentityCardRead, LevelPressed

CARD = IdentityCardRead(IdentityRead(document="resident", name="示例", number="11010519491231002X"))
STARTED = TerminalChanged(version="1", epoch="E", outbox_depth=0, why="start")


class Witness(Lights):
    """Lamps that note, with each answer, how many facts were on disk by then."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(None, None, Panel(None))
        self.scenes: list[Scene] = []
        self.signs: list[tuple[Sign, int]] = []
        self._outbox = outbox

    def show(self, scene: Scene) -> None:
        self.scenes.append(scene)

    def give(self, sign: Sign) -> None:
        self.signs.append((sign, self._outbox.last()))


@pytest.fixture
def lights(outbox: Outbox) -> Witness:
    return Witness(outbox)


@pytest.fixture
def open_window(outbox: Outbox, stamp: Stamp, lights: Witness) -> Callable[[], Window]:
    """A window on the outbox, as after a start."""
    orders = Orders({"pad": "rating", "reader": "identity", "camera": "document"})
    return lambda: Window(outbox, stamp, lights, orders, SystemClock())


def order(id: str, verb: str, device: str = "visit", **data: Any) -> Ordered:
    body = Order(
        id=id,
        issued_at="2026-11-23T08:00:00+08:00",
        expires_at="2999-01-01T00:00:00+08:00",
        by="teller",
        visit="v1",
        data=msgspec.Raw(msgspec.json.encode(data)),
    )
    return Ordered(device, verb, msgspec.json.encode(body))


def handle(window: Window, *events: Event) -> None:
    """Have it handle these and come to an end, all in this thread."""
    for event in events:
        window.put(event)
    window.stop()
    window.run()


def facts(outbox: Outbox) -> list[Fact]:
    return [decode_fact(entry.body) for entry in outbox.after(0, 100)]


def kinds(outbox: Outbox) -> list[tuple[str, str | None]]:
    return [
        (fact.type.removeprefix("cn.onewindow.").removesuffix(".v1"), fact.visit)
        for fact in facts(outbox)
    ]


OPEN = order("o1", "open", ticket="A001")
ASK = order("o2", "request", "pad", request="r1")


def test_an_answer_comes_after_the_fact_is_on_disk(
    open_window: Callable[[], Window], outbox: Outbox, lights: Witness
) -> None:
    """Each lamp answers when its fact is kept, not before."""
    handle(
        open_window(), OPEN, Seen("reader", CARD), ASK, Seen("pad", LevelPressed(5, "k")),
        Seen("reader", CARD),
    )  # fmt: skip
    assert kinds(outbox) == [
        ("order.done", "v1"),
        ("identity.read", "v1"),
        ("order.done", "v1"),
        ("rating.given", "v1"),
        ("identity.read", "v1"),
    ]
    assert lights.signs == [(Wink("green"), 2), (ConfirmLevel(5), 4), (Wink("green"), 5)]


def test_a_repeated_order_does_nothing(
    open_window: Callable[[], Window], outbox: Outbox, lights: Witness
) -> None:
    """Neither in the same run nor after a restart is an order carried out or answered twice."""
    close = order("o3", "close")
    handle(open_window(), OPEN, OPEN, close)
    handle(open_window(), OPEN, close)
    assert kinds(outbox) == [("order.done", "v1")] * 2
    assert not lights.scenes[-1].green


def test_a_restart_shows_what_was_going_on(
    open_window: Callable[[], Window], lights: Witness
) -> None:
    """The lamps of an open visit and of a rating asked for are shown before any device opens."""
    handle(open_window(), OPEN, ASK)
    open_window()
    assert lights.scenes[-1].green
    assert lights.scenes[-1].pad == {1, 2, 3, 4, 5}


def test_nothing_kept_is_nothing_done(
    open_window: Callable[[], Window],
    outbox: Outbox,
    lights: Witness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a full disk an order has no effect and no answer, a person gets red; then it goes on."""
    keep = outbox.keep
    full = [True, True]

    def keep_or_not(*arguments: Any) -> list[Entry]:
        if full:
            full.pop()
            raise sqlite3.OperationalError("database or disk is full")
        return keep(*arguments)

    monkeypatch.setattr(outbox, "keep", keep_or_not)
    handle(open_window(), OPEN, Seen("reader", CARD), OPEN, Seen("reader", CARD))
    assert kinds(outbox) == [("order.done", "v1"), ("identity.read", "v1")]
    assert lights.signs == [(Wink("red"), 0), (Wink("red"), 0), (Wink("green"), 2)]


def test_time_that_cannot_be_kept_runs_out_later(
    open_window: Callable[[], Window], outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rating that expires on a full disk expires again a little later, and is kept then."""
    monkeypatch.setattr("firmware.window.RETRY_S", 0.01)
    window = open_window()
    handle(window, OPEN, order("o2", "request", "pad", request="r1", timeout_s=0.01))
    keep, refused = outbox.keep, [0]

    def keep_at_last(drafts: Any, write: Any, now_s: float, change: Change) -> list[Entry]:
        refused[0] += 1
        if refused[0] < 3:
            raise sqlite3.OperationalError("database or disk is full")
        if drafts:
            window.stop()
        return keep(drafts, write, now_s, change)

    monkeypatch.setattr(outbox, "keep", keep_at_last)
    window.run()
    assert kinds(outbox)[-1] == ("rating.expired", "v1")
    assert refused == [4]


def test_what_is_noted_belongs_to_nobody(open_window: Callable[[], Window], outbox: Outbox) -> None:
    """A fact about the terminal itself is not bound to the visit that is open."""
    handle(open_window(), OPEN, Noted("terminal", "terminal", "started", STARTED))
    assert kinds(outbox) == [("order.done", "v1"), ("terminal.started", None)]


def test_who_listens_hears_of_every_keeping(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """The sender is woken once for each transaction with facts, and for nothing else."""
    window = open_window()
    heard: list[int] = []
    window.on_kept(lambda: heard.append(outbox.last()))
    handle(window, OPEN, Seen("pad", LevelPressed(1, "k")), Seen("reader", CARD))
    assert heard == [1, 2]


CAPTURE = order("o4", "capture", "camera", document="d1")
LAID = Page(
    hash="", size_bytes=0, width_px=1, height_px=1, dpi=200.0,
    sharpness=0.9, glare=0.0, skew_deg=0.0, verdict="good",
)  # fmt: skip
TAKEN = DocumentCaptured(document="d1", pages=[LAID])


def test_a_page_is_ordered_once_and_answered_when_it_was_taken(
    open_window: Callable[[], Window], outbox: Outbox, lights: Witness
) -> None:
    """The order that comes again meanwhile takes no second page; the fact belongs to its visit."""
    taken: list[PageOrder] = []
    window = open_window()
    window.on_capture(taken.append)
    handle(window, OPEN, CAPTURE, CAPTURE)
    assert [each.id for each in taken] == ["o4"]
    handle(window, Photographed(taken[0], TAKEN), CAPTURE)
    assert kinds(outbox)[1:] == [("document.captured", "v1"), ("order.done", "v1")]
    assert lights.signs == [(Wink("yellow"), 3)]
    assert len(taken) == 1


def test_a_preview_is_ordered_once_and_answered_at_once(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """It needs no visit; what lies there is no fact."""
    shown: list[float] = []
    window = open_window()
    window.on_capture(lambda _: None, shown.append)
    looked = order("o5", "preview", "camera", duration_s=12.5)
    handle(window, looked, looked)
    assert (shown, kinds(outbox)) == ([12.5], [("order.done", "v1")])


def test_a_page_of_a_visit_that_closed_meanwhile_is_nobodys(
    open_window: Callable[[], Window], outbox: Outbox, lights: Witness
) -> None:
    """The next citizen's paper may lie there by now: it is kept, and the order is refused."""
    taken: list[PageOrder] = []
    window = open_window()
    window.on_capture(taken.append)
    handle(window, OPEN, CAPTURE, order("o3", "close"))
    handle(window, Photographed(taken[0], TAKEN), CAPTURE)
    assert kinds(outbox)[2:] == [("document.captured", None), ("order.refused", "v1")]
    assert lights.signs == [(Wink("red"), 4)]
    assert len(taken) == 1


def test_a_page_that_cannot_be_taken_is_refused_by_a_fact(
    open_window: Callable[[], Window], outbox: Outbox, lights: Witness
) -> None:
    """The centre hears why, and red answers."""
    window = open_window()
    window.on_capture(lambda ordered: window.put(Photographed(ordered, None, "no camera")))
    window.put(OPEN)
    window.put(CAPTURE)
    window.put(order("o3", "close", ticket="x"))
    window.stop()
    window.run()
    window.stop()
    window.run()
    assert ("order.refused", "v1") in kinds(outbox)
    assert [sign for sign, _ in lights.signs] == [Wink("red")]


def test_a_page_for_another_visit_is_not_taken(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """What lies under the camera belongs to the citizen who is here."""
    taken: list[PageOrder] = []
    window = open_window()
    window.on_capture(taken.append)
    handle(window, CAPTURE)
    assert (taken, kinds(outbox)) == ([], [("order.refused", "v1")])


def test_the_time_to_an_answer_is_told(
    outbox: Outbox, stamp: Stamp, lights: Witness, clock: Any
) -> None:
    """From the observation to its answer; what nobody timed, and what nobody did, has none."""
    window = Window(outbox, stamp, lights, Orders({"reader": "identity"}), clock)
    told: list[tuple[float, int]] = []
    window.on_answered(lambda took_s: told.append((took_s, len(lights.signs))))
    seen_ns = clock.monotonic_ns()
    clock.pass_s(0.5)
    started = Noted("terminal", "terminal", "started", STARTED)
    handle(window, started, Seen("reader", CARD), Seen("reader", CARD, seen_ns))
    assert told == [(0.5, 2)]


def test_what_could_not_be_kept_was_not_answered(
    outbox: Outbox, stamp: Stamp, lights: Witness, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk gives no figure of an answer: the person has to try again."""
    window = Window(outbox, stamp, lights, Orders({"reader": "identity"}), clock)
    told: list[float] = []
    window.on_answered(told.append)

    def full(*args: object, **named: object) -> list[Entry]:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(outbox, "keep", full)
    handle(window, Seen("reader", CARD, clock.monotonic_ns()))
    assert told == []
