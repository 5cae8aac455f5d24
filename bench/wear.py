"""What the terminal's disk must bear: fsyncs and bytes of a fact, a case (办件) and a page.

    python bench/wear.py

Runs a program that keeps facts and pages as the terminal does (tests/faults/powercut/
wear_writer.py), with strace counting what it gives to the disk, and prints a line; and another
about an outbox in which 10,000 facts wait. Folding SQLite's log and deleting what has its receipt
are counted with the facts.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WRITER = Path(__file__).parents[1] / "tests" / "faults" / "powercut" / "wear_writer.py"
_KIB = 1024
_TRACED = (
    "write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,sync_file_range,ftruncate,fallocate"
)
_CALL = re.compile(r"\d+ +(\w+)\(\d+<([^>]*)>.* = (\d+)$")
_MARK = re.compile(r'\d+ +write\(1<[^>]*>, "MARK (\w+)')
_KEPT = re.compile(r"KEPT (\d+) facts, (\d+) cases, (\d+) pages of (\d+) bytes")


@dataclass
class Load:
    """What was given to the disk."""

    fsyncs: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Wear:
    """Averages; `page_share` is bytes written by bytes sealed."""

    fact_fsyncs: float
    fact_bytes: float
    case_fsyncs: float
    case_bytes: float
    page_share: float
    page_fsyncs: float

    def __str__(self) -> str:
        return (
            f"wear: fact fsyncs {self.fact_fsyncs:.2f}, bytes {self.fact_bytes / _KIB:.1f} KiB; "
            f"case fsyncs {self.case_fsyncs:.1f}, bytes {self.case_bytes / _KIB:.0f} KiB; "
            f"page {self.page_share:.4f} x sealed, fsyncs {self.page_fsyncs:g}"
        )


def measure(folder: Path) -> Wear:
    """Run the writer on `folder` with strace beside it."""
    state, log = Path(os.path.realpath(folder)) / "state", folder / "strace.log"
    state.mkdir()
    tracer = ["strace", "-f", "-qq", "-y", "-s64", "--seccomp-bpf", f"-etrace={_TRACED}"]
    ended = subprocess.run(
        [*tracer, "-o", str(log), sys.executable, str(WRITER), str(state)],
        check=True,
        capture_output=True,
        text=True,
    )
    kept = _KEPT.search(ended.stdout)
    assert kept is not None
    facts, cases, pages, sealed_bytes = (int(number) for number in kept.groups())
    with log.open(encoding="utf-8", errors="replace") as lines:
        loads = counted(lines, str(state))
    return Wear(
        loads["facts"].fsyncs / facts,
        loads["facts"].bytes / facts,
        loads["cases"].fsyncs / cases,
        loads["cases"].bytes / cases,
        loads["pages"].bytes / sealed_bytes,
        loads["pages"].fsyncs / pages,
    )


def counted(lines: Iterable[str], folder: str) -> dict[str, Load]:
    """The load of each part, from strace's lines of one thread. Shared memory is no disk."""
    part, loads = "begin", dict[str, Load]()
    for line in lines:
        if mark := _MARK.match(line):
            part = mark[1]
        load = loads.setdefault(part, Load())
        call = _CALL.match(line)
        if call is None or not call[2].startswith(folder) or call[2].endswith("-shm"):
            continue
        if "sync" in call[1]:
            load.fsyncs += 1
        elif "write" in call[1]:
            load.bytes += int(call[3])
    return loads


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        print(measure(Path(folder)), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, str(WRITER), folder, "--outage"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
