"""How long a social-security card takes to be read, and how soon a hostile one is given up.

    python -m bench.card_reader [--cards 20] [--hostile]

Cards of all generations are put, one after the other, into a reader of the twin's pcscd. Counted
is, by the driver's own reports, from "a card is there" to its data. With --hostile one card of each
of the twin's faults is put in as well, counted from the hand to the report, so with the reader's
own search for cards. Exit code 1 when one takes longer than the limit or ends otherwise.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from statistics import median, quantiles
from threading import Event

from drivers.registry import load, start_worker
from hal.clock import SystemClock
from hal.interfaces import (
    CardInserted,
    CardTaken,
    Observation,
    SocialSecurityCardRead,
    Unreadable,
)
from sim.card import EXAMPLE
from sim.card_person import VERSIONS, card_of
from sim.pcscd import Pcscd
from sim.twins.card import FAULTS, HARMLESS, Fault

LIMIT_S = 3.0
FLOOR = "a card at 9600 baud 286-320 ms for 256 bytes; here vpcd has none"
_IN_THE_MIDDLE = 3  # commands: the selection and two records
_WAIT_S = 10.0
_MS_PER_S = 1000


class Bench:
    """A reader, its driver, and when the driver said what."""

    def __init__(self, readers: Pcscd) -> None:
        self.readers = readers
        self.told: SimpleQueue[tuple[float, Observation]] = SimpleQueue()

    def hear(self, observation: Observation) -> None:
        self.told.put((time.monotonic(), observation))

    def read_s(self, version: str) -> float:
        """Put a card in, have it read, take it out. Seconds between being there and being read."""
        self.readers.lay(0, card_of(EXAMPLE, version))
        there_s = self._next(CardInserted)
        read_s = self._next(SocialSecurityCardRead)
        self.readers.withdraw(0)
        self._next(CardTaken)
        return read_s - there_s

    def refused_s(self, fault: Fault) -> float:
        """Put a hostile card in, and a good one after it. Seconds until the first was refused."""
        put_s = time.monotonic()
        self.readers.lay(0, card_of(EXAMPLE), fault, _IN_THE_MIDDLE)
        refused_s = self._next(Unreadable)
        self.readers.withdraw(0)
        if fault != "mute":  # nothing is told of that one's removal
            self._next(CardTaken)
        self.read_s(VERSIONS[-1])
        return refused_s - put_s

    def _next(self, kind: type[Observation]) -> float:
        """When an observation of this kind came; others before it are passed over."""
        while True:
            at_s, observation = self.told.get(timeout=_WAIT_S)
            if isinstance(observation, kind):
                return at_s


@contextmanager
def opened() -> Iterator[Bench]:
    """A bench whose reader is open. Empty if it does not open in time."""
    with tempfile.TemporaryDirectory(prefix="ow-card-") as folder:
        readers = Pcscd(Path(folder) / "pcscd", ["Sim Card W01"])
        readers.start()
        bench, ready = Bench(readers), Event()
        spec = load("card_pcsc")
        table = {"reader": readers.reader(0), "socket": str(readers.socket)}
        device = spec.build(spec.configure(table), SystemClock())
        worker = start_worker(device, bench.hear, ready.set, lambda _: None)
        try:
            if not ready.wait(_WAIT_S):
                raise Empty
            yield bench
        finally:
            worker.stop(_WAIT_S)
            readers.stop()


def main(cards: int, hostile: bool) -> int:
    try:
        with opened() as bench:
            took = [bench.read_s(VERSIONS[number % len(VERSIONS)]) for number in range(cards)]
            p95 = quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
            print(
                f"card: read p50 {median(took) * _MS_PER_S:.1f} ms "
                f"p95 {p95 * _MS_PER_S:.1f} ms over {cards} cards (floor: {FLOOR})",
                flush=True,
            )
            return _hostile(bench) if hostile else 0
    except Empty:
        print("card: the reader fell silent", file=sys.stderr)
        return 1


def _hostile(bench: Bench) -> int:
    faults = [fault for fault in FAULTS if fault not in HARMLESS]
    took = {fault: bench.refused_s(fault) for fault in faults}
    worst = max(took, key=lambda fault: took[fault])
    print(
        f"card: {len(took)} hostile cards, each refused and the next one read; the slowest "
        f"({worst}) after {took[worst]:.2f} s (limit {LIMIT_S:g} s)"
    )
    return 0 if took[worst] <= LIMIT_S else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--cards", type=int, default=20, help="how many (20)")
    parser.add_argument("--hostile", action="store_true", help="hostile ones as well")
    arguments = parser.parse_args()
    sys.exit(main(arguments.cards, arguments.hostile))
