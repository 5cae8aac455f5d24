"""What the centre wishes: checked, and carried out once.

An order comes again until its answer has arrived; its id is remembered with the answer, so a
repeat has no second effect. Whatever cannot be carried out is refused by a fact with a reason.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from firmware import obey, session
from hal.events.facts import Data, OrderDone, OrderRefused, RefusalReason
from hal.events.orders import (
    AcceptParty,
    Announce,
    CancelRating,
    CapturePage,
    CloseVisit,
    Configure,
    ConfirmSheet,
    Identify,
    OpenVisit,
    Order,
    OrderError,
    Pause,
    PreviewPage,
    PrintSheet,
    PrintSlip,
    RequestRating,
    Reserve,
    Resume,
    SetLights,
    ShowService,
    decode,
)

_log = logging.getLogger(__name__)
_REMEMBER_S = 86_400.0
"""How long past its end an order is remembered: the broker may hold one back for a day."""

_RATING, _SLIP, _SHEET_VERB = "rating", "slip", "print-sheet"
_ALWAYS = frozenset({"visit", "terminal"})
"""What every window has, without a device for it."""
_VERBS: dict[tuple[str, str], type[obey.Order]] = {
    ("visit", "open"): OpenVisit,
    ("visit", "close"): CloseVisit,
    ("visit", "party"): AcceptParty,
    (_RATING, "request"): RequestRating,
    (_RATING, "cancel"): CancelRating,
    ("document", "capture"): CapturePage,
    ("document", "preview"): PreviewPage,
    ("voice", "announce"): Announce,
    ("lamp", "set"): SetLights,
    (_SLIP, "print"): PrintSlip,
    (_SLIP, _SHEET_VERB): PrintSheet,
    (session.SCREEN, "show"): ShowService,
    (session.SCREEN, "confirm"): ConfirmSheet,
    ("terminal", "pause"): Pause,
    ("terminal", "resume"): Resume,
    ("terminal", "identify"): Identify,
    ("terminal", "reserve"): Reserve,
    ("terminal", "configure"): Configure,
}


@dataclass(frozen=True)
class Answer:
    """What an order does: the outcome includes the fact that answers it.

    Unless it has a capture or a print: then the answer is given when its fate is known.
    """

    order: str
    forget_at_s: float
    outcome: session.Outcome


class Orders:
    """Knows which devices there are. `roles`: name of a device → its role.

    `screen`: there is a customer screen, which is no device of the table. `sheets`: the printers
    that take sheets (A4); the others take slips. `raters`: keypads with rating keys; where there
    is no rating pad, the first of them is the pad.
    """

    def __init__(
        self,
        roles: dict[str, str],
        *,
        screen: bool = False,
        sheets: Collection[str] = (),
        raters: Collection[str] = (),
    ) -> None:
        pads = [] if _RATING in roles.values() else [name for name in roles if name in raters]
        self._roles = {**roles, **dict.fromkeys(pads[:1], _RATING)}
        self._sheets = sheets
        self._always = _ALWAYS | {session.SCREEN} if screen else _ALWAYS
        self.pad = self.first(_RATING)

    def first(self, role: str) -> str:
        """The name of the first device of this role; the role itself if there is none."""
        return next((name for name, its in self._roles.items() if its == role), role)

    def understood(self) -> list[str]:
        """`{device}/{verb}` of every order that this window carries out."""
        names = {role: [n for n, r in self._roles.items() if r == role] for role, _ in _VERBS}
        names |= {name: [name] for name in self._always}
        return sorted(
            f"{name}/{verb}"
            for role, verb in _VERBS
            for name in names[role]
            if role != _SLIP or self._can_print(name, verb)
        )

    def answer(
        self,
        device: str,
        verb: str,
        body: bytes,
        state: session.State,
        now: datetime,
        now_s: float,
        *,
        clock_known: bool = True,
    ) -> Answer | None:
        """What to do with a message for `device`. None: it has no id, so nobody can be answered.

        `clock_known`: whether `now` can be trusted. If not, only the broker says what has
        expired, and what it delivers has not. `now_s` is of the monotonic clock.
        """
        try:
            order = decode(body, Order)
        except OrderError:
            _log.warning("order cannot be read", extra={"device": device, "verb": verb})
            return None
        expires_at = _moment(order.expires_at)
        forget_at_s = max(now, expires_at or now).timestamp() + _REMEMBER_S
        try:
            _check(expires_at, now if clock_known else None)
            outcome = self._carry_out(device, verb, order, state, now_s)
            data: Data = OrderDone(order=order.id)
            name = "done"
        except session.OrderRefusal as refusal:
            outcome = session.Outcome(state, signs=())
            data = OrderRefused(order=order.id, reason=refusal.reason, detail=refusal.detail)
            name = "refused"
        if outcome.capture is not None or outcome.prints is not None:
            return Answer(order.id, forget_at_s, outcome)
        fact = session.Happened(device, "order", name, data, order.visit)
        return Answer(order.id, forget_at_s, replace(outcome, facts=(*outcome.facts, fact)))

    def _carry_out(
        self, device: str, verb: str, order: Order, state: session.State, now_s: float
    ) -> session.Outcome:
        kind = self._kind(device, verb)
        try:
            wish = decode(order.data, kind)
        except OrderError as error:
            raise session.OrderRefusal("invalid", str(error)) from error
        return obey.obey(state, wish, order.visit, self.pad, now_s)

    def _kind(self, device: str, verb: str) -> type[obey.Order]:
        """What `data` of the order is. A device may be called by its name or by its role."""
        role = device if device in self._always else self._roles.get(device, device)
        kind = _VERBS.get((role, verb))
        if role not in self._always and role not in self._roles.values():
            raise _refusal("unknown_device", device)
        if kind is None or (role == _SLIP and not self._can_print(device, verb)):
            raise _refusal("unknown_verb", f"{device}/{verb}")
        return kind

    def _can_print(self, device: str, verb: str) -> bool:
        """Whether this printer takes it; called by its role, whether one of them does."""
        slips = [name for name, role in self._roles.items() if role == _SLIP]
        named = [device] if device in self._roles else slips
        return any((name in self._sheets) == (verb == _SHEET_VERB) for name in named)


def _check(expires_at: datetime | None, now: datetime | None) -> None:
    if expires_at is None:
        raise session.OrderRefusal("invalid", "expires_at is no moment with an offset")
    if now is not None and expires_at <= now:
        raise session.OrderRefusal("expired", "")


def _refusal(reason: RefusalReason, detail: str) -> session.OrderRefusal:
    return session.OrderRefusal(reason, detail)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment
