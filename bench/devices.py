"""Every driver of the window in one table: what it tells, what it survives, how fast it is.

    python -m bench.devices [DRIVER ...]

Runs the contract suite of each driver against its twin and the driver's measurement, now; nothing
in the table is from an earlier run. A row is good when its whole suite passed and its measurement
kept its limits. Exit code 1 when a row is bad.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from drivers.registry import DRIVERS, load
from hal.events.facts import FACTS

ROOT = Path(__file__).resolve().parents[1]
SUITE_S, BENCH_S = 600.0, 300.0
ALL = ""


@dataclass(frozen=True)
class Plan:
    """How one driver is tried: files below tests/contract, a word that their tests have in their
    names, and the measurement with the word its lines begin with.
    """

    suites: tuple[str, ...]
    only: str = ALL
    bench: tuple[str, ...] = ()
    lines: str = ALL


PLANS: dict[str, Plan] = {
    "id_serial": Plan(("test_identity_reader.py",), bench=("bench.identity_reader",)),
    "card_pcsc": Plan(("test_card_reader.py",), bench=("bench.card_reader", "--hostile")),
    "scanner_hid": Plan(("test_scanner_hid.py",), bench=("bench.gun_and_pad",), lines="gun"),
    "scanner_serial": Plan(("test_scanner.py",), bench=("bench.gun_and_pad",), lines="gun"),
    "keypad_serial": Plan(
        ("test_keypad.py",), bench=("bench.small_devices",), lines="keypad_serial"
    ),
    "rating_gpio": Plan(
        ("test_lamps_and_rating.py",), bench=("bench.gun_and_pad",), lines="rating"
    ),
    "lamps_gpio": Plan(
        ("test_lamps_and_rating.py",), bench=("bench.small_devices",), lines="lamps_gpio"
    ),
    "lamps_tower_usb": Plan(
        ("test_tower.py",), bench=("bench.small_devices",), lines="lamps_tower_usb"
    ),
    "camera_files": Plan(("test_document_camera.py",), bench=("bench.camera",)),
    "camera_v4l2": Plan(("test_camera_v4l2.py",)),
    "camera_picamera2": Plan(("test_camera_picamera2.py",)),
    "display_oled": Plan(("test_display.py",), bench=("bench.oled",)),
    "voice_clips": Plan(
        ("test_voice_clips.py",), bench=("bench.small_devices",), lines="voice_clips"
    ),
    "voice_command": Plan(("test_voice.py",)),
    "printer_escpos": Plan(("test_printer.py",), bench=("bench.printers",), lines="slip"),
    "printer_cups": Plan(("test_printer_cups.py",), bench=("bench.printers",), lines="sheet"),
}


@dataclass
class Row:
    """What was seen of one driver."""

    driver: str
    facts: list[str]
    passed: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)
    faults: int = 0
    measured: list[str] = field(default_factory=list)
    within: bool = True

    @property
    def good(self) -> bool:
        return self.within and self.passed > 0 and not self.failed


def facts_of(driver: str) -> list[str]:
    """The names of the facts that a device of this driver's role tells."""
    role = load(driver).role
    return [name for name in FACTS if name.partition(".")[0] == role]


def run_suite(row: Row, plan: Plan, folder: Path) -> None:
    """The driver's contract suite; pytest's own record says how it went."""
    record = folder / f"{row.driver}.xml"
    files = [f"tests/contract/{name}" for name in plan.suites]
    files = [name for name in files if (ROOT / name).exists()]
    narrow = ["-k", plan.only] if plan.only and len(files) == 1 else []
    command = [sys.executable, "-m", "pytest", "-q", *files, *narrow, f"--junitxml={record}"]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SUITE_S, check=False)
    if not record.exists():
        row.failed.append("the suite did not run")
        return
    for case in ElementTree.parse(record).iter("testcase"):
        name = case.get("name", "?")
        if case.find("failure") is not None or case.find("error") is not None:
            row.failed.append(name)
        elif case.find("skipped") is not None:
            row.skipped += 1
        else:
            row.passed += 1
            row.faults += _is_of_a_fault(name)


def _is_of_a_fault(name: str) -> bool:
    """Whether a test strikes the twin with something that goes wrong."""
    words = (
        *("fault", "hostile", "unplug", "pulled", "lost", "loss", "torn", "gone", "hang"),
        *("garbled", "stuck", "dead", "frozen", "fails", "away"),
    )
    return any(word in name for word in words)


def run_bench(
    plan: Plan, taken: dict[tuple[str, ...], tuple[bool, list[str]]]
) -> tuple[bool, list[str]]:
    """The lines of the driver's measurement, and whether it kept its limits. Each runs once."""
    if not plan.bench:
        return True, []
    if plan.bench not in taken:
        done = subprocess.run(
            [sys.executable, "-m", *plan.bench],
            cwd=ROOT, capture_output=True, text=True, timeout=BENCH_S, check=False,
        )  # fmt: skip
        lines = (done.stdout or done.stderr).strip().splitlines()
        taken[plan.bench] = done.returncode == 0, lines
    within, lines = taken[plan.bench]
    return within, [line for line in lines if line.startswith(plan.lines)]


def show(rows: Sequence[Row], console: Console) -> None:
    table = Table(title="devices", show_lines=True)
    for heading in ("driver", "facts", "suite", "faults passed", "floor and measured"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        suite = f"{row.passed} passed, {len(row.failed)} failed, {row.skipped} without hardware"
        table.add_row(
            row.driver,
            "\n".join(row.facts) or "–",
            "\n".join([suite, *row.failed[:3]]),
            str(row.faults),
            "\n".join(row.measured) or "–",
            style="green" if row.good else "bold red",
        )
    console.print(table)


def main(argv: list[str] | None = None) -> int:
    """Try the drivers and print their table; 1 when one is bad."""
    parser = argparse.ArgumentParser(
        description="Try every driver against its twin, measure it, and show a table.",
        epilog="example: python -m bench.devices id_serial rating_gpio",
    )
    parser.add_argument("driver", nargs="*", help="only these; default: all")
    chosen = parser.parse_args(argv).driver or sorted(DRIVERS)
    if unknown := sorted(set(chosen) - DRIVERS.keys()):
        parser.error(f"no such driver: {', '.join(unknown)}; one of {', '.join(sorted(DRIVERS))}")
    console, rows = Console(width=140 if not sys.stdout.isatty() else None), []
    taken: dict[tuple[str, ...], tuple[bool, list[str]]] = {}
    with tempfile.TemporaryDirectory(prefix="ow-devices-") as folder:
        for number, driver in enumerate(chosen, start=1):
            print(f"{number} of {len(chosen)}: {driver}", file=sys.stderr, flush=True)
            row = Row(driver, facts_of(driver))
            if plan := PLANS.get(driver):
                run_suite(row, plan, Path(folder))
                row.within, row.measured = run_bench(plan, taken)
            rows.append(row)
    show(rows, console)
    bad = [row.driver for row in rows if not row.good]
    print(
        f"devices: {len(rows)} drivers, {len(rows) - len(bad)} good"
        + (f", bad: {', '.join(bad)}" if bad else "")
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
