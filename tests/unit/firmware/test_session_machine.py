"""A window lives through a long day in any order: what must hold at its end and all along.

Hypothesis finds the order of events; restarts and outages are among them.
"""

from dataclasses import replace
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware.local_desk import (
    AskRating,
    CloseLocalVisit,
    ConfirmShown,
    DisputeShown,
    GiveUpSheet,
    LocalRefused,
    OpenLocalVisit,
    PressLevel,
    SignShown,
    TakePage,
    Wish,
)
from firmware.local_visit import Circumstances, carry_out
from firmware.obey import Order, obey
from firmware.scene import scene
from firmware.session import OrderRefusal, Outcome, State, dump, load
from firmware.surroundings import AbleSeen, CentreSeen, Change, ClockSeen, Disk, ScreenSeen
from firmware.visit import elapse, notice, observe, photographed
from hal.events.facts import (
    CardRead,
    DocumentCaptured,
    IdentityRead,
    Page,
    RatingGiven,
    TicketIssued,
)
from hal.events.orders import (
    AcceptParty,
    CancelRating,
    CapturePage,
    CloseVisit,
    Configure,
    ConfirmSheet,
    OfflineItem,
    OpenVisit,
    Pause,
    RequestRating,
    Reserve,
    Resume,
)
from hal.interfaces import (
    CardInserted,
    CardTaken,
    IdentityCardRead,
    LevelPressed,
    Observation,
    SocialSecurityCardRead,
)

DAY, IDLE_S = "2026-11-23", 60.0
VISITS = st.integers(0, 9).map(lambda number: f"v{number}")
WORK = Configure(catalogue_version="1", items=[OfflineItem(code="i1", name="示例事项")])
PEOPLE = {"示例甲": "11010519491231002X", "示例乙": "110105194912310038"}
LAID = Page(
    hash="", size_bytes=0, width_px=1, height_px=1, dpi=200.0,
    sharpness=0.9, glare=0.0, skew_deg=0.0, verdict="good",
)  # fmt: skip
OBSERVED: list[Observation] = [
    *[
        IdentityCardRead(IdentityRead(document="resident", name=name, number=number))
        for name, number in PEOPLE.items()
    ],
    SocialSecurityCardRead(CardRead(name="示例甲", social_security_number=PEOPLE["示例甲"])),
    CardInserted("slot 0", "3B"),
    CardTaken("slot 0"),
]
CHANGES: list[Change] = [
    *[CentreSeen(True), CentreSeen(False), ClockSeen(True), ClockSeen(False)],
    *[AbleSeen(frozenset({"card", "document"})), AbleSeen(frozenset()), Disk(True), Disk(False)],
    *[ScreenSeen(True), ScreenSeen(False)],
]
WISHES: list[Wish] = [
    *[OpenLocalVisit("i1"), AskRating(), TakePage()],
    *[CloseLocalVisit("finished"), CloseLocalVisit("left")],
    *[wish("s1") for wish in (ConfirmShown, DisputeShown, GiveUpSheet)],
    *[SignShown("s1", "h", "p", 9), SignShown("s2", "h", "p", 9), ConfirmShown("s2")],
]
ANSWERS = ("confirmed", "disputed", "expired")


class Day(RuleBasedStateMachine):
    """One window; `ended` grows as its visits end, and is never asked of the code under test."""

    def __init__(self) -> None:
        super().__init__()
        reserve = Reserve(lane="A", day=DAY, first=1, last=5)
        self.state = State()
        self.now_s = 0.0
        self.ids = 0
        self.ended: list[str] = []
        self.numbers: list[str] = []
        self.ratings: dict[str, list[RatingGiven]] = {}
        self.pages: list[tuple[str, str]] = []
        self.read: list[str] = []
        for order in (reserve, WORK):
            self.follow(obey(self.state, order, None, "pad", self.now_s))

    def follow(self, outcome: Outcome) -> None:
        before = self.state.visit_id
        for fact in outcome.facts:
            opened = fact.name == "opened"
            assert fact.visit in {before, None} or opened, fact
            assert fact.visit not in self.ended, fact
            if isinstance(fact.data, RatingGiven):
                self.ratings.setdefault(str(fact.visit), []).append(fact.data)
            if fact.role == "signature" or (fact.role == "sheet" and fact.name in ANSWERS):
                self.read.append(fact.name)
            if isinstance(fact.data, TicketIssued):
                self.numbers.append(fact.data.number)
        if before is not None and outcome.state.visit_id != before:
            self.ended.append(before)
        if outcome.capture is not None:
            self.pages.append((outcome.capture.visit, outcome.capture.document))
        self.state = outcome.state

    def new_id(self) -> str:
        self.ids += 1
        return f"w{self.ids:04}"

    def order(self, order: Order, visit: str | None) -> None:
        try:
            self.follow(obey(self.state, order, visit, "pad", self.now_s))
        except OrderRefusal as refusal:
            assert refusal.detail  # noqa: PT017  the reason is the centre's to read

    @rule(visit=VISITS)
    def open_visit(self, visit: str) -> None:
        hindered = bool(self.state.inside) or self.state.around.disk_full or self.state.paused
        before = self.state.visit_id
        self.order(OpenVisit(ticket="B001"), visit)
        assert not hindered or self.state.visit_id == before

    @rule(visit=VISITS)
    def close_visit(self, visit: str) -> None:
        self.order(CloseVisit(), visit)

    @precondition(lambda self: self.state.visit is not None)
    @rule(nonce=st.sampled_from("abc"))
    def ask(self, nonce: str) -> None:
        self.order(RequestRating(request=f"{self.state.visit_id}{nonce}"), self.state.visit_id)

    @precondition(lambda self: self.state.visit is not None)
    @rule(nonce=st.sampled_from("abc"))
    def cancel(self, nonce: str) -> None:
        self.order(CancelRating(request=f"{self.state.visit_id}{nonce}"), self.state.visit_id)

    @precondition(lambda self: self.state.visit is not None)
    @rule(sheet=st.sampled_from(["s1", "s2"]), sign=st.booleans())
    def read_back(self, sheet: str, sign: bool) -> None:
        self.order(ConfirmSheet(sheet=sheet, sign=sign), self.state.visit_id)

    @precondition(lambda self: self.state.visit is not None)
    @rule(nonce=st.sampled_from("abc"), level=st.integers(1, 5))
    def press_screen(self, nonce: str, level: int) -> None:
        self.wish(PressLevel(f"{self.state.visit_id}{nonce}", level), DAY)

    @rule()
    def capture(self) -> None:
        self.order(CapturePage(document=self.new_id()), self.state.visit_id)

    @precondition(lambda self: self.pages)
    @rule()
    def page_comes(self) -> None:
        visit, document = self.pages.pop(0)
        data = DocumentCaptured(document=document, pages=[LAID])
        self.follow(photographed(self.state, "camera", visit, data, self.now_s))

    @rule(order=st.sampled_from([AcceptParty(party="agent")]))
    def accept(self, order: AcceptParty) -> None:
        self.order(order, self.state.visit_id)

    @rule(order=st.sampled_from([Pause(), Resume()]))
    def pause(self, order: Pause | Resume) -> None:
        self.order(order, None)

    @rule(first=st.integers(1, 9), count=st.integers(0, 4))
    def reserve(self, first: int, count: int) -> None:
        self.order(Reserve(lane="A", day=DAY, first=first, last=first + count), None)

    @rule(seen=st.sampled_from(OBSERVED))
    def observe(self, seen: Observation) -> None:
        self.follow(observe(self.state, "device-1", seen, self.now_s))

    @rule(level=st.integers(1, 5))
    def press(self, level: int) -> None:
        self.follow(observe(self.state, "pad", LevelPressed(level, "k"), self.now_s))

    @rule(wish=st.sampled_from(WISHES), day=st.sampled_from([DAY, None]))
    def wish(self, wish: Wish, day: str | None) -> None:
        circumstances = Circumstances(self.now_s, day, "pad", self.new_id)
        try:
            self.follow(carry_out(self.state, wish, circumstances))
        except LocalRefused as refused:
            assert refused.message_zh  # noqa: PT017  a person reads it

    @rule(change=st.sampled_from(CHANGES))
    def change(self, change: Change) -> None:
        self.state = notice(self.state, change, self.now_s)

    @rule(seconds=st.sampled_from([0.1, 5.0, 9.0, 31.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.follow(elapse(self.state, "pad", self.now_s, IDLE_S))

    @rule()
    def restart(self) -> None:
        """The clock of the new process begins anywhere; the surroundings are learned again."""
        self.now_s = 3.0
        around = self.state.around
        self.state = replace(load(dump(self.state), self.now_s), around=around)
        self.pages.clear()

    @invariant()
    def ended_visits_stay_ended(self) -> None:
        assert self.state.visit_id not in self.ended

    @invariant()
    def one_rating_per_visit(self) -> None:
        """Of one request, and each further press takes the place of the one before."""
        for given in self.ratings.values():
            assert len({each.request for each in given}) == 1
            assert given[0].replaces is None
            for earlier, later in pairwise(given):
                assert later.replaces == earlier.level

    @invariant()
    def nobody_signs_what_is_not_confirmed(self) -> None:
        for before, now in pairwise(["", *self.read]):
            assert now != "given" or before == "confirmed"

    @invariant()
    def numbers_are_given_once(self) -> None:
        assert len(self.numbers) == len(set(self.numbers))

    @invariant()
    def green_is_an_open_visit(self) -> None:
        assert scene(self.state).green == (self.state.visit is not None)


TestDay = Day.TestCase
TestDay.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestDay.__doc__ = "Facts, numbers, ratings and visits keep their bounds, whatever the day brings."
