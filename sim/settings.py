"""The files of one run: its folder, and the configuration of the centre and of the terminal."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sim.errors import PortFault
from sim.launcher import program, run_once
from sim.ports import free_ports
from sim.window import Window

SITE = "pzh01"
_CENTRE_TOML = """\
# Written for one run. The identities stay in {identities}.
mode = "development"
[centre]
state_dir = "centre"
http_host = "127.0.0.1"
http_port = {http}
media_host = "127.0.0.1"
media_port = {media}
register = "{identities}/register.json"
principals = "{identities}/principals.json"
catalogue = ""
panels = "panels"
[broker]
host = "127.0.0.1"
port = {mqtt}
ca = "{identities}/ca.pem"
cert = "{identities}/centre.pem"
key = "{identities}/centre.key"
crl = "{identities}/crl.pem"
server_cert = "{identities}/broker.pem"
server_key = "{identities}/broker.key"
[seal]
dev1 = "{identities}/seal.pem"
"""
_TERMINAL_TOML = """\
# Written for one run: the window's devices are the simulator's twins.
[terminal]
site = "{site}"
id = "{terminal}"
state_dir = "{state_dir}"
[broker]
host = "127.0.0.1"
port = {mqtt}
ca = "{identities}/ca.pem"
cert = "{identities}/{terminal}.pem"
key = "{identities}/{terminal}.key"
[centre]
url = "https://127.0.0.1:{media}"
[seal]
kid = "dev1"
public_key = "{identities}/seal.pub.pem"
[page]
port = {page}
[limits]
reserve_bytes = {special.reserve_bytes}
[intervals]
{intervals}
{recovery}
[device.identity]
driver = "id_serial"
port = "{wires.identity}"
baud = 115200
[device.card]
driver = "card_pcsc"
reader = "{window.card_reader}"
socket = "{window.card_socket}"
daemon = "{pcscd}"
[device.camera]
driver = "camera_files"
path = "{wires.frames}"
[device.rating]
driver = "rating_gpio"
buttons = {buttons}
lamps = {lamps}
factory = "socket:{wires.gpio}"
[device.slip]
driver = "printer_escpos"
port = "{wires.printer}"
[device.lamps]
driver = "lamps_gpio"
red = {wires.red}
yellow = {wires.yellow}
green = {wires.green}
factory = "socket:{wires.gpio}"
"""
_KERNEL_DEVICES_TOML = """\
[device.gun]
driver = "scanner_hid"
path = "{wires.gun}"
suffix = "cr"
[device.oled]
driver = "display_oled"
bus = "{wires.bus}"
"""
_RECOVERY_TOML = """\
[recovery]
systemctl = "{systemctl}"
"""
PCSCD = "pcscd.service"
_SERIAL_GUN_TOML = """\
[device.gun]
driver = "scanner_serial"
port = "{wires.serial_gun}"
baud = 9600
suffix = "cr"
"""


@dataclass(frozen=True)
class Special:
    """In what one terminal of a run differs from any other.

    `broker_port`: that of a line of its own. `intervals`: seconds by the names of the terminal's
    table. `systemctl` restarts the daemon of a lost device; never the machine's own.
    Without `kernel_devices` the gun is at a serial port and there is no display.
    """

    broker_port: int | None = None
    state_dir: Path | None = None
    page_port: int | None = None
    reserve_bytes: int = 64 * 1024 * 1024
    kernel_devices: bool = True
    systemctl: Path = Path("/nonexistent/systemctl")
    intervals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ports:
    """Where broker and centre listen on loopback."""

    mqtt: int
    http: int
    media: int


@dataclass(frozen=True)
class Run:
    """One run: identities (kept), a folder of its own (fresh), ports."""

    identities: Path
    folder: Path
    ports: Ports

    @property
    def centre_toml(self) -> Path:
        return self.folder / "centre.toml"

    def terminal_toml(self, terminal: str) -> Path:
        return self.folder / f"{terminal}.toml"

    @property
    def database(self) -> Path:
        return self.folder / "centre" / "centre.db"

    @property
    def panels(self) -> Path:
        return self.folder / "panels"

    @property
    def acts(self) -> Path:
        return self.folder / "acts.jsonl"

    def token(self, principal: str) -> str:
        """The bearer token of a principal: a role, or `teller2` and so on."""
        return (self.identities / f"{principal}.token").read_text().strip()

    def write_centre(self) -> None:
        """Write the centre's configuration, with its state in this run's folder."""
        self.centre_toml.write_text(
            _CENTRE_TOML.format(identities=self.identities, **vars(self.ports))
        )

    def write_terminal(self, terminal: str, window: Window, special: Special | None = None) -> None:
        """Write a terminal's configuration, its devices at the ends of the window's wires."""
        special = special or Special()
        wires = window.wires
        kernel = _KERNEL_DEVICES_TOML if special.kernel_devices else _SERIAL_GUN_TOML
        text = (_TERMINAL_TOML + kernel).format(
            site=SITE,
            terminal=terminal,
            state_dir=special.state_dir or self.folder / terminal,
            identities=self.identities,
            wires=wires,
            window=window,
            buttons=list(wires.buttons),
            lamps=list(wires.lamps),
            mqtt=special.broker_port or self.ports.mqtt,
            media=self.ports.media,
            page=special.page_port or free_ports(1)[0],
            special=special,
            recovery=_RECOVERY_TOML.format(systemctl=special.systemctl),
            pcscd=PCSCD,
            intervals="".join(f"{name} = {s}\n" for name, s in special.intervals.items()),
        )
        self.terminal_toml(terminal).write_text(text)


def terminal_name(window: int) -> str:
    """The terminal of a window, as `ow-provision dev` names it."""
    return f"{SITE}-w{window:02d}"


def teller_name(window: int) -> str:
    """The teller of a window, as `ow-provision dev` names the tokens."""
    return "teller" if window == 1 else f"teller{window}"


def make_identities(folder: Path, windows: int = 1) -> Path:
    """Make or complete the development identities in `folder`; its absolute path."""
    options = ["--dir", str(folder), "--terminals", str(windows)]
    run_once([program("ow-provision"), "dev", *options])
    return folder.absolute()


def new_folder(parent: Path, kind: str, now: datetime) -> Path:
    """A fresh folder for one run below `parent`, named after kind, time and process."""
    folder = parent.absolute() / f"{kind}-{now:%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise PortFault(f"{folder}: {error.strerror}; choose another --dir.") from error
    return folder
