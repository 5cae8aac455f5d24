"""How much later than its last byte an identity card is reported.

    python -m bench.identity_reader [--reads 100] [--baud 115200]

The production driver reads cards from the twin, which sends at the pace of the line. The floor is
what the base reply takes on the wire and no program can shorten. Above it: from the moment when
the twin's last byte of that reply is out until the driver reports the card, which includes asking
for a new address. Exit code 1 when the 95th percentile is more than 10 ms above the floor.
"""

import argparse
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue

from bench.judge import percentile
from drivers.registry import load, start_worker
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import IdentityCardRead, Observation
from sim.people import citizens
from sim.twins.identity import IdentityTwin
from sim.twins.line import BITS_PER_BYTE
from sim.twins.sam import BAUDS, Sam

REPLY_BYTES = 1295
LIMIT_MS = 10.0
PATIENCE_S = 10.0


def measure(port: Path, reads: int, baud: int) -> list[float]:
    """Lay so many cards, one after another. Milliseconds above the floor, one for each.

    TimeoutError if a card is not reported; DeviceLost if the reader is lost.
    """
    twin = IdentityTwin(port, sam=Sam(baud=baud))
    sent: SimpleQueue[float] = SimpleQueue()
    told: SimpleQueue[tuple[float, Observation | DeviceLost]] = SimpleQueue()
    driver = load("id_serial")
    device = driver.build(driver.configure({"port": str(port), "baud": baud}), SystemClock())
    twin.plug()
    worker = start_worker(
        device,
        lambda observation: told.put((time.monotonic(), observation)),
        lambda: None,
        lambda lost: told.put((time.monotonic(), lost)),
    )
    try:
        above_ms = []
        for card in islice(citizens(1), reads):
            twin.lay(card, lambda: sent.put(time.monotonic()))
            try:
                at_s, observation = told.get(timeout=PATIENCE_S)
            except Empty as error:
                raise TimeoutError("a card was laid and not read") from error
            if isinstance(observation, DeviceLost):
                raise observation
            if not isinstance(observation, IdentityCardRead):
                raise TimeoutError("a card was laid and could not be read")
            above_ms.append((at_s - sent.get(timeout=PATIENCE_S)) * 1000)
        return above_ms
    finally:
        worker.stop()
        twin.unplug()


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when the limit is not kept."""
    parser = argparse.ArgumentParser(
        description="How much later than its last byte an identity card is reported.",
        epilog="example: python -m bench.identity_reader --reads 200",
    )
    parser.add_argument("--reads", type=int, default=100, help="how many cards (default 100)")
    parser.add_argument("--baud", type=int, choices=BAUDS, default=BAUDS[0], help="(115200)")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ow-identity-") as folder:
        above_ms = measure(Path(folder) / "reader", given.reads, given.baud)
    floor_ms = REPLY_BYTES * BITS_PER_BYTE / given.baud * 1000
    p95_ms = percentile(above_ms, 0.95) or 0.0
    print(
        f"identity: floor {floor_ms:.1f} ms, read p95 {floor_ms + p95_ms:.1f} ms, "
        f"above the floor {p95_ms:.1f} ms (limit {LIMIT_MS:.0f}), reads {len(above_ms)}"
    )
    return 0 if p95_ms <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
