"""`ow-sim hall`: a hall to watch. Citizens come until somebody presses Ctrl-C."""

import shutil
import time
from pathlib import Path
from random import Random
from typing import NoReturn

from sim.acts import Now
from sim.arrivals import Arrivals, people
from sim.catalogue import low_risk_items
from sim.control import Control
from sim.counter import Counter
from sim.errors import LaunchFault, PortFault, SimError, Stopped
from sim.launcher import Say
from sim.office import Office
from sim.pace import Pace
from sim.ports import preferred
from sim.settings import Ports, Run, make_identities, new_folder
from sim.staff import Staff
from sim.stage import Stage
from sim.visit import Done

MQTT, HTTP, MEDIA = 8883, 8080, 8443
BETWEEN_ACTS_S = 1.5
VISIT_S = 20.0
"""About what a visit takes; as many citizens come as the windows can serve."""
MOST_WAITING = 6
VISIT_DEADLINE_S = 300.0


def hall(identities: Path, windows: int, speed: float, now: Now, say: Say) -> NoReturn:
    """Run a hall until Stopped or KeyboardInterrupt passes through; then stop what was started."""
    begun = time.monotonic()
    identities = make_identities(identities, windows)
    ports = Ports(*(preferred(port, say) for port in (MQTT, HTTP, MEDIA)))
    run = Run(identities, new_folder(identities.parent / "run", "hall", now()), ports)
    pace = Pace(
        between_s=BETWEEN_ACTS_S / speed,
        arrive_s=VISIT_S / speed / windows,
        visit_s=VISIT_DEADLINE_S,
    )
    stage = Stage(run, windows, pace, now, say)
    control = Control(identities, stage.windows)
    try:
        office = stage.up()
        _listen(control, say)
        say(f"the hall is open after {time.monotonic() - begun:.1f} s; Ctrl-C closes it")
        say(f"to watch: http://127.0.0.1:{ports.http}/?token={run.token('observer')}")
        say(f"logs and acts.jsonl: {run.folder}")
        _serve(stage, office, say)
    except (KeyboardInterrupt, Stopped):
        control.close()
        stage.down()
        shutil.rmtree(run.folder)
        raise
    except SimError:
        control.close()
        stage.down()
        say(f"the run is kept in {run.folder}")
        raise


def _listen(control: Control, say: Say) -> None:
    try:
        control.open()
    except PortFault as fault:
        say(f"{fault} `ow-sim fault` is heard by that one.")


def _serve(stage: Stage, office: Office, say: Say) -> NoReturn:
    arrivals = Arrivals(office, stage.bell)

    def served(terminal: str, actor: str, done: Done) -> None:
        say(f"{actor} at {terminal}: ticket {done.ticket}, {done.item}, rated {done.level}")

    counters = [
        Counter(stage.room(terminal, office), arrivals, served, stage.patience)
        for terminal in stage.tellers
    ]
    staff = Staff(counters, stage.bell)
    staff.start(lambda: True)
    seed = Random().randrange(1 << 32)
    try:
        for citizen in people(seed, low_risk_items()):
            arrivals.admit(citizen, stage.patience())
            _wait_for_room(arrivals, stage)
    except Stopped:
        # A counter failed and rang the bell; otherwise somebody asked us to end.
        _explain(stage, staff)
        raise
    except SimError as fault:
        raise _blamed(stage, fault) from fault
    raise AssertionError("citizens come without end")


def _wait_for_room(arrivals: Arrivals, stage: Stage) -> None:
    """Nobody comes in while many wait already."""
    patience = stage.patience()
    patience.pause(stage.pace.arrive_s, "the next citizen")
    while arrivals.waiting() >= MOST_WAITING:
        if stage.bell.wait(stage.pace.arrive_s):
            raise Stopped("stopped")


def _explain(stage: Stage, staff: Staff) -> None:
    """Raise what made a counter fail, with the reason if a program is gone."""
    try:
        staff.check()
    except SimError as fault:
        raise _blamed(stage, fault) from fault


def _blamed(stage: Stage, fault: SimError) -> SimError:
    gone = stage.dead()
    if gone is None:
        return fault
    return LaunchFault(f"{gone.name} has ended by itself; its log: {gone.log}")
