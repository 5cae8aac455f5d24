"""Drivers by name. The only place that imports a module by its name, and only when asked."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from drivers.worker import Ended, Opened, Worker
from hal.clock import Clock
from hal.errors import ConfigurationError
from hal.interfaces import Device, Report, Role

DRIVERS: dict[str, str] = {
    "camera_files": "drivers.camera_files:CameraFiles",
    "camera_picamera2": "drivers.camera_picamera2:CameraPicamera2",
    "camera_v4l2": "drivers.camera_v4l2:CameraV4l2",
    "card_pcsc": "drivers.card_pcsc:CardPcsc",
    "display_oled": "drivers.display_oled.driver:DisplayOled",
    "id_serial": "drivers.id_serial:IdSerial",
    "keypad_serial": "drivers.keypad_serial:KeypadSerial",
    "lamps_gpio": "drivers.lamps_gpio:LampsGpio",
    "lamps_tower_usb": "drivers.lamps_tower_usb:LampsTowerUsb",
    "printer_cups": "drivers.printer_cups.driver:PrinterCups",
    "printer_escpos": "drivers.printer_escpos.driver:PrinterEscpos",
    "rating_gpio": "drivers.rating_gpio:RatingGpio",
    "scanner_hid": "drivers.scanner_hid:ScannerHid",
    "scanner_serial": "drivers.scanner_serial:ScannerSerial",
    "voice_clips": "drivers.voice.clips:VoiceClips",
    "voice_command": "drivers.voice.command:VoiceCommand",
}
"""Name in the TOML → `module:Class`. The module also has `Options`, the keys of its table."""


@dataclass(frozen=True)
class DriverSpec:
    """A driver that has been found, not yet built: nothing of the hardware was touched."""

    name: str
    role: Role
    options: type[msgspec.Struct]
    _build: Callable[[Any, Clock], Device]

    def configure(self, table: Mapping[str, object]) -> msgspec.Struct:
        """Read the driver's own keys of a device table (without `driver` and `essential`).

        ConfigurationError names the key that is missing, unknown or of the wrong kind.
        """
        try:
            return msgspec.convert(dict(table), self.options)
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"driver {self.name}: {error}") from error

    def build(self, options: msgspec.Struct, clock: Clock) -> Device:
        """A device with these options; opens nothing."""
        return self._build(options, clock)


def load(name: str) -> DriverSpec:
    """The driver called `name`. ConfigurationError if there is none: never a fall-back."""
    target = DRIVERS.get(name)
    if target is None:
        raise ConfigurationError(
            f"there is no driver {name!r}; write one of: {', '.join(sorted(DRIVERS))}"
        )
    module_name, _, class_name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigurationError(
            f"driver {name} needs a package that is not installed: {error.name}"
        ) from error
    built = cast(Callable[[Any, Clock], Device], getattr(module, class_name))
    role = cast(Role, getattr(built, "role"))  # noqa: B009  a class attribute of every driver
    return DriverSpec(name, role, module.Options, built)


def start_worker(device: Device, report: Report, opened: Opened, ended: Ended) -> Worker:
    """Run `device` in a thread of its own; see `drivers.worker.Worker`."""
    worker = Worker(device, report, opened, ended)
    worker.start()
    return worker
