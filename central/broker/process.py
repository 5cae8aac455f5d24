"""Becoming the broker: check what can be checked, write its files, exec Mosquitto."""

import os
import shutil
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec

from central.broker.conf import LISTEN_HOST, Listener, conf
from central.broker.rules import rules
from central.config import Config, read_file
from central.errors import ConfigurationError, Unavailable

BINARY = "mosquitto"
_MORE_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


class _Register(msgspec.Struct, frozen=True):
    observers: list[str] = []


@dataclass(frozen=True)
class Files:
    """What was written for Mosquitto."""

    conf: Path
    rules: Path


def write(config: Config, port: int) -> Files:
    """Write mosquitto.conf and the ACL below the deployment's folder; the observers are those
    that the register names now. ConfigurationError if the register or a path cannot be used.
    """
    folder = config.folder / "broker"
    files = Files(folder / "mosquitto.conf", folder / "acl")
    broker = config.broker
    listener = Listener(port, broker.ca, broker.server_cert, broker.server_key, broker.crl)
    observers = read_file(config.register, _Register, "register of terminals").observers
    try:
        rule_text = rules(observers)
    except ValueError as error:
        raise ConfigurationError(f"{config.register}: {error}; mend the file.") from error
    conf_text = conf(listener, rules=files.rules, folder=folder, as_root=os.geteuid() == 0)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(files.rules, rule_text)
        _replace(files.conf, conf_text)
    except OSError as error:
        raise Unavailable(
            f"The broker's folder {folder} cannot be written ({error.strerror}); make it yours."
        ) from error
    return files


def exec_broker(config: Config, port: int) -> NoReturn:
    """Make this process the broker. Unavailable if the binary, the port or a key is missing."""
    binary = find_binary(f"{os.environ.get('PATH', os.defpath)}:{_MORE_FOLDERS}")
    check_files(config)
    check_port(port)
    files = write(config, port)
    os.execv(binary, command(binary, files))


def command(binary: str, files: Files) -> list[str]:
    return [binary, "-c", str(files.conf)]


def find_binary(folders: str) -> str:
    """Where Mosquitto is; Debian keeps it where an ordinary user's PATH does not look."""
    found = shutil.which(BINARY, path=folders)
    if found is None:
        raise Unavailable(
            "Mosquitto is not installed; install it with `apt-get install mosquitto`."
        )
    return found


def check_files(config: Config) -> None:
    """Read each certificate and key once: Mosquitto itself would hardly say what is wrong."""
    broker = config.broker
    for path in (broker.ca, broker.crl, broker.server_cert, broker.server_key):
        try:
            path.read_bytes()
        except OSError as error:
            raise Unavailable(
                f"The broker needs {path}, which cannot be read ({error.strerror}); "
                f"make it with `ow-provision dev --dir {config.folder}`."
            ) from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(broker.server_cert, broker.server_key)
        context.load_verify_locations(broker.ca)
        context.load_verify_locations(broker.crl)
    except ssl.SSLError as error:
        raise Unavailable(
            f"{broker.server_cert}, {broker.server_key}, {broker.ca} and {broker.crl} are not a "
            "certificate, its key, an authority and its revocation list; provision them again."
        ) from error


def check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LISTEN_HOST, port))
        except OSError as error:
            raise Unavailable(
                f"The broker cannot listen on {LISTEN_HOST}:{port} ({error.strerror}); "
                "stop whoever listens there, or give another --port."
            ) from error


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)
