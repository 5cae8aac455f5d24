"""How long a whole picture on the OLED takes, beside what its bus alone takes.

    python bench/oled.py

The driver shows pictures on the twin's I2C bus, which runs at 400 kHz: each transfer is answered
when its last clock is over, as an adapter does. The floor is counted, not assumed: all clocks of
what was really sent, with address and acknowledge bits, at 400 kHz. What the picture takes above
that is the driver's own work (drawing, packing) and the system calls. Exit code 1 above the limit.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

from drivers.registry import load
from hal.clock import SystemClock
from hal.interfaces import Display, Screen
from sim.twins.display import FAST_HZ, DisplayTwin
from sim.twins.testbed import I2C_BUS, KernelTwin

LIMIT = 1.2
FRAMES = 40
WHOLE = (
    Screen("█网络", ("█请到其他", "█联系技术员"), "12", "http://192.168.1.23:8088/"),
    Screen("", ()),
)
"""They differ in every page, from the first column to the last."""
NUMBERS = (
    Screen("A012", ("请到3号窗口", "办理业务"), "3"),
    Screen("A013", ("请到3号窗口", "办理业务"), "3"),
)
_PARTS = (WHOLE, NUMBERS)
_WAIT_S = 10.0
_MS_PER_S = 1000
_ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    kernel = KernelTwin()
    kernel.start()
    try:
        DisplayTwin(kernel).mend()
        (frame_s, floor_s), (number_s, number_floor_s) = list(_measured(kernel))
    finally:
        kernel.stop()
    ratio = frame_s / floor_s
    print(
        f"oled: frame {frame_s * _MS_PER_S:.1f} ms, I2C floor {floor_s * _MS_PER_S:.1f} ms, "
        f"ratio {ratio:.2f} (limit {LIMIT})"
    )
    print(
        f"oled: next number {number_s * _MS_PER_S:.1f} ms, "
        f"I2C floor {number_floor_s * _MS_PER_S:.1f} ms"
    )
    return 0 if ratio <= LIMIT else 1


def _measured(kernel: KernelTwin) -> Iterator[tuple[float, float]]:
    """Seconds for one `show` and for its clocks, of each part."""
    variables, prefix = kernel.environment()
    child = subprocess.Popen(
        [*prefix, sys.executable, __file__, "--show"],
        env={**os.environ, **variables, "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    orders, answers = cast(IO[str], child.stdin), cast(IO[str], child.stdout)
    try:
        for number in range(len(_PARTS)):
            _told(orders, answers, {"part": number, "frames": 1})
            before = kernel.bus_clocks()
            took = _told(orders, answers, {"part": number, "frames": FRAMES})
            yield median(took), (kernel.bus_clocks() - before) / FRAMES / FAST_HZ
    finally:
        orders.close()
        child.wait(_WAIT_S)
        answers.close()


def _told(orders: IO[str], answers: IO[str], order: dict[str, int]) -> list[float]:
    """What the driver's program says when it has shown them."""
    orders.write(json.dumps(order) + "\n")
    orders.flush()
    took: list[float] = json.loads(answers.readline())
    return took


def _show() -> None:
    """The driver's program: shows what it is told to, each picture unlike the one before."""
    spec = load("display_oled")
    device: Any = spec.build(spec.configure({"bus": I2C_BUS}), SystemClock())
    display: Display = device
    display.open()
    shown = 0
    for line in sys.stdin:
        order = json.loads(line)
        took = []
        for _ in range(order["frames"]):
            screen = _PARTS[order["part"]][shown % 2]
            shown += 1
            began_s = time.perf_counter()
            display.show(screen)
            took.append(time.perf_counter() - began_s)
        print(json.dumps(took), flush=True)
    display.close()


if __name__ == "__main__":
    if "--show" in sys.argv:
        _show()
    else:
        sys.exit(main())
