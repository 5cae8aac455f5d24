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
Seconds = Annotated[float, msgspec.Meta(gt=0)]
_DEVICE_KEYS = {"driver", "essential", "daemon", "usb_port"}


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


class Intervals(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How long things take by themselves; a run of tests may shrink them all.

    `keepalive_s` is a whole number for MQTT; half-open lines are found after about 1.9 times it.
    `device_*`: from one attempt at a lost device to the next. `rung_s`: how long each rung of the
    recovery ladder is tried before the next. `receipt_*`: how long to wait for a receipt.
    `idle_s`: an untouched local visit closes (process: 15 minutes).
    """

    keepalive_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 10
    reconnect_base_s: Seconds = 1.0
    reconnect_cap_s: Seconds = 5.0
    receipt_base_s: Seconds = 1.0
    receipt_cap_s: Seconds = 30.0
    device_base_s: Seconds = 0.2
    device_cap_s: Seconds = 5.0
    rung_s: Seconds = 10.0
    health_s: Seconds = 60.0
    upload_base_s: Seconds = 1.0
    upload_cap_s: Seconds = 60.0
    idle_s: Seconds = 900.0


class Recovery(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """With what a lost device is brought back. `systemctl` restarts a device's `daemon`.

    `power_off_s`: how long a USB port is without power when it is switched off and on.
    """

    systemctl: Path = Path("/usr/bin/systemctl")
    power_off_s: Seconds = 2.0


class Page(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The terminal's own page: technician, work without the centre, metrics. `port` 0: none."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8090


class CustomerScreen(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The touch display for the citizen (用户交互终端), a page on loopback. `port` 0: none."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0


class Limits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """When the terminal takes in no more. `reserve_bytes` of the disk are never used up.

    `spool_bytes`: pictures that wait; about 500 pages, a busy day without the centre.
    """

    reserve_bytes: Annotated[int, msgspec.Meta(ge=0)] = 64 * 1024 * 1024
    spool_bytes: Annotated[int, msgspec.Meta(gt=0)] = 1024 * 1024 * 1024


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    terminal: Terminal
    broker: Broker
    centre: Centre
    seal: Sealing
    intervals: Intervals = Intervals()
    recovery: Recovery = Recovery()
    page: Page = Page()
    screen: CustomerScreen = CustomerScreen()
    limits: Limits = Limits()
    device: dict[str, dict[str, Any]] = {}


class _Common(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    essential: bool = False
    daemon: str | None = None
    usb_port: Path | None = None


@dataclass(frozen=True)
class DeviceTable:
    """One device: its table's name, its driver, the driver's options.

    `daemon` is the unit that serves it (`pcscd.service`). `usb_port` is its port below
    /sys/bus/usb/devices (`1-0:1.0/usb1-port1`), the folder that has the file `disable`.
    """

    name: str
    spec: DriverSpec
    options: msgspec.Struct
    essential: bool
    daemon: str | None = None
    usb_port: Path | None = None


@dataclass(frozen=True)
class Configuration:
    """All of it, checked; paths are absolute. `path` is the file's own."""

    path: Path
    terminal: Terminal
    broker: Broker
    centre: Centre
    seal: Sealing
    intervals: Intervals
    recovery: Recovery
    page: Page
    screen: CustomerScreen
    limits: Limits
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
        path=path.absolute(),
        terminal=_absolute(parsed.terminal, folder),
        broker=_absolute(parsed.broker, folder),
        centre=parsed.centre,
        seal=_absolute(parsed.seal, folder),
        intervals=parsed.intervals,
        recovery=_absolute(parsed.recovery, folder),
        page=parsed.page,
        screen=parsed.screen,
        limits=parsed.limits,
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
    driver = table.get("driver")
    if not isinstance(driver, str):
        raise ConfigurationError(f'{where} has no driver; write driver = "…".')
    ours = {key: value for key, value in table.items() if key in _DEVICE_KEYS - {"driver"}}
    rest = {key: value for key, value in table.items() if key not in _DEVICE_KEYS}
    try:
        common = msgspec.convert(ours, _Common, dec_hook=_path)
        spec = load(driver)
        return DeviceTable(
            name, spec, spec.configure(rest), common.essential, common.daemon, common.usb_port
        )
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{where}.{_readable(error)}.") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}.") from error


def _readable(error: msgspec.ValidationError) -> str:
    """msgspec's message with the place in the words of the file: `$.broker.port` → broker.port."""
    text, _, place = str(error).partition(" - at `")
    where = place.rstrip("`").removeprefix("$").lstrip(".")
    return f"{where}: {text}" if where else text
