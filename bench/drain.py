"""How fast a terminal tells the centre what it kept while it was alone, and whether people notice.

    python -m bench.drain [--facts 10000]

A real broker and a real centre run as children; the firmware's outbox, sender and link run here.
The outbox is filled offline with sealed facts; then the line comes, and while the backlog drains
somebody does something at the window every 100 ms.
"""

import argparse
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.live_page import percentile
from firmware.config import Broker
from firmware.link import Link
from firmware.outbox import Outbox
from firmware.seal import load_seal
from firmware.sender import Sender
from firmware.stamp import Draft, Stamp
from hal.clock import SystemClock
from hal.events.facts import IdentityRead
from hal.events.topics import Branch
from sim import stage
from sim.launcher import Launcher
from sim.ports import free_ports
from sim.settings import SITE, Ports, Run, make_identities, terminal_name

LONGEST_S = 120.0
LOOK_S = 0.02
PRESS_EVERY_S = 0.1
AT_ONCE = 200
_CARD = IdentityRead(document="resident", name="示例", number="11010519491231002X")


@dataclass(frozen=True)
class Result:
    """`keeps_ms`: how long each person waited for the fsync, in order."""

    drained_s: float
    keeps_ms: list[float]
    in_order: bool
    stored: int


class Terminal:
    """The part of a terminal between the window and the broker, with one state folder."""

    def __init__(self, run: Run, name: str) -> None:
        clock = SystemClock()
        branch = Branch(SITE, name)
        own = [run.identities / f"{name}.{kind}" for kind in ("pem", "key")]
        broker = Broker("127.0.0.1", run.ports.mqtt, run.identities / "ca.pem", *own)
        stamp = Stamp(branch, clock, load_seal("dev1", run.identities / "seal.pub.pem"))
        self.outbox = Outbox(run.folder / name / "outbox.db", stamp.new_id)
        self._write = stamp.writer(self.outbox.epoch)
        self._clock = clock
        self._receipt_topic = branch.receipt
        self.link = Link(broker, branch, b"{}", self._received)
        self.sender = Sender(self.outbox, self.link)
        self.link.on_change(self.sender.line)

    def keep(self, count: int) -> None:
        drafts = [Draft("identity", "identity", "read", _CARD)] * count
        self.outbox.keep(drafts, self._write, self._clock.now().timestamp())
        self.sender.wake()

    def start(self) -> None:
        self.sender.start()
        self.link.start()

    def stop(self) -> None:
        self.sender.stop()
        self.link.stop({})
        self.outbox.close()

    def receipted(self) -> int:
        """The highest sequence that the centre keeps."""
        return self.outbox.last() - self.outbox.waiting()[0]

    def _received(self, topic: str, body: bytes) -> None:
        if topic == self._receipt_topic:
            self.sender.receipt(body)


@contextmanager
def hall(folder: Path) -> Iterator[Run]:
    """Broker and centre at work."""
    run = Run(make_identities(folder / "dev"), folder, Ports(*free_ports(3)))
    run.write_centre()
    launcher = Launcher(lambda said: print(said, file=sys.stderr))
    try:
        launcher.start(stage.broker(run, run.centre_toml))
        launcher.start(stage.centre(run, run.centre_toml))
        yield run
    finally:
        launcher.stop()


def drain(run: Run, facts: int) -> Result:
    """Fill the outbox, connect, and go on working until the centre keeps all of the backlog."""
    terminal = Terminal(run, terminal_name(1))
    for start in range(0, facts, AT_ONCE):
        terminal.keep(min(AT_ONCE, facts - start))
    done = threading.Event()
    keeps_ms: list[float] = []

    def press() -> None:
        while not done.wait(PRESS_EVERY_S):
            begun = time.perf_counter()
            terminal.keep(1)
            keeps_ms.append((time.perf_counter() - begun) * 1000)

    person = threading.Thread(target=press, name="person")
    begun = time.monotonic()
    terminal.start()
    person.start()
    while terminal.receipted() < facts and time.monotonic() - begun < LONGEST_S:
        time.sleep(LOOK_S)
    drained_s = time.monotonic() - begun
    done.set()
    person.join()
    receipted = terminal.receipted()
    terminal.stop()
    stored, in_order = judge(run.database, terminal.outbox.epoch)
    return Result(drained_s, keeps_ms, in_order and receipted >= facts, stored)


def judge(database: Path, epoch: str) -> tuple[int, bool]:
    """How many facts of the outbox are stored, and whether without a gap and in their order."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as centre:
        query = "SELECT sequence FROM fact WHERE epoch = ? ORDER BY cursor"
        found = [int(row[0]) for row in centre.execute(query, (epoch,))]
    return len(found), found == list(range(1, len(found) + 1))


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when something was lost or came out of order."""
    parser = argparse.ArgumentParser(
        description="Measure how fast a terminal drains its backlog into the centre.",
        epilog="example: python -m bench.drain --facts 10000",
    )
    parser.add_argument("--facts", type=int, default=10_000, help="how many (default 10000)")
    facts = parser.parse_args(argv).facts
    with tempfile.TemporaryDirectory(prefix="ow-drain-") as folder, hall(Path(folder)) as run:
        result = drain(run, facts)
    print(
        f"drain: {facts} facts in {result.drained_s:.1f} s,"
        f" order kept {'yes' if result.in_order else 'no'},"
        f" local keep p95 {percentile(result.keeps_ms, 0.95):.1f} ms"
        f" max {max(result.keeps_ms):.1f} ms"
    )
    return 0 if result.in_order and result.stored >= facts else 1


if __name__ == "__main__":
    sys.exit(main())
