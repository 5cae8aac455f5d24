"""How soon lamps, tower lamp, calling keypad and voice do what they are told, beside their floor.

    python -m bench.small_devices [--times 40]

Each driver with its twin, in this process: from the order to what a person sees or hears, or from
the key to the observation. The floor of a serial line is its bytes at 9600 baud, 8N1; a pty takes
what a driver sends at once, so the tower lamp's figure is the driver's own work, without the floor.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bench.gun_and_pad import running
from bench.live_page import percentile
from hal.interfaces import KeyDown, Observation
from sim.errors import SimError
from sim.twins.gpio import GpioTwin
from sim.twins.keypad import KEYS, KeypadTwin
from sim.twins.player import PlayerTwin
from sim.twins.tower import TowerTwin

BAUD, BITS_PER_BYTE = 9600, 10
CALL_FRAME_BYTES = 10
RED = 17
_TURNS = ("call_next", "recall", "finish")
_WAIT_S = 10.0
_MS_PER_S = 1000.0


class Unmeasurable(Exception):
    """A twin saw nothing."""


def floor_ms(size_bytes: int) -> float:
    """What the line itself takes."""
    return size_bytes * BITS_PER_BYTE / BAUD * _MS_PER_S


def took_ms(begin: Callable[[], object], seen: Callable[[], bool]) -> float:
    """From before `begin` until `seen`, which blocks at most _WAIT_S."""
    begun_s = time.monotonic()
    begin()
    if not seen():
        raise Unmeasurable("a twin saw nothing of it")
    return (time.monotonic() - begun_s) * _MS_PER_S


def lamps(folder: Path, times: int) -> list[float]:
    twin = GpioTwin(folder / "gpio.sock", [])
    twin.open()
    pins: dict[str, object] = {"red": RED, "yellow": RED + 1, "green": RED + 2}
    table = {**pins, "factory": f"socket:{twin.path}"}
    try:
        with running("lamps_gpio", table, _nothing) as device:
            return [_switch(device, twin, number % 2 == 0) for number in range(times)]
    finally:
        twin.close()


def _switch(device: Any, twin: GpioTwin, on: bool) -> float:
    seen = (lambda: twin.lit(RED)) if on else (lambda: twin.off(RED))
    return took_ms(lambda: device.set("red", on), lambda: twin.wait(seen, _WAIT_S))


def tower(folder: Path, times: int) -> list[float]:
    twin = TowerTwin(folder / "tower")
    twin.plug()
    try:
        with running("lamps_tower_usb", {"port": str(folder / "tower")}, _nothing) as device:
            return [_turn(device, twin, number % 2 == 0) for number in range(times)]
    finally:
        twin.unplug()


def _turn(device: Any, twin: TowerTwin, on: bool) -> float:
    wanted = "on" if on else "off"
    return took_ms(
        lambda: device.set("red", on),
        lambda: twin.wait(lambda: twin.states.get("red") == wanted, _WAIT_S),
    )


def keypad(folder: Path, times: int) -> list[float]:
    twin = KeypadTwin(folder / "keypad")
    twin.plug()
    told: SimpleQueue[float] = SimpleQueue()

    def hear(seen: Observation) -> None:
        if isinstance(seen, KeyDown):
            told.put(time.monotonic())

    # One key twice in a moment would be taken for its being sent again.
    keys = [name for name in KEYS if name in _TURNS]
    try:
        with running("keypad_serial", {"port": str(folder / "keypad")}, hear):
            return [_press(twin, keys[number % len(keys)], told) for number in range(times)]
    finally:
        twin.unplug()


def _press(twin: KeypadTwin, key: str, told: "SimpleQueue[float]") -> float:
    begun_s = time.monotonic()
    twin.press(key)
    return (told.get(timeout=_WAIT_S) - begun_s) * _MS_PER_S


def voice(folder: Path, times: int) -> list[float]:
    twin = PlayerTwin(folder, pace=0.0)
    twin.open()
    table: dict[str, object] = {
        "packs": ["mandarin"],
        "player": [str(twin.program), "-q", "-"],
        "card": str(twin.card),
    }
    try:
        with running("voice_clips", table, _nothing) as device:
            return [_say(device, twin, count) for count in range(times)]
    finally:
        twin.close()


def _say(device: Any, twin: PlayerTwin, before: int) -> float:
    return took_ms(
        lambda: device.say("请A012号到3号窗口办理业务"),
        lambda: twin.wait(lambda: len(twin.heard) > before, _WAIT_S),
    )


def _nothing(seen: Observation) -> None:
    """These say nothing by themselves."""


MEASURED: dict[str, tuple[Callable[[Path, int], list[float]], str, float]] = {
    "lamps_gpio": (lamps, "order to lamp", 0.0),
    "lamps_tower_usb": (tower, "order to light", floor_ms(1)),
    "keypad_serial": (keypad, "key to observation", floor_ms(CALL_FRAME_BYTES)),
    "voice_clips": (voice, "text to the player's end, no time of sound", 0.0),
}


def line(driver: str, what: str, floor: float, seen: Sequence[float]) -> str:
    said = f"floor {floor:.1f} ms" if floor else "no floor"
    return f"{driver}: {what} p95 {percentile(seen, 0.95):.1f} ms, {said}"


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when something did not work."""
    parser = argparse.ArgumentParser(
        description="Measure lamps, tower lamp, keypad and voice.",
        epilog="example: python -m bench.small_devices --times 40",
    )
    parser.add_argument("--times", type=int, default=40, help="of each (default 40)")
    times = parser.parse_args(argv).times
    try:
        for driver, (measure, what, floor) in MEASURED.items():
            with tempfile.TemporaryDirectory(prefix="ow-small-") as folder:
                print(line(driver, what, floor, measure(Path(folder), times)), flush=True)
    except (Unmeasurable, SimError) as error:
        print(f"small devices: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
