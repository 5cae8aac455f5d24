"""`ow-sim centre`: broker and centre alone, for other people's terminals and clients."""

import threading
from pathlib import Path

from sim import stage
from sim.errors import LaunchFault, PortFault
from sim.launcher import Launcher, Say
from sim.ports import is_free
from sim.settings import Ports, Run, make_identities

_LOOK_EVERY_S = 0.5


def centre(folder: Path, ports: Ports, bell: threading.Event, say: Say) -> int:
    """Run broker and centre on the state in `folder` until `bell`; prints `ready` when they are."""
    identities = make_identities(folder)
    for name, port in vars(ports).items():
        if not is_free(port):
            raise PortFault(f"port {port} is taken; choose another --{name}.")
    run = Run(identities, identities, ports)
    launcher = Launcher(say)
    try:
        launcher.start(stage.broker(run, run.centre_toml))
        launcher.start(stage.centre(run, run.centre_toml))
        print("ready", flush=True)
        while not bell.wait(_LOOK_EVERY_S):
            gone = launcher.dead()
            if gone is not None:
                raise LaunchFault(f"{gone.name} has ended by itself; its log: {gone.log}")
    finally:
        launcher.stop()
    return 0
