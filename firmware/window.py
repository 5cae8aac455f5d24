"""The window itself: one thread through which everything passes that people, devices and the
centre do. It keeps facts, and only then answers.
"""

import logging
import queue
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware import session
from firmware.lights import Lights
from firmware.orders import Answer, Orders
from firmware.outbox import Change, Outbox
from firmware.photographer import GOOD, Photographed
from firmware.photographer import Order as PageOrder
from firmware.stamp import Draft, Stamp
from hal.clock import Clock
from hal.events.facts import Data, OrderDone, OrderRefused
from hal.interfaces import Observation

_log = logging.getLogger(__name__)
_NS_PER_S = 1e9
NOBODY: Mapping[str, float] = {}
RETRY_S = 1.0
"""How soon to try again to keep that time has run out, when the disk refuses."""


@dataclass(frozen=True)
class Seen:
    """A device reported what somebody did."""

    device: str
    observation: Observation


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


Event = Seen | Ordered | Noted | Photographed


class Window:
    """Owns the session's state. `put` may be called from any thread and returns at once."""

    def __init__(
        self, outbox: Outbox, stamp: Stamp, lights: Lights, orders: Orders, clock: Clock
    ) -> None:
        self._outbox = outbox
        self._write = stamp.writer(outbox.epoch)
        self._lights = lights
        self._orders = orders
        self._clock = clock
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[], None]] = []
        self._photograph: Callable[[PageOrder], None] | None = None
        self._being_taken: set[str] = set()
        self._state = session.load(outbox.state(), self._now_s())
        lights.show(session.scene(self._state))

    def put(self, event: Event) -> None:
        """Have `event` handled, in order."""
        self._events.put(event)

    def stop(self) -> None:
        """Let `run` return when everything put before has been handled."""
        self._events.put(None)

    def on_kept(self, listener: Callable[[], None]) -> None:
        """Call `listener` in the window's thread after facts were kept. Before `run` only."""
        self._listeners.append(listener)

    def on_capture(self, photograph: Callable[[PageOrder], None]) -> None:
        """Hand orders to take a page to `photograph`, which must not block; before `run` only."""
        self._photograph = photograph

    def run(self) -> None:
        """Handle events until `stop`. Blocks: this is the body of a task."""
        while True:
            due_s = session.due_s(self._state)
            wait_s = None if due_s is None else max(0.0, due_s - self._now_s())
            try:
                event = self._events.get(timeout=wait_s)
            except queue.Empty:
                self._time_is_up()
                continue
            if event is None:
                return
            self._handle(event)

    def _time_is_up(self) -> None:
        try:
            self._follow(session.elapse(self._state, self._orders.pad, self._now_s()))
        except sqlite3.Error as error:
            _log.error("cannot keep", extra={"error": str(error)})
            self._state = session.later(self._state, RETRY_S)

    def _handle(self, event: Event) -> None:
        try:
            self._take(event)
        except sqlite3.Error as error:
            # Nothing was kept, so nobody gets an answer and the person tries again.
            _log.error("cannot keep", extra={"error": str(error)})
            self._lights.give(session.Wink("red"))

    def _take(self, event: Event) -> None:
        match event:
            case Seen(device=device, observation=seen):
                self._follow(session.observe(self._state, device, seen, self._now_s()))
            case Noted(device=device, role=role, name=name, data=data):
                fact = session.Happened(device, role, name, data, None)
                self._follow(session.Outcome(self._state, (fact,)))
            case Ordered():
                self._obey(event)
            case Photographed():
                self._photographed(event)

    def _obey(self, event: Ordered) -> None:
        answer = self._orders.answer(
            event.device, event.verb, event.body, self._state, self._clock.now(), self._now_s()
        )
        if answer is None or self._outbox.seen(answer.order):
            return
        if answer.outcome.capture is not None:
            self._order_page(event.device, answer, answer.outcome.capture)
        else:
            self._follow(answer.outcome, {answer.order: answer.forget_at_s})

    def _order_page(self, device: str, answer: Answer, capture: session.Capture) -> None:
        """Have the page taken; an order that comes again meanwhile changes nothing."""
        if answer.order not in self._being_taken and self._photograph is not None:
            self._being_taken.add(answer.order)
            self._photograph(PageOrder(answer.order, device, capture, answer.forget_at_s))

    def _photographed(self, event: Photographed) -> None:
        order, document = event.order, event.document
        self._being_taken.discard(order.id)
        visit, device = order.capture.visit, order.device
        facts: list[session.Happened] = []
        data: Data
        if document is None:
            data = OrderRefused(order=order.id, reason="unavailable", detail=event.refusal)
            name, sign = "refused", session.Wink("red")
        else:
            facts.append(session.Happened(device, "document", "captured", document, visit))
            verdict = document.pages[0].verdict
            data = OrderDone(order=order.id, result={"verdict": verdict})
            name, sign = "done", session.Wink("yellow" if verdict == GOOD else "red")
        facts.append(session.Happened(device, "order", name, data, visit))
        outcome = session.Outcome(self._state, tuple(facts), (sign,))
        self._follow(outcome, {order.id: order.forget_at_s})

    def _follow(self, outcome: session.Outcome, answered: Mapping[str, float] = NOBODY) -> None:
        """Keep facts and state in one transaction; then show it. `answered`: orders, until when."""
        changed = outcome.state != self._state
        if outcome.facts or changed:
            state = session.dump(outcome.state) if changed else None
            self._keep(outcome.facts, Change(state, answered))
        self._state = outcome.state
        if changed:
            self._lights.show(session.scene(outcome.state))
        for sign in outcome.signs:
            self._lights.give(sign)
        if outcome.facts:
            for listener in self._listeners:
                listener()

    def _keep(self, facts: tuple[session.Happened, ...], change: Change) -> None:
        drafts = [Draft(fact.device, fact.role, fact.name, fact.data, fact.visit) for fact in facts]
        self._outbox.keep(drafts, self._write, self._clock.now().timestamp(), change)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / _NS_PER_S
