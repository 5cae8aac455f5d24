"""How much of the machine an idle terminal takes: memory, processor, time until it is ready.

    python -m bench.footprint [--idle 20] [--watch 30]

Starts a hall of one window with the simulator's devices and nobody at it, then the terminal once
more, and reads its main process in /proc. Exit code 1 when a limit is exceeded.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

RSS_LIMIT_MIB, CPU_LIMIT_PERCENT, READY_LIMIT_S = 60.0, 2.0, 2.0
END_S = 30.0
_MIB = 1024.0


class Unmeasurable(Exception):
    """The terminal is not there."""


@dataclass(frozen=True)
class Footprint:
    """What was seen of the main process. `cpu_percent` is of one core."""

    rss_mib: float
    cpu_percent: float
    watched_s: float
    ready_s: float
    opencv: bool

    @property
    def good(self) -> bool:
        within = self.rss_mib <= RSS_LIMIT_MIB and self.cpu_percent <= CPU_LIMIT_PERCENT
        return within and self.ready_s <= READY_LIMIT_S and not self.opencv


def main_process(config: Path) -> int:
    """The process that runs `ow-terminal run --config config` itself, not what led to it."""
    wanted = [b"run", b"--config", str(config).encode()]
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (
                (folder / "cmdline").read_bytes().split(b"\0")[:-1] if folder.name.isdigit() else []
            )
        except OSError:
            continue
        if words[-3:] == wanted and b"python" in Path(words[0].decode()).name.encode():
            found.append(int(folder.name))
    if not found:
        raise Unmeasurable(f"no terminal runs on {config}")
    return min(found)


def rss_mib(pid: int) -> float:
    """Resident memory (VmRSS of proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _MIB
    raise Unmeasurable(f"process {pid} has ended")


def cpu_s(pid: int) -> float:
    """Processor time used so far, in user mode and in the kernel (proc(5), `stat`)."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def has_opencv(pid: int) -> bool:
    """Whether a library of OpenCV is mapped into the process."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return "cv2" in maps or "libopencv" in maps


@contextmanager
def hall(folder: Path) -> Iterator[dict[str, Any]]:
    """A hall of one window at rest: its terminal's `config`, and after how long it was `ready_s`.

    Unmeasurable with its last words if it does not open.
    """
    command = [sys.executable, "-m", "sim.idle", "--dir", str(folder)]
    with (folder / "hall.log").open("w+") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            opened = child.stdout.readline()
            if not opened:
                raise Unmeasurable(f"the hall did not open: {_last_words(log)}")
            yield dict(json.loads(opened))
        finally:
            child.stdin.close()
            child.wait(END_S)


def _last_words(log: TextIO) -> str:
    log.seek(0)
    return (log.read().strip().splitlines() or ["it said nothing"])[-1]


def measure(opened: Mapping[str, Any], idle_s: float, watch_s: float) -> Footprint:
    """Look at the terminal while nobody comes."""
    pid = main_process(Path(opened["config"]))
    wait = threading.Event().wait
    wait(idle_s)
    before, moment = cpu_s(pid), time.monotonic()
    wait(watch_s)
    used = (cpu_s(pid) - before) / (time.monotonic() - moment)
    return Footprint(rss_mib(pid), 100 * used, watch_s, opened["ready_s"], has_opencv(pid))


def line(seen: Footprint) -> str:
    """The line that is compared with the limits."""
    return (
        f"footprint: main process RSS {seen.rss_mib:.1f} MiB (limit {RSS_LIMIT_MIB:.0f}), "
        f"cpu {seen.cpu_percent:.2f} % of a core over {seen.watched_s:.0f} s "
        f"(limit {CPU_LIMIT_PERCENT:.0f}), "
        f"ready after {seen.ready_s:.2f} s (limit {READY_LIMIT_S:.0f}), "
        f"OpenCV in main process: {'yes' if seen.opencv else 'no'}"
    )


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a limit is exceeded or nothing could be measured."""
    parser = argparse.ArgumentParser(
        description="Measure what an idle terminal takes of the machine.",
        epilog="example: python -m bench.footprint --idle 20 --watch 30",
    )
    parser.add_argument("--idle", type=float, default=20, help="seconds before (default 20)")
    parser.add_argument("--watch", type=float, default=30, help="seconds watched (default 30)")
    arguments = parser.parse_args(argv)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ow-footprint-") as folder,
            hall(Path(folder)) as opened,
        ):
            seen = measure(opened, arguments.idle, arguments.watch)
    except (Unmeasurable, OSError) as error:
        print(f"footprint: {error}", file=sys.stderr)
        return 1
    print(line(seen))
    return 0 if seen.good else 1


if __name__ == "__main__":
    sys.exit(main())
