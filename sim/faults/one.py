"""One run: a terminal with a new epoch, one visit, at least one fault that hits; judged."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from sim.acts import Acts, new_id
from sim.arrivals import KIOSK, people
from sim.catalogue import low_risk_items
from sim.errors import SimError, VisitFault
from sim.faults.kinds import FAULTS, Fault
from sim.faults.lane import NOTHING, Lane, folder_of
from sim.faults.strike import Strike, Struck
from sim.judge import judge
from sim.office import Json, Office
from sim.pace import Pace, Patience
from sim.settings import SITE
from sim.visit import Room, Visit

PACE = Pace(visit_s=60.0, retry_s=0.2, patience_page_s=5.0)
_DRAIN_S = 20.0
_CARD_S = 20.0
_JUDGE_AGAIN_S = 0.3
_SECOND_FAULT = 0.3
_HALL_TIME = timezone(timedelta(hours=8))
_BAD = ("lost", "unexpected", "duplicate", "crossed", "quarantined", "unreadable_lines")

Now = Callable[[], datetime]


@dataclass
class Verdict:
    """What came of a run. `complaint`: why it is bad, None if it is good."""

    seed: int
    struck: list[Struck] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    carried_out: bool = False
    complaint: str | None = None

    @property
    def hits(self) -> int:
        return sum(struck.hit for struck in self.struck)


def plan(seed: int) -> list[tuple[Fault, str]]:
    """The faults of a run and the acts in which they strike: by the seed alone.

    Neighbouring seeds begin with different faults, so that a few runs meet all of them.
    """
    random = Random(f"faults {seed}")
    first = FAULTS[seed % len(FAULTS)]
    chosen = [(first, random.choice(first.acts))]
    if random.random() < _SECOND_FAULT:
        others = [
            (fault, act)
            for fault in FAULTS
            for act in fault.acts
            if act != chosen[0][1] and _goes_with(fault, first)
        ]
        chosen += [random.choice(others)] if others else []
    return chosen


def _goes_with(second: Fault, first: Fault) -> bool:
    """A jumping clock has no kernel devices, and two faults do not need two disks."""
    if second is first or first.needs.jumping_clock:
        return False
    return second.needs == NOTHING


def carry_out(lane: Lane, teller: str, seed: int, now: Now) -> Verdict:
    """Do the run; never raises SimError. The lane's terminal has ended afterwards."""
    verdict = Verdict(seed)
    folder = folder_of(lane.run, seed)
    acts = Acts(folder / "acts.jsonl", now)
    since = now().astimezone(_HALL_TIME).isoformat(timespec="microseconds")
    chosen = plan(seed)
    strike = Strike(lane, chosen, Random(f"blows {seed}"))
    office = _office(lane, teller, acts, now)
    try:
        needs = next((f.needs for f, _ in chosen if f.needs != NOTHING), NOTHING)
        lane.start_terminal(needs, folder)
        acts.witness = strike
        _visit(lane, teller, seed, office, acts)
        strike.finish()
        verdict.carried_out = True
        verdict.report = _drained(lane, acts.path, since)
    except SimError as fault:
        verdict.complaint = str(fault)
    finally:
        office.close()
        acts.close()
        lane.end_terminal()
    verdict.struck = strike.struck
    verdict.complaint = verdict.complaint or _complaint(verdict)
    return verdict


def _office(lane: Lane, teller: str, acts: Acts, now: Now) -> Office:
    url = f"http://127.0.0.1:{lane.run.ports.http}"
    tokens = {KIOSK: lane.run.token(KIOSK), teller: lane.run.token(teller)}
    if teller != "teller":
        tokens["teller"] = lane.run.token(teller)  # what looking is done with
    return Office(url, tokens, acts, PACE, lambda: new_id(now()))


def _visit(lane: Lane, teller: str, seed: int, office: Office, acts: Acts) -> None:
    """Whoever is called is this run's citizen: numbers have no names."""
    [citizen] = islice(people(seed, low_risk_items()), 1)
    citizen = replace(citizen, actor=f"citizen {seed}")
    patience = Patience(PACE.visit_s, Event())
    office.send(office.command(citizen.actor, KIOSK, "/tickets", {"site": SITE}), patience)
    room = Room(lane.name, teller, lane.window, office, acts, PACE)
    Visit(room, citizen, room.call(patience), patience).carry_out()
    _await_card_taken(lane, office, patience)


def _await_card_taken(lane: Lane, office: Office, patience: Patience) -> None:
    """A reader that was away may have missed that the card was taken: the window finds out."""
    with closing(lane.page()) as page:
        page.wait(lambda status: not status["local"]["card_inside"], "no card inside", _CARD_S)
    if not office.wait("/windows", lambda hall: not _card_left(hall, lane.name), _CARD_S, patience):
        raise VisitFault("the centre still waits for a card that was taken out")


def _card_left(hall: Json, terminal: str) -> bool:
    """Whether the centre believes that a card lies inside there (遗留卡)."""
    return any(row["card_left"] for row in hall["items"] if row["terminal"] == terminal)


def _drained(lane: Lane, acts: Path, since: str) -> dict[str, Any]:
    """The judge's report, when the centre has all that the terminal had to send, or in the end."""
    deadline = time.monotonic() + _DRAIN_S
    while True:
        report = judge(lane.run, acts, (lane.name, since))
        if not report["lost"] or time.monotonic() > deadline:
            return report
        time.sleep(_JUDGE_AGAIN_S)


def _complaint(verdict: Verdict) -> str | None:
    bad = [f"{name} {verdict.report[name]}" for name in _BAD if verdict.report[name]]
    if bad:
        return f"{', '.join(bad)}: {verdict.report['offending']}"
    if verdict.hits == 0:
        return "no fault hit"
    return None
