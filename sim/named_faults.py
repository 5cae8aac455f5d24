"""What can go wrong with the twins by name, and how it strikes a window of a running hall."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from sim.errors import PortFault, UsageFault
from sim.twins import camera, card, display, gpio, identity, keypad, player, printer, testbed, tower
from sim.twins.display import DisplayTwin
from sim.window import Window


@dataclass(frozen=True)
class Device:
    """A device of a hall's window. `strike` lets one of `names` happen, and may block for it."""

    names: tuple[str, ...]
    strike: Callable[[Window, str], None]


def _identity(window: Window, name: str) -> None:
    match name:
        case "plug":
            window.identity.plug()
        case "mend":
            window.identity.mend()
        case _:
            window.identity.fault(name)


def _gun(window: Window, name: str) -> None:
    match name:
        case "unplug":
            window.kernel.unplug("gun")
        case "plug":
            window.kernel.plug("gun")
        case "mend":
            window.kernel.free()
        case _:
            window.kernel.fault(name)


def _card(window: Window, name: str) -> None:
    match name:
        case "unplug":
            window.unplug_card_reader()
        case "plug":
            window.plug_card_reader()
        case "mend":
            window.spoil_card(None)
        case _:
            window.spoil_card(cast(card.Fault, name))


def _pad(window: Window, name: str) -> None:
    match name:
        case "unplug":
            window.gpio.close()
        case "plug":
            window.gpio.open()
        case "mend":
            window.gpio.mend()
        case _:
            window.gpio.fault(name)


def _oled(window: Window, name: str) -> None:
    match name:
        case "plug":
            window.kernel.plug("display")
        case "mend":
            DisplayTwin(window.kernel).mend()
        case _:
            DisplayTwin(window.kernel).fault(name)


def _camera(window: Window, name: str) -> None:
    match name:
        case "unplug":
            window.camera.unplug()
        case "plug":
            window.camera.plug()
        case "mend":
            window.camera.mend()
        case _:
            window.camera.fault(name)


def _slip(window: Window, name: str) -> None:
    match name:
        case "plug":
            window.printer.plug()
        case "mend":
            window.printer.mend()
        case _:
            window.printer.fault(name)


IN_HALL: Mapping[str, Device] = {
    "identity": Device((*identity.FAULTS, "mend", "plug"), _identity),
    "card": Device((*card.FAULTS, "mend", "unplug", "plug"), _card),
    "gun": Device((*testbed.FAULTS, "mend", "unplug", "plug"), _gun),
    "camera": Device((*camera.FAULTS, "mend", "unplug", "plug"), _camera),
    "pad": Device((*gpio.FAULTS, "mend", "unplug", "plug"), _pad),
    "lamps": Device(("unplug", "plug"), _pad),
    "slip": Device((*printer.FAULTS, "mend", "plug"), _slip),
    "oled": Device((*display.FAULTS, "mend", "plug"), _oled),
}
"""By the device's word on the command line. Lamps and pad hang on the same wires."""
ALONE: Mapping[str, tuple[str, ...]] = {
    "keypad": keypad.FAULTS,
    "tower": tower.FAULTS,
    "voice": player.FAULTS,
}
"""Twins that no hall has; tests use them, keypad and tower can be begun by `ow-sim twin`."""


def check(device: str, name: str) -> None:
    """UsageFault with what there is, unless a hall's window has such a device and fault."""
    if device not in IN_HALL:
        raise UsageFault(f"a window of a hall has no {device!r}: say one of {', '.join(IN_HALL)}.")
    if name not in IN_HALL[device].names:
        named = ", ".join(IN_HALL[device].names)
        raise UsageFault(f"{device} has no fault {name!r}: say one of {named}.")


def strike(window: Window, device: str, name: str) -> None:
    """Let it happen; blocks until it has, or is armed for what the device does next.

    UsageFault as of `check`; another SimError if the twin has ended.
    """
    check(device, name)
    try:
        IN_HALL[device].strike(window, name)
    except OSError as error:
        raise PortFault(f"{device}: {error}; say `plug` or `mend` first.") from error


def listing() -> list[str]:
    """Lines for people: each device with the names of its faults."""
    hall = [f"  {device}: {' '.join(each.names)}" for device, each in IN_HALL.items()]
    alone = [f"  {device}: {' '.join(names)}" for device, names in ALONE.items()]
    return [
        "in a running hall (ow-sim fault TERMINAL DEVICE NAME):",
        *hall,
        "twins that no hall has (`ow-sim twin keypad`, `ow-sim twin tower`; the others in tests):",
        *alone,
    ]
