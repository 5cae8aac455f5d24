"""`ow-sim twin …`: one twin by itself, told what to do by lines on stdin."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from sim.card import Card
from sim.errors import SimError, UsageFault
from sim.twins.gpio import FAULTS as GPIO_FAULTS
from sim.twins.gpio import GpioTwin
from sim.twins.gun import FAULTS as GUN_FAULTS
from sim.twins.gun import GunTwin
from sim.twins.identity import IdentityTwin
from sim.twins.keypad import FAULTS as KEYPAD_FAULTS
from sim.twins.keypad import KEYS, KeypadTwin
from sim.twins.tower import FAULTS as TOWER_FAULTS
from sim.twins.tower import TowerTwin

_SCORES = ("0", "1", "2", "3")
ReadCard = Callable[[Path], Card]


def say(text: str) -> None:
    """One line on stdout, at once: other programs read it."""
    print(text, flush=True)


def complain(text: str) -> None:
    print(f"ow-sim: {text}", file=sys.stderr, flush=True)


def identity(link: Path, first: Card | None, read: ReadCard, lines: Iterable[str]) -> int:
    """A resident-ID reader.

    Lines: `lay FILE`, `lay` (the first card), `lift`, `unplug`, `plug`, `fault NAME`, `mend`.
    """
    twin = IdentityTwin(link, say=say)
    twin.plug()
    try:
        if first is not None:
            twin.lay(first)
        say(f"ready at {link}")
        for line in lines:
            verb, _, rest = line.strip().partition(" ")
            try:
                _tell_reader(twin, verb, rest, first, read)
            except SimError as fault:
                complain(str(fault))
    finally:
        twin.unplug()
    return 0


def _tell_reader(
    twin: IdentityTwin, verb: str, rest: str, first: Card | None, read: ReadCard
) -> None:
    card = read(Path(rest)) if rest and verb == "lay" else first
    match verb:
        case "lay" if card is not None:
            twin.lay(card, lambda: say("the card's data is out"))
        case "lift":
            twin.lift()
        case "unplug":
            twin.unplug()
        case "plug":
            twin.plug()
        case "fault":
            twin.fault(rest)
        case "mend":
            twin.mend()
        case "":
            return
        case _:
            raise UsageFault("say `lay FILE`, `lift`, `unplug`, `plug`, `fault NAME` or `mend`.")
    say(f"done: {verb}")


class _Spoilt(Protocol):
    """A twin that can go wrong by name; ValueError for a name it does not have."""

    def fault(self, name: str) -> None: ...

    def mend(self) -> None: ...


def _spoil(twin: _Spoilt, names: Sequence[str], line: str) -> bool:
    """Whether `line` is `fault NAME` or `mend`, which has then been done or complained of."""
    match line.split():
        case ["mend"]:
            twin.mend()
        case ["fault", name] if name in names:
            twin.fault(name)
        case ["fault", *_]:
            complain(f"say `fault NAME` with one of {', '.join(names)}.")
            return True
        case _:
            return False
    say(f"done: {line.strip()}")
    return True


def gun(link: Path, baud: int, suffix: str, lines: Iterable[str]) -> int:
    """A barcode gun. Lines: `fault NAME`, `mend`, `plug`; each other one is a code to scan."""
    twin = GunTwin(link, baud=baud, suffix=suffix)
    twin.plug()
    try:
        say(f"ready at {link}")
        for line in lines:
            code = line.rstrip("\r\n")
            if code == "plug":
                twin.plug()
            elif code and not _spoil(twin, GUN_FAULTS, code):
                twin.scan(code, lambda: say("scanned"))
    finally:
        twin.unplug()
    return 0


def rating(path: Path, buttons: list[int], names: dict[int, str], lines: Iterable[str]) -> int:
    """A rating pad and lights. Lines: `press LEVEL`, `fault NAME`, `mend`.

    `names`: how to call each lamp's pin.
    """
    twin = GpioTwin(path, buttons, lambda pin, word: say(f"{names.get(pin, pin)} {word}"))
    twin.open()
    levels = {str(number): pin for number, pin in enumerate(buttons, start=1)}
    try:
        say(f"ready at {path}")
        for line in lines:
            if _spoil(twin, GPIO_FAULTS, line):
                continue
            match line.split():
                case ["press", level] if level in levels:
                    twin.press(levels[level])
                case []:
                    continue
                case _:
                    complain(
                        f"say `press LEVEL`, with a level from 1 to {len(buttons)}, "
                        "`fault NAME` or `mend`."
                    )
    finally:
        twin.close()
    return 0


def keypad(link: Path, address: int, lines: Iterable[str]) -> int:
    """A calling keypad. Says what it shows, and each beep.

    Lines: `press KEY`, `digits NUMBER`, `rate 0` to `rate 3`, `fault NAME`, `mend`, `plug`.
    """
    twin = KeypadTwin(link, address, say=say)
    twin.plug()
    try:
        say(f"ready at {link}")
        for line in lines:
            if not _spoil(twin, KEYPAD_FAULTS, line):
                _press(twin, line.split())
    finally:
        twin.unplug()
    return 0


def _press(twin: KeypadTwin, words: list[str]) -> None:
    match words:
        case ["press", key] if key in KEYS:
            echoed = twin.press(key)
        case ["digits", number] if number.isascii() and number.isdigit():
            echoed = twin.press("", number)
        case ["rate", score] if score in _SCORES:
            echoed = twin.rate(int(score))
        case ["plug"]:
            twin.plug()
            return
        case []:
            return
        case _:
            complain(
                f"say `press KEY` with one of {', '.join(KEYS)}, `digits NUMBER`, `rate 0` to "
                "`rate 3`, `fault NAME`, `mend` or `plug`."
            )
            return
    say("echoed" if echoed else "not echoed")


def tower(link: Path, lines: Iterable[str]) -> int:
    """A USB tower lamp. Says what each light does. Lines: `fault NAME`, `mend`, `plug`."""
    twin = TowerTwin(link, say=say)
    twin.plug()
    try:
        say(f"ready at {link}")
        for line in lines:
            if line.strip() == "plug":
                twin.plug()
            elif line.strip() and not _spoil(twin, TOWER_FAULTS, line):
                complain("say `fault NAME`, `mend` or `plug`.")
    finally:
        twin.unplug()
    return 0
