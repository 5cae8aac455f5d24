"""USB devices that no device table names, each with how to add it; nobody guesses what it is.

What a device is for cannot be known from its USB id: a gun and an ID reader may hold the same
serial chip. So we say which drivers fit its interfaces, and the technician chooses.

Source: Linux, Documentation/ABI/stable/sysfs-bus-usb; class codes of usb.org, "Defined Class
Codes"; udev's links 60-serial.rules, 60-input-id.rules, 60-persistent-v4l.rules.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from firmware.config import DeviceTable

SYSFS, DEV = Path("/sys/bus/usb/devices"), Path("/dev")
_LONGEST_TEXT = 64
_HUB, _SMART_CARD, _AUDIO = "09", "0b", "01"
_KEYBOARD = ("03", "01")
"""Class and protocol of an interface: HID, keyboard."""
_NOBODYS = frozenset({"net", "block", "bluetooth"})
"""What the system itself has: network, storage, radio. Nothing of a window."""


@dataclass(frozen=True)
class Kind:
    """A kind of interface: the drivers that fit it, and their option that says where it is."""

    drivers: tuple[str, ...]
    option: str | None


KINDS: Mapping[str, Kind] = {
    "serial": Kind(
        ("id_serial", "keypad_serial", "lamps_tower_usb", "printer_escpos", "scanner_serial"),
        "port",
    ),
    "keyboard": Kind(("scanner_hid",), "path"),
    "video": Kind(("camera_v4l2",), "path"),
    "smart card": Kind(("card_pcsc",), "reader"),
    "printer": Kind(("printer_escpos",), "port"),
    "sound": Kind(("voice_clips", "voice_command"), None),
    "other": Kind((), None),
}
_LINKS = {
    "serial": "serial/by-path",
    "keyboard": "input/by-path",
    "video": "v4l/by-path",
}
"""Below /dev: names that stay when the device is plugged in again at its place."""
_WHERE = {"smart card": "its name in `pcsc_scan`"}


@dataclass(frozen=True)
class Way:
    """One interface: its kind, its stable path (None: it has none), the lines for the TOML.

    `toml` cannot be used as it is: name and driver are left open.
    """

    kind: str
    path: str | None
    drivers: tuple[str, ...]
    toml: str


@dataclass(frozen=True)
class Unconfigured:
    """A device that no table names. `place`: the USB port. Texts are the device's own."""

    place: str
    usb_id: str
    manufacturer: str
    product: str
    ways: tuple[Way, ...]


def unconfigured(
    tables: Iterable[DeviceTable], sysfs: Path = SYSFS, dev: Path = DEV
) -> list[Unconfigured]:
    """All that are plugged in now. Reads a few hundred small files; empty without USB.

    A device counts as named when a table's option is one of its nodes, by whatever link, or when
    the table's `usb_port` is its port. A smart-card reader has no node: it is named by its
    product in the table's `reader`, or when there are as many tables as readers.
    """
    tables = list(tables)
    devices = [each for each in map(_Device, _folders(sysfs)) if each.is_ours()]
    named = {os.path.realpath(path) for table in tables for path in _paths(table)}
    ports = {os.path.realpath(sysfs / table.usb_port) for table in tables if table.usb_port}
    rest = [each for each in devices if not each.named(named, ports, dev)]
    readers = [getattr(table.options, "reader", "") for table in tables]
    readers = [reader for reader in readers if reader]
    cards = [each for each in devices if each.has(_SMART_CARD)]
    if len(cards) <= len(readers):
        return [each.told(dev) for each in rest if each not in cards]
    return [each.told(dev) for each in rest if not each.called(readers)]


def _folders(sysfs: Path) -> list[Path]:
    """One for each device, in the order of their ports; interfaces have a `:` in their names."""
    try:
        names = sorted(os.listdir(sysfs))
    except OSError:
        return []
    return [sysfs / name for name in names if ":" not in name]


def _paths(table: DeviceTable) -> Iterator[str]:
    for value in msgspec.structs.astuple(table.options):
        if isinstance(value, str | Path) and str(value).startswith("/"):
            yield str(value)


class _Device:
    """One device as sysfs has it. What vanishes while we look reads as empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._interfaces = sorted(folder.glob(f"{folder.name}:*"))
        self._nodes = sorted({node for each in self._interfaces for node in _nodes(each)})

    def is_ours(self) -> bool:
        """No hub, and nothing that the system itself uses."""
        plugged = bool(_read(self._folder / "idVendor"))
        hub = _read(self._folder / "bDeviceClass") == _HUB
        return plugged and not hub and not any(kind in _NOBODYS for kind, _ in self._nodes)

    def has(self, interface_class: str) -> bool:
        return any(_read(each / "bInterfaceClass") == interface_class for each in self._interfaces)

    def named(self, paths: Collection[str], ports: Collection[str], dev: Path) -> bool:
        port = self._folder / "port"
        if port.exists() and os.path.realpath(port) in ports:
            return True
        return any(os.path.realpath(dev / node) in paths for _, node in self._nodes if node)

    def called(self, readers: Iterable[str]) -> bool:
        """Whether a reader of PC/SC has this product's name."""
        product = self._text("product")
        is_card_reader = bool(product) and self.has(_SMART_CARD)
        return is_card_reader and any(product.lower() in name.lower() for name in readers)

    def told(self, dev: Path) -> Unconfigured:
        return Unconfigured(
            place=self._folder.name,
            usb_id=f"{_read(self._folder / 'idVendor')}:{_read(self._folder / 'idProduct')}",
            manufacturer=self._text("manufacturer"),
            product=self._text("product"),
            ways=tuple(self._ways(dev)) or (_way("other", None),),
        )

    def _text(self, name: str) -> str:
        """Its own words, of which nobody knows what they hold."""
        text = _read(self._folder / name)
        return "".join(each for each in text if each.isprintable())[:_LONGEST_TEXT].strip()

    def _ways(self, dev: Path) -> Iterator[Way]:
        """The first node of each kind; a camera's others have no pictures."""
        seen: set[str] = set()
        for kind, node in self._nodes:
            if kind in KINDS and kind not in seen:
                seen.add(kind)
                yield _way(kind, _stable(kind, node, dev))
        if self.has(_SMART_CARD):
            yield _way("smart card", None)
        if self.has(_AUDIO) and "video" not in seen:
            yield _way("sound", None)


def _nodes(interface: Path) -> Iterator[tuple[str, str]]:
    """(kind, path below /dev) of all that the kernel has made of an interface."""
    keyboard = (
        _read(interface / "bInterfaceClass"),
        _read(interface / "bInterfaceProtocol"),
    ) == _KEYBOARD
    for folder, names, _ in os.walk(interface):
        above = Path(folder).name
        for name in names:
            if above in _NOBODYS:
                yield above, ""
            elif above == "tty":
                yield "serial", name
            elif above == "video4linux" and name.startswith("video"):
                yield "video", name
            elif above == "usbmisc" and name.startswith("lp"):
                yield "printer", f"usb/{name}"
            elif above == "hidraw":
                yield "hidraw", name
            elif name.startswith("event") and above.startswith("input"):
                yield "keyboard" if keyboard else "input", f"input/{name}"


def _stable(kind: str, node: str, dev: Path) -> str:
    """The link that leads there wherever the kernel counts it next time; else the node."""
    there = os.path.realpath(dev / node)
    links = sorted((dev / _LINKS[kind]).glob("*")) if kind in _LINKS else []
    return str(next((link for link in links if os.path.realpath(link) == there), dev / node))


def _way(kind: str, path: str | None) -> Way:
    fits = KINDS[kind]
    lines = ["[device.…]", f'driver = "…"  # {", ".join(fits.drivers)}']
    if fits.option is not None:
        where = f"  # {_WHERE[kind]}" if path is None else ""
        lines.append(f'{fits.option} = "{path or "…"}"{where}')
    return Way(kind, path, fits.drivers, "\n".join(lines) if fits.drivers else "")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
