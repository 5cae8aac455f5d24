"""`ow-sim demo`: a finite hall without a screen, judged at its end."""

import shutil
import threading
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from sim.acts import Now
from sim.arrivals import Arrivals, people
from sim.catalogue import low_risk_items
from sim.counter import Counter
from sim.errors import SimError, Stopped
from sim.judge import judge
from sim.kill import ACTS_PER_VISIT, Kill, KillMidFrame, Outcome, chosen_act
from sim.launcher import Say
from sim.pace import Pace
from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder
from sim.staff import Staff
from sim.stage import Stage
from sim.visit import Done

DRAIN_S = 20.0
_JUDGE_AGAIN_S = 0.3
_BAD = ("lost", "unexpected", "duplicate", "quarantined", "unreadable_lines")


@dataclass(frozen=True)
class Options:
    """What a demo was asked for. `identities`: the development folder, made if missing."""

    visits: int
    windows: int
    seed: int
    kill: str | None
    capture: Path | None
    keep: bool
    identities: Path


def demo(options: Options, now: Now, say: Say) -> int:
    """Run and judge; prints the last line; 0 only if everything in it is as it must be."""
    identities = make_identities(options.identities, options.windows)
    folder = new_folder(identities.parent / "run", "demo", now())
    run = Run(identities, folder, Ports(*free_ports(3)))
    stage = Stage(run, options.windows, Pace(), now, say)
    try:
        kill = _play(stage, options, say)
        _drain(run)
    except SimError:
        say(f"the run is kept in {folder}")
        raise
    finally:
        stage.down()
    report = judge(run)
    outcome = kill.outcome() if kill is not None else None
    good = _is_good(report, options, outcome)
    for row in report["offending"]:
        say(f"offending: {row}")
    print(last_line(report, outcome, options.kill), flush=True)
    if good and not options.keep:
        shutil.rmtree(folder)
    else:
        say(f"the run is kept in {folder}")
    return 0 if good else 1


def _play(stage: Stage, options: Options, say: Say) -> Kill | None:
    capture = None if options.capture is None else options.capture.absolute()
    office = stage.up(capture)
    kill = _plan_kill(stage, options)
    stage.acts.witness = kill
    arrivals = Arrivals(office, stage.bell)
    served = _Served(options.visits, stage, say)
    counters = [
        Counter(stage.room(terminal, office), arrivals, served.note, stage.patience)
        for terminal in stage.tellers
    ]
    staff = Staff(counters, stage.bell)
    staff.start(served.one_more)
    _admit(arrivals, stage, options)
    staff.join()
    if kill is not None:
        kill.outcome()
    return kill


def _admit(arrivals: Arrivals, stage: Stage, options: Options) -> None:
    """All citizens take their numbers, some while others are being served."""
    try:
        for citizen in islice(people(options.seed, low_risk_items()), options.visits):
            patience = stage.patience()
            arrivals.admit(citizen, patience)
            patience.pause(stage.pace.arrive_s, "the next citizen")
    except Stopped:
        return  # a counter has failed and says why
    except SimError:
        stage.bell.set()
        raise


class _Served:
    """How many visits there are still to be, and how each went."""

    def __init__(self, visits: int, stage: Stage, say: Say) -> None:
        self._visits = visits
        self._stage = stage
        self._say = say
        self._lock = threading.Lock()
        self._begun = 0
        self._done = 0

    def one_more(self) -> bool:
        """Whether another citizen is to come; that one is the asking teller's then."""
        with self._lock:
            if self._begun == self._visits:
                return False
            self._begun += 1
            return True

    def note(self, terminal: str, actor: str, done: Done) -> None:
        with self._lock:
            self._done += 1
            self._say(
                f"visit {self._done} of {self._visits}: {actor} at {terminal}, ticket "
                f"{done.ticket}, item {done.item}, level {done.level}, "
                f"acts so far {self._stage.acts.count}"
            )


def _plan_kill(stage: Stage, options: Options) -> Kill | None:
    random = Random(f"kill {options.seed}")
    if options.kill is None:
        return None
    if options.kill == "terminal":
        actor = f"citizen {random.randint(1, options.visits)}"
        arms = {name: window.identity.at_half for name, window in stage.windows.items()}
        return KillMidFrame(stage.terminals, actor, arms)
    act, moment_s = chosen_act(random, options.visits)
    child = stage.broker if options.kill == "broker" else stage.centre
    return Kill(options.kill, child, act, moment_s)


def _drain(run: Run) -> None:
    """Wait, at most DRAIN_S, until the centre has all that the terminal still had to send."""
    deadline = time.monotonic() + DRAIN_S
    while judge(run)["lost"] and time.monotonic() < deadline:
        time.sleep(_JUDGE_AGAIN_S)


def _is_good(report: dict[str, Any], options: Options, outcome: Outcome | None) -> bool:
    wanted = options.visits
    done = all(report[name] == wanted for name in ("visits", "cases", "ratings"))
    enough = report["acts"] >= wanted * ACTS_PER_VISIT and report["stored"] > 0
    clean = not any(report[name] for name in _BAD)
    struck = options.kill is None or (outcome is not None and outcome.meanwhile > 0)
    return done and enough and clean and struck


def last_line(report: dict[str, Any], outcome: Outcome | None, kill: str | None) -> str:
    """The line that says how the demo went."""
    names = ("visits", "cases", "ratings", "acts", "stored", "lost", "unexpected", "duplicate")
    counts = ", ".join(f"{name} {report[name]}" for name in names)
    p95_ms = report["p95_last_byte_to_commit_ms"]
    line = f"demo: {counts}, last byte to commit p95 {'-' if p95_ms is None else p95_ms} ms"
    if report["quarantined"]:
        line += f", quarantined {report['quarantined']}"
    if outcome is not None:
        line += (
            f", killed {outcome.target} during act {outcome.act} of {report['acts']}, "
            f"down {outcome.down_s:.1f} s, acts meanwhile {outcome.meanwhile}"
        )
    elif kill is not None:
        line += f", {kill} was never killed"
    return line
