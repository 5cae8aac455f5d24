"""`ow-sim twin …`: one twin by itself, told what to do by lines on stdin."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from sim.card import Card
from sim.errors import SimError, UsageFault
from sim.twins.gpio import GpioTwin
from sim.twins.gun import GunTwin
from sim.twins.identity import IdentityTwin

ReadCard = Callable[[Path], Card]


def say(text: str) -> None:
    """One line on stdout, at once: other programs read it."""
    print(text, flush=True)


def complain(text: str) -> None:
    print(f"ow-sim: {text}", file=sys.stderr, flush=True)


def identity(link: Path, first: Card | None, read: ReadCard, lines: Iterable[str]) -> int:
    """A resident-ID reader. Lines: `lay FILE`, `lay` (the first card), `lift`, `unplug`, `plug`."""
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
    card = read(Path(rest)) if rest else first
    match verb:
        case "lay" if card is not None:
            twin.lay(card, lambda: say("the card's data is out"))
        case "lift":
            twin.lift()
        case "unplug":
            twin.unplug()
        case "plug":
            twin.plug()
        case "":
            return
        case _:
            raise UsageFault("say `lay FILE`, `lift`, `unplug` or `plug`.")
    say(f"done: {verb}")


def gun(link: Path, baud: int, suffix: str, lines: Iterable[str]) -> int:
    """A barcode gun. Each line is a code to scan."""
    twin = GunTwin(link, baud=baud, suffix=suffix)
    twin.plug()
    try:
        say(f"ready at {link}")
        for line in lines:
            code = line.rstrip("\r\n")
            if code:
                twin.scan(code, lambda: say("scanned"))
    finally:
        twin.unplug()
    return 0


def rating(path: Path, buttons: list[int], names: dict[int, str], lines: Iterable[str]) -> int:
    """A rating pad and lights. Lines: `press LEVEL`. `names`: how to call each lamp's pin."""
    twin = GpioTwin(path, buttons, lambda pin, word: say(f"{names.get(pin, pin)} {word}"))
    twin.open()
    levels = {str(number): pin for number, pin in enumerate(buttons, start=1)}
    try:
        say(f"ready at {path}")
        for line in lines:
            match line.split():
                case ["press", level] if level in levels:
                    twin.press(levels[level])
                case []:
                    continue
                case _:
                    complain(f"say `press LEVEL`, with a level from 1 to {len(buttons)}.")
    finally:
        twin.close()
    return 0
