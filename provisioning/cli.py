"""`ow-provision`: identities and voices for a deployment."""

import argparse
import sys
from pathlib import Path

from hal.clock import Clock, SystemClock
from provisioning import development, voice_pack
from provisioning.errors import ProvisioningError
from provisioning.folder import Folder

_MOST_TERMINALS = 99
_EPILOG = """\
examples:
  ow-provision dev --dir var/dev --terminals 3
      Everything for a hall on this machine: certificate authority, broker, centre,
      terminals pzh01-w01 to pzh01-w03, an observer, sealing keys, tokens (var/dev/teller.token).
      Again with the same folder: keeps what is there, adds what is missing.
  ow-provision issue --dir var/dev --role terminal --name pzh01-w07
      One more terminal: var/dev/pzh01-w07.pem and .key, and a line in register.json.
  ow-provision revoke --dir var/dev --name pzh01-w07
      Puts it on var/dev/crl.pem. The broker reads that file when it starts.
  ow-provision voice-pack --dir drivers/voice_pack/mandarin
      Speaks the clips that pack.toml in this folder names, with espeak-ng.

exit codes: 0 good, 2 usage or a name that is not allowed, 3 folder or file of ours unusable,
            5 key or certificate missing or broken, 130 interrupted
"""


def _number_of_terminals(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST_TERMINALS:
        raise argparse.ArgumentTypeError(f"1 to {_MOST_TERMINALS}, not {number}")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ow-provision",
        description="Make what a OneWindow deployment needs: identities, and voice packs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    dev = commands.add_parser("dev", help="make or complete a development folder")
    dev.add_argument(
        "--terminals", type=_number_of_terminals, default=1, metavar="N", help="default 1"
    )
    issue = commands.add_parser("issue", help="issue a certificate and register its owner")
    issue.add_argument("--role", choices=("terminal", "observer"), required=True)
    revoke = commands.add_parser("revoke", help="put a certificate on the revocation list")
    voice = commands.add_parser("voice-pack", help="speak the clips of a voice pack (语音包)")
    voice.add_argument("--dir", type=Path, required=True, help="the folder with its pack.toml")
    for command in (dev, issue, revoke):
        command.add_argument("--dir", type=Path, required=True, help="the folder of identities")
    for command in (issue, revoke):
        command.add_argument("--name", required=True, help="a-z, 0-9, -; the certificate's CN")
    for command in (dev, issue):
        command.add_argument("--site", default="pzh01", help="where the terminals stand (pzh01)")
    return parser


def _carry_out(arguments: argparse.Namespace, clock: Clock) -> str:
    if arguments.command == "voice-pack":
        count = voice_pack.make(arguments.dir)
        return f"{arguments.dir}: {count} clips spoken"
    folder: Folder = Folder(arguments.dir)
    now = clock.now()
    if arguments.command == "dev":
        names = development.develop(
            folder, terminals=arguments.terminals, site=arguments.site, now=now
        )
        return f"{folder.path}: {len(folder.written)} files written; terminals {', '.join(names)}"
    if arguments.command == "issue":
        made = development.issue(
            folder, role=arguments.role, name=arguments.name, site=arguments.site, now=now
        )
        verb = "issued" if made else "kept"
        return f"{verb} {folder.path / arguments.name}.pem and .key ({arguments.role})"
    development.revoke(folder, name=arguments.name, now=now)
    return f"revoked {arguments.name}: the broker refuses it from its next start"


def main(argv: list[str] | None = None) -> int:
    """Carry out one command; the exit code says how it went."""
    arguments = _parser().parse_args(argv)
    try:
        print(_carry_out(arguments, SystemClock()))
    except ProvisioningError as error:
        print(f"ow-provision: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
