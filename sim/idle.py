"""A hall of one window at which nobody is: `python -m sim.idle --dir FOLDER`.

For those who measure a terminal at rest. All is up, then the terminal is started once more, alone;
prints one JSON line with its configuration's path and the seconds until it was ready, and holds all
of it until SIGTERM or the end of its input.
"""

import argparse
import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from sim.errors import SimError, Stopped
from sim.pace import Pace
from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder, terminal_name
from sim.stage import Stage


def _now() -> datetime:
    return datetime.now(UTC)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise Stopped("stopped")


def _restart(stage: Stage, terminal: str) -> float:
    """Stop the terminal and start it; the seconds from its start until it is ready."""
    child = stage.terminals[terminal]
    child.stop()
    begun = time.monotonic()
    child.start()
    child.wait_ready()
    return time.monotonic() - begun


def idle(folder: Path) -> None:
    """Hold the hall until the input ends. SimError when something does not start."""
    identities = make_identities(folder / "dev")
    run = Run(identities, new_folder(folder / "run", "idle", _now()), Ports(*free_ports(3)))
    stage = Stage(run, 1, Pace(), _now, lambda text: None)
    terminal = terminal_name(1)
    try:
        stage.up()
        ready_s = _restart(stage, terminal)
        config = str(run.terminal_toml(terminal))
        print(json.dumps({"config": config, "ready_s": ready_s}), flush=True)
        sys.stdin.read()
    finally:
        stage.down()


def main(argv: list[str] | None = None) -> int:
    """Open the hall and hold it."""
    parser = argparse.ArgumentParser(description="A hall of one window at which nobody is.")
    parser.add_argument("--dir", type=Path, required=True, help="where identities and state go")
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        idle(arguments.dir)
    except Stopped:
        return 0
    except SimError as error:
        print(f"sim.idle: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
