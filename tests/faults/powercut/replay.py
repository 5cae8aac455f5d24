"""Cuts the power at random moments of a recorded run and asks a witness what is left.

    events = record(command, folder)        # the writer's calls, as strace saw them
    result = replay(events, cuts=2000, seed=1, folder=scratch, witness=look)

The writer prints `KEPT n` once fact n is kept, and `RECEIPT n` before it may forget facts up to
and including n; `PAGE n` and `CONFIRM n` are the same for pages. A witness opens what survived and
says what it found; see `Witness`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from powercut.disk import Disk
from powercut.strace_log import TRACED, Event, Said, read

LONGEST_WRITE_BYTES = 1 << 20
_SAID = {"KEPT": "kept", "RECEIPT": "receipted", "PAGE": "pages", "CONFIRM": "confirmed"}


@dataclass
class Expected:
    """What the writer had said when the power went."""

    kept: int = 0
    receipted: int = 0
    pages: int = 0
    confirmed: int = 0


@dataclass
class Result:
    """The tally of all cuts. `faults` holds what was wrong, at most once per cut."""

    cuts: int = 0
    kept_cuts: int = 0
    lost: int = 0
    pages_lost: int = 0
    corrupt: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"power cuts {self.cuts}, kept facts lost {self.lost}, "
            f"kept pages lost {self.pages_lost}, corrupt {self.corrupt}"
        )


class FactsLost(Exception):
    """Facts that had been kept, and not receipted, are gone: `count` of them."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} kept facts lost")
        self.count = count


class PagesLost(Exception):
    """Pages that had been kept, and not confirmed, or that a fact names, are gone: so many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} kept pages lost")
        self.count = count


class Corrupt(Exception):
    """What is left cannot be used, or contradicts what was said before the cut."""


Witness = Callable[[Path, Expected], None]
"""Looks at a folder after a cut, and may write there. Raises FactsLost, PagesLost or Corrupt."""


def record(command: list[str], folder: Path, log: Path) -> list[Event]:
    """Run the writer under strace until it ends; its events, in order.

    `folder` must be the folder's real path, with nothing in it but empty folders.
    """
    tracer = ["strace", "-f", "-qq", "-y", "-xx", "--seccomp-bpf", f"-s{LONGEST_WRITE_BYTES}"]
    subprocess.run(
        [*tracer, f"-etrace={TRACED}", "-o", str(log), sys.executable, *command],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with log.open(encoding="ascii", errors="replace") as lines:
        return read(lines, os.fspath(folder))


def replay(
    events: list[Event],
    *,
    cuts: int,
    seed: int,
    folder: Path,
    witness: Witness,
    inner: Sequence[str] = (),
) -> Result:
    """Cut `cuts` times, each time after a random event; the same seed cuts the same way.

    `inner`: the folders that the writer found in its own.
    """
    random = Random(seed)
    moments = sorted(random.choices(range(len(events) + 1), k=cuts))
    disk, expected, result = Disk(inner), Expected(), Result()
    done = 0
    for moment in moments:
        for index in range(done, moment):
            _go_on(index, events[index], disk, expected)
        done = moment
        _lay_out(folder, inner, disk.cut(random))
        _ask(witness, folder, expected, result)
    return result


def _go_on(index: int, event: Event, disk: Disk, expected: Expected) -> None:
    if not isinstance(event, Said):
        disk.apply(index, event)
    elif event.word in _SAID:
        setattr(expected, _SAID[event.word], event.number)


def _lay_out(folder: Path, inner: Sequence[str], files: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("", *inner):
        (folder / name).mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _ask(witness: Witness, folder: Path, expected: Expected, result: Result) -> None:
    result.cuts += 1
    result.kept_cuts += expected.kept > 0
    try:
        witness(folder, expected)
    except FactsLost as error:
        result.lost += error.count
        result.faults.append(str(error))
    except PagesLost as error:
        result.pages_lost += error.count
        result.faults.append(str(error))
    except Corrupt as error:
        result.corrupt += 1
        result.faults.append(str(error))
