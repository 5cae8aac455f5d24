"""`ow-sim hall`: a hall to watch. Citizens come until somebody presses Ctrl-C."""

import shutil
import time
from itertools import count
from pathlib import Path
from random import Random

from sim.acts import Now
from sim.errors import LaunchFault, VisitFault
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


def hall(identities: Path, speed: float, now: Now, say: Say) -> int:
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
    finally:
        stage.down()
        shutil.rmtree(run.folder, ignore_errors=True)
    return 0


def _serve(stage: Stage, room: Room, say: Say) -> None:
    random = Random()
    people = citizens(random.randrange(1 << 32))
    for number in count(1):
        patience = Patience(room.pace.visit_s, stage.bell)
        visit = Visit(room, f"citizen {number}", next(people), random, patience)
        try:
            done = visit.carry_out()
            say(f"citizen {number}: ticket {done.ticket}, {done.item}, rated {done.level}")
        except VisitFault as fault:
            _explain(stage, fault)


def _explain(stage: Stage, fault: VisitFault) -> None:
    """A visit that failed ends the hall, with the reason if a program is gone."""
    gone = stage.dead()
    if gone is not None:
        raise LaunchFault(f"{gone.name} has ended by itself; its log: {gone.log}") from fault
    raise fault
