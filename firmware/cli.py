"""`ow-terminal`: the program at the window."""

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Event

from firmware import config, log
from firmware.bootstrap import Terminal
from firmware.centre_time import CentreTime
from firmware.credentials import tls_context
from firmware.errors import StartFault, StateFault
from firmware.hardening import keep_no_core
from firmware.memory import give_back, share_one_arena
from firmware.notify import from_environment
from firmware.page.access import FILE as PAGE_TOKEN
from firmware.page.access import page_token
from firmware.screen.server import TOKEN_FILE as SCREEN_TOKEN
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
  ow-terminal page --config /etc/onewindow/terminal.toml
      Prints the address of the terminal's own page, token and all.
  ow-terminal screen --config /etc/onewindow/terminal.toml
      The same for the customer screen, for the browser of the touch display.
  ow-terminal diagnose --config /etc/onewindow/terminal.toml --out diagnosis.tar.gz
      Says what is wrong and what to do, also while the terminal runs, and writes a bundle for
      support without personal data.

exit codes: 0 good, 1 something is wrong (check, diagnose), 2 usage, 3 configuration or state
            folder, 4 essential device missing, 5 key or certificate, 130 Ctrl-C
"""
_COMMANDS = {
    "run": "run the window",
    "check": "try everything once, start nothing",
    "diagnose": "say what is wrong and what to do",
    "page": "print the address of the terminal's page",
    "screen": "print the address of the customer screen",
}
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
    added = {name: commands.add_parser(name, help=text) for name, text in _COMMANDS.items()}
    for command in added.values():
        command.add_argument("--config", type=Path, required=True, help="the terminal's TOML")
    added["diagnose"].add_argument(
        "--out", type=Path, default=Path("diagnosis.tar.gz"), help="default diagnosis.tar.gz"
    )
    added["diagnose"].add_argument(
        "--log", type=Path, help="log lines to put in, as of: journalctl -u … -o cat > FILE"
    )
    return parser


def _run(configuration: config.Configuration) -> int:
    share_one_arena()
    end = Event()
    interrupted: list[int] = []
    notifier = from_environment(os.environ)

    def stop(number: int, _frame: object) -> None:
        interrupted.append(number)
        notifier.stopping()
        end.set()

    def settled() -> None:
        give_back()
        notifier.ready()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    clock = SystemClock()
    centre_time = CentreTime(clock)
    clock.reference = centre_time.now
    terminal = Terminal(configuration, clock, centre_time, notifier)
    # Before the first person comes, and behind what opens files below /proc/self.
    keep_no_core()
    terminal.run(end, settled, lambda: print("ready", flush=True))
    notifier.close()
    return _INTERRUPTED if signal.SIGINT in interrupted else 0


def _page(configuration: config.Configuration) -> int:
    if configuration.page.port == 0:
        raise ConfigurationError("page.port is 0: no page; choose a port and restart the terminal.")
    return _print_address(configuration, configuration.page, PAGE_TOKEN)


def _screen(configuration: config.Configuration) -> int:
    if configuration.screen.port == 0:
        raise ConfigurationError(
            "screen.port is 0: no customer screen; choose a port and restart the terminal."
        )
    return _print_address(configuration, configuration.screen, SCREEN_TOKEN)


def _print_address(
    configuration: config.Configuration, page: config.Page | config.CustomerScreen, file: str
) -> int:
    state_dir = configuration.terminal.state_dir
    try:
        token = page_token(state_dir, file)
    except OSError as error:
        raise StateFault(f"{state_dir}: {error.strerror}; run it as who owns it.") from error
    host = f"[{page.host}]" if ":" in page.host else page.host
    print(f"http://{host}:{page.port}/?token={token}")
    return 0


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
        if arguments.command == "diagnose":
            from firmware import diagnose  # the window's program needs none of it

            return diagnose.run(arguments.config, arguments.out, arguments.log, SystemClock())
        commands = {"run": _run, "check": _check, "page": _page, "screen": _screen}
        return commands[arguments.command](config.read(arguments.config))
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
