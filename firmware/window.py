"""The window itself: one thread through which everything passes that people, devices and the
centre do. It keeps facts, and only then answers. It waits for nothing but the one fsync of a fact:
who photographs, speaks or draws has a thread of its own.
"""

import logging
import queue
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from firmware import local_visit, prints, screen_session, session, surroundings
from firmware import visit as visits
from firmware.lights import Lights
from firmware.local_desk import LocalCommand, LocalRefused, LocalStatus
from firmware.orders import Answer, Orders
from firmware.outbox import Change, Outbox
from firmware.photographer import GOOD, Photographed
from firmware.photographer import Order as PageOrder
from firmware.printing import Job, Printed
from firmware.scene import scene
from firmware.stamp import Draft, Stamp
from firmware.view import View
from firmware.view import view as view_of
from hal.clock import Clock, hall_day
from hal.events.facts import Data, OrderDone, OrderRefused
from hal.interfaces import Observation

_log = logging.getLogger(__name__)
_NS_PER_S = 1e9
NOBODY: Mapping[str, float] = {}
RETRY_S = 1.0
"""How soon to try again whether something can be kept, when the disk refuses."""


@dataclass(frozen=True)
class Seen:
    """A device reported what somebody did."""

    device: str
    observation: Observation
    seen_ns: int | None = None


@dataclass(frozen=True)
class Ordered:
    """A message came below `order/`."""

    device: str
    verb: str
    body: bytes


@dataclass(frozen=True)
class Noted:
    """Something about the terminal or one of its devices, to be kept as a fact."""

    device: str
    role: str
    name: str
    data: Data


@dataclass(frozen=True)
class Tick:
    """A probe: `done` is called in the window's thread when all before it was handled."""

    done: Callable[[], None]


_Told = Photographed | Printed | prints.Interrupted
Event = Seen | Ordered | Noted | _Told | LocalCommand | Tick | surroundings.Change
_Waiting = Future[LocalStatus] | None
_Photograph = Callable[[PageOrder], None]
_Preview = Callable[[float], None]


class Window:
    """Owns the session's state. `put` may be called from any thread and returns at once."""

    def __init__(
        self,
        outbox: Outbox,
        stamp: Stamp,
        lights: Lights,
        orders: Orders,
        clock: Clock,
        idle_s: float = 900.0,
    ) -> None:
        """`idle_s`: an untouched local visit closes (Intervals.idle_s)."""
        self._outbox = outbox
        self._write = stamp.writer(outbox.epoch)
        self._new_id = stamp.new_id
        self._lights = lights
        self._orders = orders
        self._clock = clock
        self._idle_s = idle_s
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._kept_listeners: list[Callable[[], None]] = []
        self._view_listeners: list[Callable[[View], None]] = []
        self._screens: list[Callable[[screen_session.Shown], None]] = []
        self._answer_listeners: list[Callable[[float], None]] = []
        self._photograph: _Photograph | None = None
        self._preview: _Preview | None = None
        self._being_taken: dict[str, _Waiting] = {}
        self._print: Callable[[Job], None] = lambda job: self.put(prints.nowhere(job))
        self._retry_at_s: float | None = None
        self._unkept: list[_Told] = []
        self._state = session.load(outbox.state(), self._now_s())
        self._dumped = session.dump(self._state)
        self._scene = scene(self._state)
        lights.show(self._scene)
        if self._state.prints:
            self.put(prints.Interrupted())

    def put(self, event: Event) -> None:
        """Have `event` handled after those before it."""
        self._events.put(event)

    def stop(self) -> None:
        """Handle what has been put so far, then let `run` return."""
        self._events.put(None)

    def on_kept(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever facts were kept; in the window's thread, before `run` only."""
        self._kept_listeners.append(listener)

    def on_view(self, listener: Callable[[View], None]) -> None:
        """Call `listener` whenever the view is another; in the window's thread, before `run`."""
        self._view_listeners.append(listener)

    def on_screen(self, show: Callable[[screen_session.Shown], None]) -> None:
        """Call `show` with what the customer screen shows: now, and with every state."""
        self._screens.append(show)
        show(screen_session.shown(self._state))

    def on_answered(self, listener: Callable[[float], None]) -> None:
        """Call `listener` with the seconds from an observation to its answer; before `run`."""
        self._answer_listeners.append(listener)

    def on_capture(self, photograph: _Photograph, preview: _Preview | None = None) -> None:
        """Hand orders for pages and previews to these, which must not block; before `run` only."""
        self._photograph, self._preview = photograph, preview

    def on_print(self, print_job: Callable[[Job], None]) -> None:
        """Hand orders to print to `print_job`, which must not block; before `run` only."""
        self._print = print_job

    def view(self) -> View:
        """As it is now. Waits for nobody; may be called from any thread."""
        return view_of(self._state)

    def local_status(self) -> LocalStatus:
        """The same for the person at the window; see firmware.local_desk."""
        return local_visit.status(self._state, self._now_s(), self._today())

    def run(self) -> None:
        """Handle events until `stop`. Blocks: this is the body of a task."""
        while True:
            try:
                event = self._events.get(timeout=self._wait_s())
            except queue.Empty:
                self._time_is_up()
                continue
            if event is None:
                return
            self._handle(event)

    def _wait_s(self) -> float | None:
        """Until something is due. While nothing can be kept, that is only the next attempt."""
        due_s = self._retry_at_s
        if due_s is None:
            due_s = visits.due_s(self._state, self._idle_s)
        return None if due_s is None else max(0.0, due_s - self._now_s())

    def _time_is_up(self) -> None:
        if self._retry_at_s is not None:
            self._probe()
            return
        try:
            self._follow(visits.elapse(self._state, self._orders.pad, self._now_s(), self._idle_s))
        except sqlite3.Error as error:
            self._cannot_keep(error)

    def _handle(self, event: Event) -> None:
        if self._retry_at_s is not None:
            self._probe()
        local = isinstance(event, Photographed) and self._being_taken.get(event.order.id)
        try:
            self._take(event)
        except sqlite3.Error as error:
            # Nothing was kept, so nobody gets an answer and the person tries again.
            if isinstance(event, Seen):
                seen = event.observation
                self._become(visits.believed(self._state, event.device, seen, self._now_s()))
            elif isinstance(event, _Told) and not local:
                self._put_off(event)
            self._cannot_keep(error)
            self._lights.give(session.Wink("red"))

    def _take(self, event: Event) -> None:
        match event:
            case Seen(device=device, observation=seen, seen_ns=seen_ns):
                self._follow(visits.observe(self._state, device, seen, self._now_s()))
                if seen_ns is not None:
                    self._note_answered(seen_ns)
            case Noted(device=device, role=role, name=name, data=data):
                fact = session.Happened(device, role, name, data, None)
                self._follow(session.Outcome(self._state, (fact,)))
            case Ordered():
                self._obey(event)
            case Photographed():
                self._photographed(event)
            case Printed() | prints.Interrupted():
                self._follow(prints.ended(self._state, event))
            case LocalCommand():
                self._wish(event)
            case Tick(done=done):
                done()
            case _:
                self._become(visits.notice(self._state, event, self._now_s()))

    def _note_answered(self, seen_ns: int) -> None:
        took_s = (self._clock.monotonic_ns() - seen_ns) / _NS_PER_S
        for listener in self._answer_listeners:
            listener(took_s)

    def _put_off(self, event: _Told) -> None:
        """What came of an order is kept later: nobody will say it again."""
        if isinstance(event, Photographed):
            self._being_taken.setdefault(event.order.id, None)
        self._unkept.append(event)

    def _cannot_keep(self, error: sqlite3.Error) -> None:
        if self._retry_at_s is None:
            _log.error("cannot keep", extra={"error": str(error)})
        self._retry_at_s = self._now_s() + RETRY_S
        failed = surroundings.KeepFailed(True)
        self._become(visits.notice(self._state, failed, self._now_s()))

    def _probe(self) -> None:
        """Try to keep the state as it is: when that succeeds, the window takes people in again."""
        dumped = session.dump(self._state)
        try:
            self._keep((), Change(dumped))
        except sqlite3.Error:
            self._retry_at_s = self._now_s() + RETRY_S
            return
        _log.info("can keep again")
        self._dumped, self._retry_at_s = dumped, None
        unkept, self._unkept = self._unkept, []
        for event in unkept:
            self._events.put(event)
        self._become(visits.notice(self._state, surroundings.KeepFailed(False), self._now_s()))

    def _obey(self, event: Ordered) -> None:
        now, now_s, known = self._clock.now(), self._now_s(), self._clock_known()
        answer = self._orders.answer(
            event.device, event.verb, event.body, self._state, now, now_s, clock_known=known
        )
        if answer is None or self._outbox.seen(answer.order):
            return
        if answer.outcome.prints is not None:
            self._begin_print(event.device, answer, answer.outcome.prints)
        elif answer.outcome.capture is not None:
            self._order_page(event.device, answer, answer.outcome.capture)
        else:
            self._follow(answer.outcome, {answer.order: answer.forget_at_s})
            if answer.outcome.preview_s is not None and self._preview is not None:
                self._preview(answer.outcome.preview_s)

    def _order_page(self, device: str, answer: Answer, capture: session.Capture) -> None:
        """Have the page taken; an order that comes again meanwhile changes nothing."""
        if answer.order not in self._being_taken:
            self._take_page(PageOrder(answer.order, device, capture, answer.forget_at_s), None)

    def _take_page(self, order: PageOrder, waiting: _Waiting) -> None:
        if self._photograph is not None:
            self._being_taken[order.id] = waiting
            self._photograph(order)

    def _begin_print(self, device: str, answer: Answer, wish: session.Print) -> None:
        """On disk that it was begun, then to the printer: no restart can print it again."""
        job = Job(answer.order, device, wish)
        self._follow(prints.begun(self._state, job), {answer.order: answer.forget_at_s})
        self._print(job)

    def _photographed(self, event: Photographed) -> None:
        waiting = self._being_taken.pop(event.order.id, None)
        if waiting is not None:
            self._answer(waiting, lambda: self._photographed_here(event))
            return
        order = event.order
        outcome = self._page(event)
        data: Data
        if event.document is None:
            data = OrderRefused(order=order.id, reason="unavailable", detail=event.refusal)
        elif order.capture.visit != self._state.visit_id:
            data = OrderRefused(order=order.id, reason="wrong_visit", detail="closed meanwhile")
        else:
            verdict = event.document.pages[0].verdict
            data = OrderDone(order=order.id, result={"verdict": verdict})
        name = "done" if isinstance(data, OrderDone) else "refused"
        fact = session.Happened(order.device, "order", name, data, order.capture.visit)
        answered = {order.id: order.forget_at_s}
        self._follow(replace(outcome, facts=(*outcome.facts, fact)), answered)

    def _photographed_here(self, event: Photographed) -> None:
        """A page that the person at the window wished."""
        mine = event.order.capture.visit == self._state.visit_id
        self._follow(self._page(event))
        if not mine:
            raise local_visit.refusal("no_visit")
        if event.document is None or event.document.pages[0].verdict != GOOD:
            raise local_visit.refusal("page")

    def _page(self, event: Photographed) -> session.Outcome:
        order, document = event.order, event.document
        if document is None:
            return session.Outcome(self._state, signs=(session.Wink("red"),))
        visit = order.capture.visit
        return visits.photographed(self._state, order.device, visit, document, self._now_s())

    def _wish(self, command: LocalCommand) -> None:
        circumstances = local_visit.Circumstances(
            self._now_s(), self._today(), self._orders.pad, self._new_id
        )
        try:
            outcome = local_visit.carry_out(self._state, command.wish, circumstances)
        except LocalRefused as refused:
            self._refuse(command.answer, refused)
            return
        if outcome.capture is None:
            self._answer(command.answer, lambda: self._follow(outcome))
        elif self._photograph is None:
            self._refuse(command.answer, local_visit.refusal("device"))
        else:
            device = self._orders.first("document")
            order = PageOrder(self._new_id(), device, outcome.capture, 0.0)
            self._take_page(order, command.answer)

    def _refuse(self, waiting: "Future[LocalStatus]", refused: LocalRefused) -> None:
        if refused.code == "disk_full":
            # As for everything new: whoever stands at the lamps sees it too.
            self._lights.give(session.Wink("red"))
        waiting.set_exception(refused)

    def _answer(self, waiting: "Future[LocalStatus]", act: Callable[[], None]) -> None:
        """Do it, and tell who waits how it went."""
        try:
            act()
        except LocalRefused as refused:
            waiting.set_exception(refused)
        except sqlite3.Error:
            waiting.set_exception(local_visit.refusal("disk_full"))
            raise
        else:
            waiting.set_result(self.local_status())

    def _follow(self, outcome: session.Outcome, answered: Mapping[str, float] = NOBODY) -> None:
        """Keep facts and state in one transaction; then show it. `answered`: orders, until when."""
        dumped = session.dump(outcome.state)
        changed = dumped != self._dumped
        if outcome.facts or changed:
            change = Change(dumped if changed else None, answered, self._clock_known())
            self._keep(outcome.facts, change)
            self._dumped = dumped
        self._become(outcome.state)
        for sign in outcome.signs:
            self._lights.give(sign)
        if outcome.facts:
            for listener in self._kept_listeners:
                listener()

    def _become(self, state: session.State) -> None:
        """Make it the state, and show what is different."""
        before, self._state = view_of(self._state), state
        for show in self._screens:
            show(screen_session.shown(state))
        if (now := scene(state)) != self._scene:
            self._scene = now
            self._lights.show(now)
        if (view := view_of(state)) != before:
            for listener in self._view_listeners:
                listener(view)

    def _keep(self, facts: tuple[session.Happened, ...], change: Change) -> None:
        drafts = [Draft(fact.device, fact.role, fact.name, fact.data, fact.visit) for fact in facts]
        self._outbox.keep(drafts, self._write, self._clock.now().timestamp(), change)

    def _clock_known(self) -> bool:
        return self._clock.quality() != "unknown" and not self._state.around.clock_wrong

    def _today(self) -> str | None:
        """The hall's day; None while nobody knows it."""
        return hall_day(self._clock.now()) if self._clock_known() else None

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S
