"""How soon the window answers a person, with and without a line to the centre.

    python -m bench.answers [--acts 60]

Opens a hall of one window and does things at its devices: a card laid, a code scanned, a key
pressed. Then kills the broker and does the same again. The terminal itself counts from the
observation to the answer at the lamps, behind the fact's fsync; its figures are at `/metrics`.
Exit code 1 when an answer took more than 50 ms.
"""

import argparse
import re
import sys
import tempfile
import tomllib
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from sim.errors import SimError
from sim.pace import Pace
from sim.people import citizens
from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder, terminal_name
from sim.stage import Stage
from sim.window import Window

LIMIT_MS = 50.0
_SEEN_S = 5.0
_SAMPLE = re.compile(r'^onewindow_answer_seconds_bucket\{le="([^"]+)"\} ([0-9.]+)$', re.MULTILINE)


class Unmeasurable(Exception):
    """The terminal does not answer."""


def counts(metrics: str) -> dict[float, int]:
    """Upper bound in milliseconds → how many answers took at most so long."""
    return {float(le) * 1000: int(float(n)) for le, n in _SAMPLE.findall(metrics)}


def since(before: Mapping[float, int], after: Mapping[float, int]) -> dict[float, int]:
    """The answers between two looks."""
    return {bound: after[bound] - before.get(bound, 0) for bound in after}


def bound_ms(seen: Mapping[float, int], share: float) -> float:
    """The bound that at least `share` of the answers do not exceed."""
    total = max(seen.values())
    return min(bound for bound, count in seen.items() if count >= share * total)


def act(window: Window, number: int) -> None:
    """Something at one of three devices, until the window has answered. Unmeasurable without."""
    mark, wires = window.mark(), window.wires
    if number % 3 == 0:
        window.identity.lay(next(citizens(number)))
        lamp = wires.green
    elif number % 3 == 1:
        window.kernel.scan(f"6901234{number:06d}")
        lamp = wires.yellow
    else:
        window.press(number % 5 + 1, lambda: None)
        lamp = wires.red
    # There and back: from the level it had, to the other, and to the first again.
    answered = window.gpio.wait(lambda: len(window.gpio.course(lamp, mark)) > 2, _SEEN_S)
    window.identity.lift()
    if not answered:
        raise Unmeasurable(f"act {number} was not answered")


def read(page: str) -> dict[float, int]:
    with urllib.request.urlopen(f"{page}/metrics", timeout=_SEEN_S) as answer:
        return counts(answer.read().decode())


def measure(folder: Path, acts: int) -> list[dict[float, int]]:
    """The answers with the line, and those without."""
    run = Run(
        make_identities(folder / "dev"),
        new_folder(folder / "run", "answers", datetime.now(UTC)),
        Ports(*free_ports(3)),
    )
    stage = Stage(run, 1, Pace(), lambda: datetime.now(UTC), lambda text: None)
    terminal = terminal_name(1)
    try:
        stage.up()
        port = tomllib.loads(run.terminal_toml(terminal).read_text())["page"]["port"]
        page, window = f"http://127.0.0.1:{port}", stage.windows[terminal]
        looks = [read(page)]
        for _ in ("with the line", "without"):
            for number in range(acts):
                act(window, number)
            looks.append(read(page))
            stage.broker.kill()
        return [since(*pair) for pair in pairwise(looks)]
    finally:
        stage.down()


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when an answer was late or nothing could be measured."""
    parser = argparse.ArgumentParser(
        description="Measure how soon the window answers a person.",
        epilog="example: python -m bench.answers --acts 60",
    )
    parser.add_argument("--acts", type=int, default=60, help="with the line, and without (60)")
    arguments = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="ow-answers-") as folder:
            seen = measure(Path(folder), arguments.acts)
    except (Unmeasurable, SimError, OSError) as error:
        print(f"answers: {error}", file=sys.stderr)
        return 1
    late = 0
    for where, answers in zip(("with the line", "without it"), seen, strict=True):
        total = max(answers.values())
        beyond = total - answers[LIMIT_MS]
        late += beyond
        print(
            f"answers: {total} {where}, p95 within {bound_ms(answers, 0.95):g} ms, "
            f"later than {LIMIT_MS:.0f} ms: {beyond}"
        )
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
