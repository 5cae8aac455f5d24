"""The terminal's configuration: TOML, every key known, one sentence when it is wrong.

Source: the contract between terminal and centre, version 1, "The terminal's configuration".
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from drivers.registry import DriverSpec, load
from hal.errors import ConfigurationError
from hal.events.topics import NAME, Branch, valid_name

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_DEVICE_KEYS = {"driver", "essential"}


class Terminal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who and where this terminal is; `id` equals its certificate's common name."""

    site: str
    id: str
    state_dir: Path


class Broker(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The MQTT broker and the files that identify both sides."""

    host: str
    port: Port
    ca: Path
    cert: Path
    key: Path


class Centre(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where pictures go."""

    url: str


class Sealing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The centre's public key and its name."""

    kid: str
    public_key: Path


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    terminal: Terminal
    broker: Broker
    centre: Centre
    seal: Sealing
    device: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class DeviceTable:
    """One device: its table's name, its driver, the driver's options."""

    name: str
    spec: DriverSpec
    options: msgspec.Struct
    essential: bool


@dataclass(frozen=True)
class Configuration:
    """All of it, checked; paths are absolute."""

    terminal: Terminal
    broker: Broker
    centre: Centre
    seal: Sealing
    devices: tuple[DeviceTable, ...]

    @property
    def branch(self) -> Branch:
        return Branch(self.terminal.site, self.terminal.id)


def read(path: Path) -> Configuration:
    """Read the file. ConfigurationError is one sentence that names the key and the remedy.

    Paths in it may be relative to the file's folder. No file named in it is opened.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        parsed = msgspec.convert(table, _File, dec_hook=_path)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: the file is not UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {_readable(error)}.") from error
    for key, name in (("terminal.site", parsed.terminal.site), ("terminal.id", parsed.terminal.id)):
        if not valid_name(name):
            raise ConfigurationError(
                f"{path}: {key} is {name!r}; use a-z, 0-9 and -, at most 32 characters."
            )
    folder = path.absolute().parent
    return Configuration(
        terminal=_absolute(parsed.terminal, folder),
        broker=_absolute(parsed.broker, folder),
        centre=parsed.centre,
        seal=_absolute(parsed.seal, folder),
        devices=tuple(_device(path, name, table) for name, table in parsed.device.items()),
    )


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind} cannot stand in the configuration")


def _absolute(section: Any, folder: Path) -> Any:
    """The section with every path below `folder` unless it is absolute already."""
    values = {name: getattr(section, name) for name in section.__struct_fields__}
    paths = {name: folder / value for name, value in values.items() if isinstance(value, Path)}
    return msgspec.structs.replace(section, **paths)


def _device(path: Path, name: str, table: Mapping[str, Any]) -> DeviceTable:
    where = f"{path}: device.{name}"
    if not NAME.fullmatch(name):
        raise ConfigurationError(f"{where}: use a-z, 0-9 and -, at most 32 characters.")
    driver, essential = table.get("driver"), table.get("essential", False)
    if not isinstance(driver, str):
        raise ConfigurationError(f'{where} has no driver; write driver = "…".')
    if not isinstance(essential, bool):
        raise ConfigurationError(f"{where}.essential must be true or false.")
    try:
        spec = load(driver)
        rest = {key: value for key, value in table.items() if key not in _DEVICE_KEYS}
        return DeviceTable(name, spec, spec.configure(rest), essential)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}.") from error


def _readable(error: msgspec.ValidationError) -> str:
    """msgspec's message with the place in the words of the file: `$.broker.port` → broker.port."""
    text, _, place = str(error).partition(" - at `")
    where = place.rstrip("`").removeprefix("$").lstrip(".")
    return f"{where}: {text}" if where else text
