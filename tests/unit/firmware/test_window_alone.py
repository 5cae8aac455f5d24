"""The window without the centre, with a card left, without room: through its one thread."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Thread
from typing import Any

import msgspec
import pytest

from firmware.lights import Lights
from firmware.local_desk import LocalCommand, LocalDesk, LocalRefused, OpenLocalVisit
from firmware.orders import Orders
from firmware.outbox import Entry, Outbox
from firmware.panel import Panel
from firmware.photographer import Order as PageOrder
from firmware.photographer import Photographed
from firmware.scene import Scene
from firmware.session import Sign, Wink
from firmware.stamp import Stamp
from firmware.surroundings import AbleSeen, CentreSeen, ClockSeen, Disk, Recovering
from firmware.view import View
from firmware.window import Event, Ordered, Seen, Tick, Window
from hal.clock import Clock
from hal.events.envelope import Fact, decode_fact
from hal.events.facts import DocumentCaptured, IdentityRead, Page
from hal.events.orders import Order
from hal.interfaces import CardInserted, CardTaken, IdentityCardRead, LevelPressed

WAIT_S = 10.0
CARD = IdentityCardRead(IdentityRead(document="resident", name="示例", number="11010519491231002X"))
IN, OUT = CardInserted("slot 0", None), CardTaken("slot 0")
ALL = AbleSeen(frozenset({"identity", "rating", "document"}))
ITEM = {"code": "i1", "name": "示例事项", "devices": ["identity"]}


class Witness(Lights):
    """Lamps that remember what they were to show."""

    def __init__(self) -> None:
        super().__init__(None, None, Panel(None))
        self.scenes: list[Scene] = []
        self.signs: list[Sign] = []

    def show(self, scene: Scene) -> None:
        self.scenes.append(scene)

    def give(self, sign: Sign) -> None:
        self.signs.append(sign)


@pytest.fixture
def lights() -> Witness:
    return Witness()


@pytest.fixture
def open_window(
    outbox: Outbox, stamp: Stamp, lights: Witness, clock: Clock
) -> Callable[[], Window]:
    """A window on the outbox, as after a start; its clock stands still."""
    roles = {"pad": "rating", "reader": "identity", "camera": "document", "card": "card"}
    return lambda: Window(outbox, stamp, lights, Orders(roles), clock)


@pytest.fixture
def start(open_window: Callable[[], Window]) -> Iterator[Callable[..., Window]]:
    """A window that runs in a thread, stopped at the end; `prepare` sees it before."""
    running: list[tuple[Window, Thread]] = []

    def started(prepare: Callable[[Window], None] = lambda window: None) -> Window:
        window = open_window()
        prepare(window)
        thread = Thread(target=window.run, daemon=True)
        thread.start()
        running.append((window, thread))
        return window

    yield started
    for window, thread in running:
        window.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def order(id: str, verb: str, device: str, visit: str | None = None, **data: Any) -> Ordered:
    body = Order(
        id=id,
        issued_at="2026-11-23T08:00:00+08:00",
        expires_at="2999-01-01T00:00:00+08:00",
        by="teller",
        visit=visit,
        data=msgspec.Raw(msgspec.json.encode(data)),
    )
    return Ordered(device, verb, msgspec.json.encode(body))


RESERVE = order("r", "reserve", "terminal", lane="A", day="2026-11-23", first=91, last=99)
CONFIGURE = order("c", "configure", "terminal", catalogue_version="1", items=[ITEM], window=3)


def handle(window: Window, *events: Event) -> None:
    """Have it handle these and come to an end, all in this thread."""
    for event in events:
        window.put(event)
    window.stop()
    window.run()


def facts(outbox: Outbox) -> list[Fact]:
    return [decode_fact(entry.body) for entry in outbox.after(0, 1000)]


def kinds(outbox: Outbox) -> list[tuple[str, bool]]:
    """Kind, and whether it is bound to a visit; without the answers to orders."""
    named = [
        (fact.type.removeprefix("cn.onewindow.").removesuffix(".v1"), fact.visit is not None)
        for fact in facts(outbox)
    ]
    return [each for each in named if not each[0].startswith("order.")]


def page(verdict: str) -> DocumentCaptured:
    laid = Page(
        hash="", size_bytes=0, width_px=1, height_px=1, dpi=200.0,
        sharpness=0.9, glare=0.0, skew_deg=0.0, verdict=verdict,
    )  # fmt: skip
    return DocumentCaptured(document="d1", pages=[laid])


def test_a_whole_visit_without_the_centre(
    start: Callable[..., Window], outbox: Outbox, lights: Witness
) -> None:
    """Number, visit, card, page, rating, close: all kept, in order, for one visit."""
    verdicts = ["blurred", "good"]

    def camera(window: Window) -> None:
        window.on_capture(lambda taken: window.put(Photographed(taken, page(verdicts.pop(0)))))

    window = start(camera)
    desk = LocalDesk(window)
    for event in (RESERVE, CONFIGURE, ALL):
        window.put(event)
    opened = desk.open_visit("i1")
    assert (opened.mode, opened.ticket, opened.numbers_left, opened.local) == (
        "called", "A091", 8, True,
    )  # fmt: skip
    window.put(Seen("reader", CARD))
    with pytest.raises(LocalRefused) as refused:
        desk.capture_page()
    assert refused.value.code == "page"
    assert desk.capture_page().pages == 1
    assert desk.request_rating().rating == "asking"
    window.put(Seen("pad", LevelPressed(5, "k")))
    closed = desk.close_visit("finished")
    assert (closed.visit, closed.mode) == (None, "offline")
    assert kinds(outbox) == [
        ("ticket.issued", False),
        ("visit.opened", True),
        ("identity.read", True),
        ("document.captured", True),
        ("document.captured", True),
        ("rating.given", True),
        ("visit.closed", True),
    ]
    visits = {fact.visit for fact in facts(outbox) if fact.visit}
    assert visits == {opened.visit}
    assert not lights.scenes[-1].green


def test_numbers_survive_a_restart_and_the_centre_coming_back(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """A local visit is there after a restart, blocks the centre's call, and its number is gone."""
    window = open_window()
    answer: Future[Any] = Future()
    handle(window, RESERVE, CONFIGURE, ALL, LocalCommand(OpenLocalVisit("i1"), answer))
    visit = answer.result(0).visit
    again = open_window()
    assert (again.local_status().visit, again.local_status().numbers_left) == (visit, 8)
    handle(again, CentreSeen(True), order("o", "open", "visit", "v1", ticket="B001"))
    last = facts(outbox)[-1]
    assert last.type == "cn.onewindow.order.refused.v1"
    assert json.loads(bytes(last.data))["reason"] == "busy"
    assert again.local_status().visit == visit


def test_an_untouched_local_visit_closes_by_itself(
    open_window: Callable[[], Window], outbox: Outbox, clock: Any
) -> None:
    """After its time, with the reason idle."""
    window = open_window()
    answer: Future[Any] = Future()
    handle(window, RESERVE, CONFIGURE, ALL, LocalCommand(OpenLocalVisit("i1"), answer))
    clock.pass_s(900)
    window.on_kept(window.stop)
    window.run()
    assert kinds(outbox)[-1] == ("visit.closed", True)
    assert json.loads(bytes(facts(outbox)[-1].data)) == {"reason": "idle"}


def test_a_card_left_inside_stands_across_a_restart(
    open_window: Callable[[], Window], outbox: Outbox, lights: Witness
) -> None:
    """Lamp, buzzer and voice from the close on, until it is taken; then the next call comes in."""
    open_1, open_2 = (order(f"o{n}", "open", "visit", f"v{n}", ticket=f"A00{n}") for n in (1, 2))
    close = order("c1", "close", "visit", "v1")
    handle(open_window(), CentreSeen(True), open_1, Seen("card", IN), close)
    assert kinds(outbox) == [("card.presented", True), ("card.left", True)]
    window = open_window()
    assert (lights.scenes[-1].red, lights.scenes[-1].buzzer) == (True, True)
    handle(window, CentreSeen(True), open_2)
    assert not window.view().visit_open
    assert window.view().card_inside
    open_again = order("o3", "open", "visit", "v2", ticket="A002")
    handle(window, Seen("card", OUT), open_again)
    assert kinds(outbox)[-1] == ("card.removed", False)
    assert (lights.scenes[-1].green, lights.scenes[-1].buzzer) == (True, False)


def test_the_window_recovers_from_a_full_disk_by_itself(
    open_window: Callable[[], Window],
    outbox: Outbox,
    lights: Witness,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody does anything: it tries to keep a little, and takes people in again when it can."""
    monkeypatch.setattr("firmware.window.RETRY_S", 0.01)
    keep, tries = outbox.keep, [0]

    def keep_at_last(*arguments: Any) -> list[Entry]:
        tries[0] += 1
        clock.pass_s(2)
        if tries[0] < 4:
            raise sqlite3.OperationalError("database or disk is full")
        return keep(*arguments)

    monkeypatch.setattr(outbox, "keep", keep_at_last)
    window = open_window()
    views: list[View] = []
    window.on_view(lambda view: (views.append(view), view.disk_full or window.stop())[0])
    window.put(Seen("reader", CARD))
    window.run()
    assert [(view.mode, view.why) for view in views] == [("fault", "disk"), ("offline", None)]
    assert lights.signs == [Wink("red")]
    assert "存储已满" in [scene.screen.large for scene in lights.scenes]
    assert tries == [4]


def test_a_card_is_in_or_out_though_nothing_can_be_kept(
    open_window: Callable[[], Window], outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No window stays blocked by a card that was taken while the disk was full."""
    window = open_window()
    handle(window, Seen("card", IN))

    def full(*arguments: Any) -> list[Entry]:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(outbox, "keep", full)
    handle(window, Seen("card", OUT))
    assert not window.view().card_inside
    monkeypatch.undo()
    handle(window, ClockSeen(True))
    assert not open_window().view().card_inside


def test_a_wish_on_a_full_disk_is_answered(
    start: Callable[..., Window], outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person at the window reads why, and nothing was given out."""
    window = start()
    for event in (RESERVE, CONFIGURE, ALL):
        window.put(event)
    assert LocalDesk(window).open_visit("i1").ticket == "A091"
    monkeypatch.setattr(outbox, "keep", _refuse)
    for _ in range(2):
        with pytest.raises(LocalRefused) as refused:
            LocalDesk(window).close_visit("left")
        assert refused.value.code == "disk_full"
    monkeypatch.undo()
    assert LocalDesk(window).close_visit("left").visit is None


def test_what_is_refused_for_want_of_room_is_seen(
    start: Callable[..., Window], lights: Witness
) -> None:
    """Red answers the person at the lamps as well as the one at the page."""
    window = start()
    for event in (RESERVE, CONFIGURE, ALL, Disk(True)):
        window.put(event)
    with pytest.raises(LocalRefused) as refused:
        LocalDesk(window).open_visit("i1")
    assert refused.value.code == "disk_full"
    assert lights.signs == [Wink("red")]


def test_a_window_without_a_photographer_takes_no_page(start: Callable[..., Window]) -> None:
    """Nobody is left waiting for it."""
    window = start()
    for event in (RESERVE, CONFIGURE, ALL):
        window.put(event)
    LocalDesk(window).open_visit("i1")
    with pytest.raises(LocalRefused) as refused:
        LocalDesk(window).capture_page()
    assert refused.value.code == "device"


def _refuse(*arguments: Any) -> list[Entry]:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_page_that_cannot_be_kept_is_answered(start: Callable[..., Window]) -> None:
    """A camera that gives nothing is told as a page to be laid again."""

    def camera(window: Window) -> None:
        def take(taken: PageOrder) -> None:
            window.put(Photographed(taken, None, "no camera"))

        window.on_capture(take)

    window = start(camera)
    for event in (RESERVE, CONFIGURE, ALL):
        window.put(event)
    LocalDesk(window).open_visit("i1")
    with pytest.raises(LocalRefused) as refused:
        LocalDesk(window).capture_page()
    assert refused.value.code == "page"


def test_a_tick_passes_behind_what_came_before(
    open_window: Callable[[], Window], outbox: Outbox
) -> None:
    """Whoever watches the thread hears when it has done its work, not that it waits."""
    depths: list[int] = []
    tick = Tick(lambda: depths.append(outbox.last()))
    handle(open_window(), Seen("reader", CARD), tick, Seen("reader", CARD))
    assert depths == [1]


def test_the_view_is_told_when_it_changes(open_window: Callable[[], Window]) -> None:
    """Mode and reason, once each; what changes nothing in it is not told."""
    window = open_window()
    views: list[View] = []
    window.on_view(views.append)
    pause = order("p", "pause", "terminal")
    handle(
        window, CentreSeen(True), CentreSeen(True), pause, Disk(True), Recovering("gun", "恢复中"),
        Disk(False), AbleSeen(frozenset(), frozenset({"reader"})),
    )  # fmt: skip
    assert [(view.mode, view.why) for view in views] == [
        ("idle", None),
        ("paused", "teller"),
        ("fault", "disk"),
        ("paused", "teller"),
        ("fault", "fault"),
    ]
    assert window.view() == views[-1]
