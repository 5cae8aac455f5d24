"""Mosquitto's configuration and access rules, and becoming it.

Source: the contract between terminal and centre, version 1, "Topics" (the ACL and the security
rules); mosquitto.conf(5), version 2.0.
"""

import os
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from central.config import Broker, Config, read_file
from central.errors import Unavailable

CENTRE = "centre"
MAX_PACKET_BYTES = 1 << 20
MAX_QUEUED_MESSAGES = 100_000
"""Enough for a terminal's session of a day; past it the broker drops with one log line."""
_SEARCH = os.pathsep.join(("/usr/sbin", "/usr/local/sbin"))
_TERMINAL_WRITES = ("state", "about", "device/#", "fact/#", "health", "log/#")
_TERMINAL_READS = ("order/#", "receipt")


class _Observers(msgspec.Struct):
    observers: list[str] = []


def acl(observers: Sequence[str]) -> str:
    """Who may do what. `%u` is the common name of the client's certificate.

    A pattern applies to everybody: it lets each identity into the branch of its own name, which
    only a terminal has.
    """
    lines = [f"pattern write hall/1/+/%u/{rest}" for rest in _TERMINAL_WRITES]
    lines += [f"pattern read hall/1/+/%u/{rest}" for rest in _TERMINAL_READS]
    lines += ["pattern read centre/1/state", "", f"user {CENTRE}"]
    lines += [f"topic read hall/1/+/+/{rest}" for rest in _TERMINAL_WRITES]
    lines += [f"topic write hall/1/+/+/{rest}" for rest in _TERMINAL_READS]
    lines += ["topic write centre/1/state"]
    for name in observers:
        lines += ["", f"user {name}", "topic read hall/1/#"]
    return "\n".join(lines) + "\n"


def configuration(broker: Broker, port: int, folder: Path, *, as_root: bool) -> str:
    """mosquitto.conf: one listener, TLS 1.3, nobody without a certificate that is not revoked.

    `as_root`: Mosquitto would otherwise become the user `mosquitto`, who cannot read our keys.
    """
    lines = [
        *(["user root"] if as_root else []),
        "per_listener_settings false",
        "allow_anonymous false",
        f"acl_file {folder / 'acl'}",
        f"listener {port} {broker.address.host}",
        f"cafile {broker.ca}",
        f"certfile {broker.server_cert}",
        f"keyfile {broker.server_key}",
        f"crlfile {broker.crl}",
        "tls_version tlsv1.3",
        "require_certificate true",
        "use_identity_as_username true",
        f"max_packet_size {MAX_PACKET_BYTES}",
        f"max_queued_messages {MAX_QUEUED_MESSAGES}",
        "max_inflight_messages 1000",
        "persistent_client_expiration 2d",
        "set_tcp_nodelay true",
        "persistence true",
        f"persistence_location {folder}/",
        "persistence_file mosquitto.db",
        "autosave_interval 60",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    return "\n".join(lines) + "\n"


def write(config: Config, port: int, *, as_root: bool) -> Path:
    """Write both files below `{folder}/broker`; the path of mosquitto.conf."""
    folder = config.folder / "broker"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    observers = read_file(config.register, _Observers, "register of terminals").observers
    # The access rules are secret only in part, but Mosquitto warns of files others can read.
    _put(folder / "acl", acl(observers))
    path = folder / "mosquitto.conf"
    _put(path, configuration(config.broker, port, folder, as_root=as_root))
    return path


def become(config: Config, port: int) -> int:
    """Replace this process by Mosquitto. Returns only by raising Unavailable."""
    program = find()
    broker = config.broker
    for file in (broker.ca, broker.server_cert, broker.server_key, broker.crl):
        _check_readable(file)
    _check_free(broker.address.host, port)
    path = write(config, port, as_root=os.geteuid() == 0)
    os.execv(program, [program, "-c", str(path)])


def find() -> str:
    """The path of Mosquitto, which Debian keeps in /usr/sbin. Unavailable if there is none."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SEARCH)
    if program is None:
        raise Unavailable("There is no mosquitto on this machine; install Debian's package.")
    return program


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def _check_readable(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise Unavailable(f"The broker cannot read {path}: {error.strerror}.") from error


def _check_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"Port {port} on {host} cannot be used ({error.strerror}); choose another one."
            ) from error
