"""`ow-central`: the case service, its broker, and a look into its database."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from central import bootstrap
from central.config import Address, Config, load
from central.errors import ConfigurationError, StartError, Unavailable
from central.service import facts
from central.store.engine import reading_engine

GOOD, CONFIGURATION, UNAVAILABLE, INTERRUPTED = 0, 3, 5, 130

EXAMPLE = """\
example, in three terminals:
  ow-provision dev --dir var/dev
  ow-central broker --config var/dev/centre.toml
  ow-central serve --config var/dev/centre.toml

exit codes: 0 good, 2 usage, 3 configuration, 5 port, key or certificate, 130 Ctrl-C
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        config = load(arguments.config)
        command: Callable[[Config, argparse.Namespace], int] = arguments.command
        return command(config, arguments)
    except StartError as error:
        print(f"ow-central: {error}", file=sys.stderr)
        return UNAVAILABLE if isinstance(error, Unavailable) else CONFIGURATION
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our lines has seen enough (`| head`); what is buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ow-central",
        description="The case service of a one-window hall (一窗).",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = _add(commands, "serve", _serve, "run the case service until it is told to stop")
    serve.add_argument("--mqtt", type=_port, metavar="PORT", help="the broker's port")
    serve.add_argument("--http", type=_port, metavar="PORT", help="where to serve HTTP")
    serve.add_argument("--media", type=_port, metavar="PORT", help="where to take pictures")
    serve.add_argument(
        "--clock",
        choices=("machine", "manual"),
        default="machine",
        help="manual: the time is set by POST /api/v1/clock; never in production",
    )
    broker = _add(commands, "broker", _broker, "become the message broker (Mosquitto)")
    broker.add_argument("--port", type=_port, help="where to listen; default: as configured")
    told = _add(commands, "facts", _facts, "print stored facts as JSON lines, sealed as they are")
    told.add_argument("--terminal", help="only this terminal's")
    told.add_argument("--after", type=_cursor, default=0, help="begin after this commit cursor")
    told.add_argument("--limit", type=_cursor, help="at most so many lines")
    _add(commands, "quarantine", _quarantine, "print what could not be placed, with the reason")
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[Config, argparse.Namespace], int],
    meaning: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=meaning, description=f"{meaning.capitalize()}.")
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="centre.toml of the deployment"
    )
    parser.set_defaults(command=command)
    return parser


def _serve(config: Config, arguments: argparse.Namespace) -> int:
    broker = config.broker
    if arguments.mqtt:
        broker = replace(broker, address=Address(broker.address.host, arguments.mqtt))
    return bootstrap.serve(
        replace(
            config,
            broker=broker,
            http=Address(config.http.host, arguments.http or config.http.port),
            media=Address(config.media.host, arguments.media or config.media.port),
        ),
        manual_clock=arguments.clock == "manual",
    )


def _broker(config: Config, arguments: argparse.Namespace) -> int:
    return bootstrap.become_broker(config, arguments.port or config.broker.address.port)


def _facts(config: Config, arguments: argparse.Namespace) -> int:
    return _print(config, arguments.terminal, arguments.after, arguments.limit, None)


def _quarantine(config: Config, _arguments: argparse.Namespace) -> int:
    return _print(config, None, 0, None, facts.QUARANTINED)


def _print(
    config: Config, terminal: str | None, after: int, limit: int | None, state: str | None
) -> int:
    if not config.database.exists():
        raise ConfigurationError(
            f"There is no database {config.database} yet; `ow-central serve` makes it."
        )
    with reading_engine(config.database).connect() as connection:
        for item in facts.every(connection, after, limit, terminal=terminal, state=state):
            print(item.model_dump_json())
    return GOOD


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(text)
    return port


def _cursor(text: str) -> int:
    cursor = int(text)
    if cursor < 0:
        raise ValueError(text)
    return cursor
