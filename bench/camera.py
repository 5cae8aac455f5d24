"""What finding, squaring and judging a page costs above the OpenCV calls that it makes.

    python -m bench.camera [--frames 4] [--rounds 6]

The calls of each frame's reading are recorded with their arguments, then made again without
anything around them. Readings and bare calls of the same frames take turns in one process on one
thread. Times are the processor's, and of each frame's the smallest counts: whatever else runs on
the machine can only make them longer. Reading includes codes (zxing-cpp) and fingerprint, the bare
calls do not. Exit code 1 when the ratio is above the limit.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from sim.paper import photograph

SIZE_PX = (4608, 2592)
LIMIT = 1.25
_Calls = list[Callable[[], object]]


def best_ms(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The smallest time of each, all of them taking turns."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for number, work in enumerate(works):
            begun = time.process_time()
            work()
            best[number] = min(best[number], (time.process_time() - begun) * 1e3)
    return best


@contextmanager
def recorded(library: ModuleType) -> Iterator[_Calls]:
    """The calls of functions of `library` while this lasts, ready to be made again."""
    calls: _Calls = []

    def recording(function: Callable[..., Any]) -> Callable[..., Any]:
        def record(*values: Any, **named: Any) -> Any:
            calls.append(lambda: function(*values, **named))
            return function(*values, **named)

        return record

    real = {
        name: value
        for name, value in vars(library).items()
        if callable(value) and not isinstance(value, type) and not name.startswith("_")
    }
    try:
        for name, function in real.items():
            setattr(library, name, recording(function))
        yield calls
    finally:
        for name, function in real.items():
            setattr(library, name, function)


def measure(frames: int, rounds: int) -> tuple[float, float]:
    """Milliseconds a frame: reading it, and the bare calls that this took."""
    import cv2

    from drivers.paper.read import read

    cv2.setNumThreads(1)
    page_ms = bare_ms = 0.0
    for seed in range(frames):
        jpeg = photograph(seed, size_px=SIZE_PX).jpeg
        with recorded(cv2) as calls:
            read(jpeg)

        def bare(calls: _Calls = calls) -> None:
            for call in calls:
                call()

        page, plain = best_ms([lambda jpeg=jpeg: read(jpeg), bare], rounds)  # type: ignore[misc]
        page_ms, bare_ms = page_ms + page / frames, bare_ms + plain / frames
    return page_ms, bare_ms


def main(arguments: Sequence[str] | None = None) -> int:
    """0 within the limit, 1 above it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=6)
    given = parser.parse_args(arguments)
    page_ms, bare_ms = measure(given.frames, given.rounds)
    ratio = page_ms / bare_ms
    print(
        f"camera: {SIZE_PX[0]}x{SIZE_PX[1]} page {page_ms:.0f} ms, "
        f"bare OpenCV calls {bare_ms:.0f} ms, ratio {ratio:.2f} (limit {LIMIT})"
    )
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
