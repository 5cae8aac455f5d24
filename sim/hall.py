"""`ow-sim hall`: a hall to watch. Citizens come until somebody presses Ctrl-C."""

import shutil
import time
from pathlib import Path
from random import Random
from typing import NoReturn

from sim.acts import Now
from sim.errors import LaunchFault, SimError, Stopped, VisitFault
from sim.launcher import Say
from sim.pace import Pace, Patience
from sim.people import citizens
from sim.ports import preferred
from sim.settings import Ports, Run, make_identities, new_folder
from sim.stage import Stage
from sim.visit import Room, Visit

MQTT, HTTP, MEDIA = 8883, 8080, 8443
BETWEEN_ACTS_S = 1.5
VISIT_DEADLINE_S = 300.0


def hall(identities: Path, speed: float, now: Now, say: Say) -> NoReturn:
    """Run a hall until Stopped or KeyboardInterrupt passes through; then stop what was started."""
    begun = time.monotonic()
    identities = make_identities(identities)
    ports = Ports(*(preferred(port, say) for port in (MQTT, HTTP, MEDIA)))
    run = Run(identities, new_folder(identities.parent / "run", "hall", now()), ports)
    pace = Pace(between_s=BETWEEN_ACTS_S / speed, visit_s=VISIT_DEADLINE_S)
    stage = Stage(run, pace, now, say)
    try:
        room = stage.up()
        say(f"the hall is open after {time.monotonic() - begun:.1f} s; Ctrl-C closes it")
        say(f"to watch: http://127.0.0.1:{ports.http}/?token={run.token('observer')}")
        say(f"logs and acts.jsonl: {run.folder}")
        _serve(stage, room, say)
    except (KeyboardInterrupt, Stopped):
        stage.down()
        shutil.rmtree(run.folder)
        raise
    except SimError:
        stage.down()
        say(f"the run is kept in {run.folder}")
        raise


def _serve(stage: Stage, room: Room, say: Say) -> NoReturn:
    random = Random()
    people = citizens(random.randrange(1 << 32))
    number = 0
    while True:
        number += 1
        patience = Patience(room.pace.visit_s, stage.bell)
        visit = Visit(room, f"citizen {number}", next(people), random, patience)
        try:
            done = visit.carry_out()
            say(f"citizen {number}: ticket {done.ticket}, {done.item}, rated {done.level}")
        except VisitFault as fault:
            _explain(stage, fault)


def _explain(stage: Stage, fault: VisitFault) -> NoReturn:
    """A visit that failed ends the hall, with the reason if a program is gone."""
    gone = stage.dead()
    if gone is not None:
        raise LaunchFault(f"{gone.name} has ended by itself; its log: {gone.log}") from fault
    raise fault
