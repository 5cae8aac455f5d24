"""How long after its COMMIT a fact stands on the live page (`make run`), measured in a browser.

    python -m bench.live_page [--visits 9] [--between 0.5]

Three windows serve at the pace of people. The page marks each fact in the frame that shows it; the
centre stamps each fact just before COMMIT. Both read the clock of this machine.
"""

import argparse
import math
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from sim.arrivals import Arrivals, people
from sim.catalogue import low_risk_items
from sim.counter import Counter
from sim.office import Office
from sim.pace import Pace
from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder
from sim.staff import Staff
from sim.stage import Stage

SEED, WINDOWS = 1, 3
LAST_S = 2.0
"""The last fact is on the page well before."""
CHROMIUM = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
_MARKS = """
() => performance.getEntriesByType("mark")
    .filter((mark) => mark.name.startsWith("fact "))
    .map((mark) => [mark.detail, performance.timeOrigin + mark.startTime])
"""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def delays_ms(marks: Sequence[tuple[str, float]]) -> list[float]:
    """From (moment of COMMIT as RFC 3339, milliseconds since 1970 when shown)."""
    return [shown - datetime.fromisoformat(stored).timestamp() * 1000 for stored, shown in marks]


def serve(stage: Stage, office: Office, visits: int) -> None:
    """So many visits at all windows; blocks until the last is closed."""
    arrivals = Arrivals(office, stage.bell)
    rest = threading.Semaphore(visits)
    counters = [
        Counter(stage.room(terminal, office), arrivals, lambda *_: None, stage.patience)
        for terminal in stage.tellers
    ]
    for citizen in islice(people(SEED, low_risk_items()), visits):
        arrivals.admit(citizen, stage.patience())
    staff = Staff(counters, stage.bell)
    staff.start(lambda: rest.acquire(blocking=False))
    staff.join()


def watch(page: Page, stage: Stage, office: Office, visits: int) -> list[float]:
    """Open the page, have visits happen, and read what it marked."""
    token = stage.run.token("observer")
    page.goto(f"http://127.0.0.1:{stage.run.ports.http}/?token={token}")
    page.locator("#link.up").wait_for()
    serve(stage, office, visits)
    page.wait_for_timeout(LAST_S * 1000)
    marks: Any = page.evaluate(_MARKS)
    return delays_ms(marks)


def measure(folder: Path, visits: int, between_s: float) -> list[float]:
    """The delay of every fact of the visits, in milliseconds."""

    def now() -> datetime:
        return datetime.now(UTC)

    identities = make_identities(folder / "dev", WINDOWS)
    run = Run(identities, new_folder(folder, "live-page", now()), Ports(*free_ports(3)))
    pace = Pace(between_s=between_s, visit_s=300)
    stage = Stage(run, WINDOWS, pace, now, lambda text: print(text, file=sys.stderr))
    try:
        office = stage.up()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=CHROMIUM, headless=True
            )
            try:
                return watch(browser.new_page(), stage, office, visits)
            finally:
                browser.close()
    finally:
        stage.down()


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when no fact was shown."""
    parser = argparse.ArgumentParser(
        description="Measure how long after its COMMIT a fact stands on the live page.",
        epilog="example: python -m bench.live_page --visits 9",
    )
    parser.add_argument("--visits", type=int, default=9, help="how many visits (default 9)")
    parser.add_argument(
        "--between", type=float, default=0.5, help="seconds from one act to the next (default 0.5)"
    )
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ow-live-") as folder:
        delays = measure(Path(folder), arguments.visits, arguments.between)
    if not delays:
        print("live page: no fact was shown", file=sys.stderr)
        return 1
    p50_ms, p95_ms = percentile(delays, 0.5), percentile(delays, 0.95)
    print(f"live page: facts {len(delays)}, p50 {p50_ms:.0f} ms, max {max(delays):.0f} ms")
    print(f"fact committed to shown p95 {p95_ms:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
