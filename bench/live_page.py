"""How long after its COMMIT a fact stands on the live page (`make run`), measured in a browser.

    python -m bench.live_page [--facts 150] [--speed 1]

Runs `ow-sim hall` until so many facts were shown. The page marks each fact in the frame that shows
it; the centre stamps each fact just before COMMIT. Both read the clock of this machine.
"""

import argparse
import math
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

OPEN_S = 60.0
LONGEST_S = 300.0
END_S = 30.0
CHROMIUM = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\?token=\S+")
_MARKS = """
() => performance.getEntriesByType("mark")
    .filter((mark) => mark.name.startsWith("fact "))
    .map((mark) => [mark.detail, performance.timeOrigin + mark.startTime])
"""


class Unmeasurable(Exception):
    """The hall did not open, or shows nothing."""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def delays_ms(marks: Sequence[tuple[str, float]]) -> list[float]:
    """From (moment of COMMIT as RFC 3339, milliseconds since 1970 when shown)."""
    return [shown - datetime.fromisoformat(stored).timestamp() * 1000 for stored, shown in marks]


@contextmanager
def hall(folder: Path, speed: float) -> Iterator[str]:
    """A hall at work; the address of its page, token and all."""
    program = Path(sys.executable).parent / "ow-sim"
    command = [str(program), "hall", "--dir", str(folder / "dev"), "--speed", str(speed)]
    log = folder / "hall.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as child:
        try:
            yield _address(log, child)
        finally:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(END_S)
            except subprocess.TimeoutExpired:
                child.kill()


def _address(log: Path, child: "subprocess.Popen[bytes]") -> str:
    """What the hall says is to be opened, once it says so."""
    for _ in range(int(OPEN_S / 0.2)):
        found = _ADDRESS.search(log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        try:
            child.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        break
    raise Unmeasurable(f"The hall did not open: {log.read_text(encoding='utf-8')}")


def watch(address: str, facts: int) -> list[float]:
    """The delay of each fact that the page has shown, when there are so many, in milliseconds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM, headless=True
        )
        try:
            page = browser.new_page()
            page.goto(address)
            enough = f"() => ({_MARKS})().length >= {facts}"
            page.wait_for_function(enough, timeout=LONGEST_S * 1000, polling=1000)
            return delays_ms(page.evaluate(_MARKS))
        except Error as error:
            raise Unmeasurable(f"The page did not show {facts} facts: {error}") from error
        finally:
            browser.close()


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when it could not be measured."""
    parser = argparse.ArgumentParser(
        description="Measure how long after its COMMIT a fact stands on the live page.",
        epilog="example: python -m bench.live_page --facts 150",
    )
    parser.add_argument("--facts", type=int, default=150, help="how many facts (default 150)")
    parser.add_argument("--speed", type=float, default=1, help="as of `ow-sim hall` (default 1)")
    arguments = parser.parse_args(argv)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ow-live-") as folder,
            hall(Path(folder), arguments.speed) as address,
        ):
            delays = watch(address, arguments.facts)
    except Unmeasurable as error:
        print(f"live page: {error}", file=sys.stderr)
        return 1
    p50_ms, p95_ms = percentile(delays, 0.5), percentile(delays, 0.95)
    print(f"live page: facts {len(delays)}, p50 {p50_ms:.0f} ms, max {max(delays):.0f} ms")
    print(f"fact committed to shown p95 {p95_ms:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
