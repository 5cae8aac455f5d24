"""`ow-terminal`: the program at the window."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from firmware import config, log
from firmware.bootstrap import Terminal
from firmware.credentials import tls_context
from firmware.errors import StartFault
from firmware.seal import load_seal
from hal.clock import SystemClock
from hal.errors import ConfigurationError, DeviceError

_EPILOG = """\
examples:
  ow-terminal check --config /etc/onewindow/terminal.toml
      Reads the configuration, keys and certificates, opens each device once, and says what it
      found, one line a device. Starts nothing.
  ow-terminal run --config /etc/onewindow/terminal.toml
      Runs the window until Ctrl-C or SIGTERM. Prints `ready` when the line to the broker stands
      and every device has been tried.

exit codes: 0 good, 1 a device did not open (check), 2 usage, 3 configuration or state folder,
            4 essential device missing, 5 key or certificate, 130 Ctrl-C
"""
_CONFIGURATION = 3
_INTERRUPTED = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ow-terminal",
        description="The firmware of one window: its devices, its outbox, its line to the centre.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (("run", "run the window"), ("check", "try everything once, start nothing")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--config", type=Path, required=True, help="the terminal's TOML")
    return parser


def _run(configuration: config.Configuration) -> int:
    end = Event()
    interrupted: list[int] = []

    def stop(number: int, _frame: object) -> None:
        interrupted.append(number)
        end.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    terminal = Terminal(configuration, SystemClock())
    terminal.run(end, lambda: print("ready", flush=True))
    return _INTERRUPTED if signal.SIGINT in interrupted else 0


def _check(configuration: config.Configuration) -> int:
    tls_context(configuration.broker, configuration.terminal.id)
    load_seal(configuration.seal.kid, configuration.seal.public_key)
    bad, essential_bad = False, False
    clock = SystemClock()
    for table in configuration.devices:
        device = table.spec.build(table.options, clock)
        try:
            device.open()
            verdict = "good"
        except DeviceError as error:
            verdict = f"{error.cause} (remedy: {error.remedy})"
            bad, essential_bad = True, essential_bad or table.essential
        finally:
            device.close()
        print(f"{table.name:12} {table.spec.name:16} {verdict}")
    if essential_bad:
        return 4
    return 1 if bad else 0


def main(argv: list[str] | None = None) -> int:
    """Carry out one command; the exit code says how it went."""
    arguments = _parser().parse_args(argv)
    log.start()
    try:
        configuration = config.read(arguments.config)
        return (_run if arguments.command == "run" else _check)(configuration)
    except ConfigurationError as error:
        print(f"ow-terminal: {error}", file=sys.stderr)
        return _CONFIGURATION
    except StartFault as error:
        print(f"ow-terminal: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
