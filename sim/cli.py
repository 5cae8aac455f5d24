"""`ow-sim`: the simulator's commands."""

import argparse
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from sim import alone, control, named_faults
from sim.card import EXAMPLE, Card, read_card, write_card
from sim.centre import centre
from sim.demo import Options, demo
from sim.errors import CardFault, SimError, Stopped, UsageFault
from sim.faults import runner
from sim.hall import hall
from sim.kill import TARGETS
from sim.offline_day import Options as DayOptions
from sim.offline_day import offline_day
from sim.settings import Ports

_EPILOG = """\
examples:
  ow-sim hall
      A hall to watch: broker, centre, three windows, citizens. Prints the address of a page.
  ow-sim demo --visits 12 --seed 1 --kill terminal
      A finite hall, judged. The terminal is killed while an ID frame is half sent.
  ow-sim faults --runs 200 --seed 1
      Terminals killed, stopped, cut off, unplugged while people go on. A bad run names its seed.
  ow-sim fault pzh01-w03 identity garble
      Something goes wrong at a window of the hall that runs; `ow-sim fault --list` names it all.
  ow-sim centre --dir var/dev --mqtt 8883 --http 8080 --media 8443
      Broker and centre for terminals and clients of your own; prints `ready`.
  ow-sim twin identity --example > card.json
  ow-sim twin identity --pty /tmp/reader --card card.json
      A resident-ID reader at /tmp/reader with a card on it; then type `lift`, `lay card.json`.
  ow-sim twin gun --pty /tmp/gun
      A barcode gun at /tmp/gun; each line typed is a code scanned.
  ow-sim twin rating --socket /tmp/pad.sock --red 17 --yellow 27 --green 22
      Rating keys and lamps for factory = "socket:/tmp/pad.sock"; type `press 5`.
  ow-sim twin keypad --pty /tmp/keypad
      A calling keypad; type `press call_next`, `digits 12`, `rate 3`, `fault garble`.
  ow-sim twin tower --pty /tmp/tower
      A USB tower lamp; it says what its lights do.

exit codes: 0 good, 1 bad result, 2 usage, 3 configuration, 4 essential device missing,
            5 port, key or certificate, 130 Ctrl-C
"""


def _pins(text: str) -> list[int]:
    return [int(pin) for pin in text.split(",")]


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {number}")
    return number


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.1 <= speed <= 100:
        raise argparse.ArgumentTypeError(f"0.1 to 100, not {text}")
    return speed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ow-sim",
        description="Play the hall: devices, people, and the programs they meet.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_hall(commands.add_parser("hall", help="a hall to watch, until Ctrl-C"))
    _add_demo(commands.add_parser("demo", help="a finite hall, judged"))
    _add_faults(commands.add_parser("faults", help="terminals that are hit by faults, judged"))
    _add_fault(commands.add_parser("fault", help="let a device of a running hall go wrong"))
    _add_offline_day(
        commands.add_parser("offline-day", help="a terminal that works a day alone, judged")
    )
    _add_centre(commands.add_parser("centre", help="broker and centre alone"))
    twin = commands.add_parser("twin", help="one device alone, commanded by lines on stdin")
    _add_twins(twin)
    return parser


def _add_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir", type=Path, default=Path("var/dev"), help="development identities (var/dev)"
    )


def _add_windows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--windows", type=_at_least_one, default=3, help="how many (3)")


def _add_hall(parser: argparse.ArgumentParser) -> None:
    _add_dir(parser)
    _add_windows(parser)
    parser.add_argument("--speed", type=_speed, default=1.0, help="2 is twice as fast (1)")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    _add_dir(parser)
    parser.add_argument("--visits", type=_at_least_one, default=12, help="default 12")
    _add_windows(parser)
    parser.add_argument("--seed", type=int, default=1, help="who comes, and what for (1)")
    parser.add_argument("--kill", choices=TARGETS, help="kill it once, in the middle of an act")
    parser.add_argument(
        "--capture", type=Path, metavar="FILE", help="keep what an observer sees on the line"
    )
    parser.add_argument("--keep", action="store_true", help="keep the run's folder")


def _add_faults(parser: argparse.ArgumentParser) -> None:
    _add_dir(parser)
    parser.add_argument("--runs", type=_at_least_one, default=200, help="default 200")
    parser.add_argument("--seed", type=int, default=1, help="what strikes when (1)")
    parser.add_argument("--lanes", type=_at_least_one, default=6, help="how many at a time (6)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one run, by its own seed")
    parser.add_argument("--keep", action="store_true", help="keep the runs' folder")


def _add_fault(parser: argparse.ArgumentParser) -> None:
    _add_dir(parser)
    parser.add_argument("terminal", nargs="?", metavar="TERMINAL", help="as pzh01-w03")
    parser.add_argument("device", nargs="?", metavar="DEVICE", help="as identity")
    parser.add_argument("name", nargs="?", metavar="NAME", help="as garble, unplug, plug, mend")
    parser.add_argument("--list", action="store_true", help="what can go wrong, by device")


def _add_offline_day(parser: argparse.ArgumentParser) -> None:
    _add_dir(parser)
    parser.add_argument("--visits", type=_at_least_one, default=12, help="default 12")
    parser.add_argument("--seed", type=int, default=1, help="who comes, and what for (1)")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder")


def _add_centre(parser: argparse.ArgumentParser) -> None:
    _add_dir(parser)
    for name, port in (("mqtt", 8883), ("http", 8080), ("media", 8443)):
        parser.add_argument(f"--{name}", type=int, default=port, help=f"port, default {port}")


def _add_twins(parser: argparse.ArgumentParser) -> None:
    twins = parser.add_subparsers(dest="twin", required=True, metavar="TWIN")
    identity = twins.add_parser("identity", help="resident-ID reader on a pty")
    identity.add_argument("--pty", type=Path, metavar="LINK", help="the port's path")
    identity.add_argument("--card", type=Path, metavar="FILE", help="a card, laid at once")
    identity.add_argument("--example", action="store_true", help="print a card and end")
    gun = twins.add_parser("gun", help="barcode gun on a pty; each line is a code")
    gun.add_argument("--pty", type=Path, metavar="LINK", required=True, help="the port's path")
    gun.add_argument("--baud", type=int, default=9600, help="default 9600")
    gun.add_argument("--suffix", choices=("cr", "tab", "none"), default="cr", help="default cr")
    rating = twins.add_parser("rating", help="rating keys, their lamps, the window's lights")
    rating.add_argument("--socket", type=Path, metavar="PATH", required=True)
    rating.add_argument("--buttons", type=_pins, default=[5, 6, 13, 19, 26], help="level 1 first")
    rating.add_argument("--lamps", type=_pins, default=[12, 16, 20, 21, 25], help="level 1 first")
    keypad = twins.add_parser("keypad", help="calling keypad with rating keys on a pty")
    keypad.add_argument("--pty", type=Path, metavar="LINK", required=True, help="the port's path")
    keypad.add_argument("--address", type=int, default=1, help="default 1")
    tower = twins.add_parser("tower", help="USB tower lamp on a pty; says what its lights do")
    tower.add_argument("--pty", type=Path, metavar="LINK", required=True, help="the port's path")
    for colour in ("red", "yellow", "green"):
        rating.add_argument(f"--{colour}", type=int, metavar="PIN")


def _now() -> datetime:
    return datetime.now(UTC)


def _say(text: str) -> None:
    print(text, flush=True)


def _read_card(path: Path) -> Card:
    try:
        return read_card(path.read_bytes(), str(path))
    except OSError as error:
        raise CardFault(f"{path}: {error.strerror}; --example prints a card.") from error


def _twin(arguments: argparse.Namespace) -> int:
    if arguments.twin == "gun":
        return alone.gun(arguments.pty, arguments.baud, arguments.suffix, sys.stdin)
    if arguments.twin == "keypad":
        return alone.keypad(arguments.pty, arguments.address, sys.stdin)
    if arguments.twin == "tower":
        return alone.tower(arguments.pty, sys.stdin)
    if arguments.twin == "rating":
        names = {pin: f"lamp {level}" for level, pin in enumerate(arguments.lamps, start=1)}
        colours = {getattr(arguments, name): name for name in ("red", "yellow", "green")}
        return alone.rating(arguments.socket, arguments.buttons, {**names, **colours}, sys.stdin)
    if arguments.example:
        print(write_card(EXAMPLE))
        return 0
    if arguments.pty is None:
        raise UsageFault("twin identity needs --pty LINK (or --example).")
    card = None if arguments.card is None else _read_card(arguments.card)
    return alone.identity(arguments.pty, card, _read_card, sys.stdin)


def _fault(arguments: argparse.Namespace) -> int:
    if arguments.list:
        _say("\n".join(named_faults.listing()))
        return 0
    if arguments.name is None:
        raise UsageFault("say TERMINAL DEVICE NAME, or --list.")
    device, name = arguments.device, arguments.name
    _say(control.fault(arguments.dir, arguments.terminal, device, name))
    return 0


def _carry_out(arguments: argparse.Namespace) -> int:
    if arguments.command == "hall":
        hall(arguments.dir, arguments.windows, arguments.speed, _now, _say)
    if arguments.command == "centre":
        ports = Ports(arguments.mqtt, arguments.http, arguments.media)
        return centre(arguments.dir, ports, threading.Event(), _say)
    if arguments.command == "fault":
        return _fault(arguments)
    if arguments.command == "faults":
        return runner.faults(
            runner.Options(
                runs=arguments.runs,
                seed=arguments.seed,
                lanes=arguments.lanes,
                replay=arguments.replay,
                keep=arguments.keep,
                identities=arguments.dir,
            ),
            _now,
            _say,
        )
    if arguments.command == "offline-day":
        day = DayOptions(arguments.visits, arguments.seed, arguments.keep, arguments.dir)
        return offline_day(day, _now, _say)
    if arguments.command == "demo":
        return demo(
            Options(
                visits=arguments.visits,
                windows=arguments.windows,
                seed=arguments.seed,
                kill=arguments.kill,
                capture=arguments.capture,
                keep=arguments.keep,
                identities=arguments.dir,
            ),
            _now,
            _say,
        )
    return _twin(arguments)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise Stopped("stopped")


def main(argv: list[str] | None = None) -> int:
    """Carry out one command; the exit code says how it went."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return _carry_out(arguments)
    except KeyboardInterrupt:
        return 130
    except Stopped:
        return 0
    except SimError as error:
        print(f"ow-sim: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
