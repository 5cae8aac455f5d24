"""How a hall of terminals comes back after the broker was restarted: soon, and without a storm.

    python -m bench.reconnect [--terminals 300] [--base 0.2] [--cap 5] [--picture FILE]

The firmware's own links, each with its own certificate, run in a few processes against a real
broker, which is killed and started again. Every attempt is noted where it opens its connection.

The base decides how high the peak is after the cut, the cap how late the last one comes. 300
terminals, two cores, 3 s without a broker:

    base 0.2 s, cap 5 s   busiest 100 ms 188 to 223 attempts   last one back after 4.8 s
    base 1.0 s, cap 5 s   busiest 100 ms  47 to 59             last one back after 4.9 s
    base 2.0 s, cap 5 s   busiest 100 ms  31                   last one back after 4.7 s
    base 1.0 s, cap 2 s   busiest 100 ms  53                   last one back after 1.9 s, and a
                                                               third more attempts meanwhile
"""

import argparse
import logging
import multiprocessing
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Condition
from typing import Any

import matplotlib as mpl

from firmware.config import Broker, Intervals
from firmware.link import Link
from hal.clock import SystemClock
from hal.events.topics import Branch
from provisioning.development import develop
from provisioning.folder import Folder
from sim import stage
from sim.ports import free_ports
from sim.settings import SITE, Ports, Run

PROCESSES = 4
DEADLINE_S = 120.0
BIN_S = 0.1
PICTURE = Path("docs/pictures/reconnect.png")


@dataclass(frozen=True)
class Outcome:
    """Moments in seconds after the broker was killed. `ready_s`: when it accepted again."""

    ready_s: float
    attempts_s: list[float]
    successes_s: list[float]

    @property
    def busiest(self) -> int:
        """The most attempts within one hundredth of ten seconds."""
        return max(Counter(int(at_s / BIN_S) for at_s in self.attempts_s).values(), default=0)


class Hall:
    """The links of one process. Moments are of the machine's monotonic clock, the same for all."""

    def __init__(self, run: Run, names: Sequence[str], intervals: Intervals) -> None:
        self.attempts: list[float] = []
        self.successes: list[float] = []
        self._usable = 0
        self._changed = Condition()
        self._note_attempts()
        self.links = [self._link(run, name, intervals) for name in names]

    def wait_usable(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._usable == len(self.links), DEADLINE_S)

    def wait_lost(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._usable == 0, DEADLINE_S)

    def _note_attempts(self) -> None:
        connect = socket.create_connection

        def noting(*arguments: Any, **options: Any) -> socket.socket:
            self.attempts.append(time.monotonic())
            return connect(*arguments, **options)

        socket.create_connection = noting

    def _link(self, run: Run, name: str, intervals: Intervals) -> Link:
        own = [run.identities / f"{name}.{kind}" for kind in ("pem", "key")]
        broker = Broker("127.0.0.1", run.ports.mqtt, run.identities / "ca.pem", *own)
        branch = Branch(SITE, name)
        link = Link(broker, branch, b"{}", lambda _topic, _body: None, intervals)
        link.on_change(self._change)
        link.retain(branch.state, b"{}")
        return link

    def _change(self, usable: bool) -> None:
        with self._changed:
            self._usable += 1 if usable else -1
            if usable:
                self.successes.append(time.monotonic())
            self._changed.notify_all()


def work(pipe: Connection, run: Run, names: Sequence[str], intervals: Intervals) -> None:
    """The body of one process: connect all, lose all, have all back, tell what happened."""
    logging.disable()
    hall = Hall(run, names, intervals)
    for link in hall.links:
        link.start()
    pipe.send(hall.wait_usable())
    pipe.send(hall.wait_lost() and hall.wait_usable())
    pipe.recv()
    pipe.send((hall.attempts, hall.successes))
    for link in hall.links:
        link.stop({})


def measure(folder: Path, terminals: int, intervals: Intervals, down_s: float) -> Outcome:
    """Kill the broker under its terminals and look how they come back."""
    run = Run(folder / "dev", folder, Ports(*free_ports(3)))
    now = SystemClock().now()
    names = develop(Folder(run.identities), terminals=terminals, site=SITE, now=now)
    run.write_centre()
    broker = stage.broker(run, run.centre_toml)
    broker.start()
    broker.wait_ready()
    context = multiprocessing.get_context("spawn")
    pipes = []
    workers = []
    for n in range(PROCESSES):
        ours, theirs = context.Pipe()
        share = names[n::PROCESSES]
        workers.append(context.Process(target=work, args=(theirs, run, share, intervals)))
        pipes.append(ours)
    try:
        for worker in workers:
            worker.start()
        if not all(pipe.recv() for pipe in pipes):
            raise TimeoutError("not all terminals were connected at the beginning")
        killed_s = time.monotonic()
        broker.kill()
        time.sleep(down_s)
        broker.start()
        broker.wait_ready()
        ready_s = time.monotonic() - killed_s
        for pipe in pipes:
            pipe.recv()
            pipe.send("tell")
        told = [pipe.recv() for pipe in pipes]
    finally:
        for worker in workers:
            worker.join(DEADLINE_S)
        broker.stop()
    attempts, successes = ([at for part in told for at in part[n]] for n in (0, 1))
    return Outcome(
        ready_s,
        sorted(at - killed_s for at in attempts if at > killed_s),
        sorted(at - killed_s for at in successes if at > killed_s),
    )


def draw(outcome: Outcome, picture: Path, title: str) -> None:
    """Attempts and successes in each 100 ms, over the time since the broker was killed."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    end_s = max([outcome.ready_s, *outcome.attempts_s, *outcome.successes_s]) + BIN_S
    bins = [n * BIN_S for n in range(int(end_s / BIN_S) + 2)]
    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    axes.axvspan(0, outcome.ready_s, color="0.92", label="broker away")
    axes.hist(outcome.attempts_s, bins, color="tab:orange", label="attempts (TCP connect)")
    axes.hist(outcome.successes_s, bins, color="tab:green", alpha=0.7, label="terminals back")
    axes.set(xlabel="time since the broker was killed (s)", ylabel="per 100 ms", title=title)
    axes.set_xlim(0, end_s)
    axes.legend()
    figure.savefig(picture, dpi=110)
    plt.close(figure)


def main(argv: list[str] | None = None) -> int:
    """Measure, draw and print; 1 when somebody did not come back."""
    usual = Intervals()
    parser = argparse.ArgumentParser(
        description="Look how a hall of terminals comes back after the broker was restarted.",
        epilog="example: python -m bench.reconnect --terminals 300",
    )
    parser.add_argument("--terminals", type=int, default=300, help="how many (default 300)")
    parser.add_argument("--base", type=float, default=usual.reconnect_base_s, help="seconds")
    parser.add_argument("--cap", type=float, default=usual.reconnect_cap_s, help="seconds")
    parser.add_argument("--down", type=float, default=3.0, help="seconds without a broker")
    parser.add_argument("--picture", type=Path, default=PICTURE, help=f"(default {PICTURE})")
    given = parser.parse_args(argv)
    intervals = Intervals(reconnect_base_s=given.base, reconnect_cap_s=given.cap)
    with tempfile.TemporaryDirectory(prefix="ow-reconnect-") as folder:
        outcome = measure(Path(folder), given.terminals, intervals, given.down)
    back = len(outcome.successes_s)
    last_s = max(outcome.successes_s, default=0.0) - outcome.ready_s
    title = (
        f"{given.terminals} terminals, rests up to {given.base:g} s, doubling to {given.cap:g} s"
    )
    draw(outcome, given.picture, title)
    print(
        f"reconnect: {back} of {given.terminals} back after {last_s:.1f} s,"
        f" attempts {len(outcome.attempts_s)}, busiest 100 ms had {outcome.busiest} attempts"
        f" (limit without jitter: {given.terminals})"
    )
    return 0 if back == given.terminals else 1


if __name__ == "__main__":
    sys.exit(main())
