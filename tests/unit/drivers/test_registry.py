"""Drivers by name: found, or refused; never guessed."""

import subprocess
import sys

import pytest

from drivers.registry import DRIVERS, load
from hal.clock import SystemClock
from hal.errors import ConfigurationError

OPTIONS: dict[str, dict[str, object]] = {
    "camera_files": {"path": "/nowhere"},
    "camera_picamera2": {"width_px": 4608, "height_px": 2592},
    "camera_v4l2": {"path": "/dev/null"},
    "card_pcsc": {"reader": "None 00 00"},
    "display_oled": {"bus": "/dev/null"},
    "id_serial": {"port": "/dev/null"},
    "keypad_serial": {"port": "/dev/null"},
    "lamps_tower_usb": {"port": "/dev/null"},
    "printer_cups": {"queue": "a4"},
    "printer_escpos": {"port": "/dev/null"},
    "scanner_hid": {"path": "/dev/null"},
    "scanner_serial": {"port": "/dev/null"},
    "voice_clips": {"packs": ["/nowhere"]},
    "voice_command": {"command": ["/nowhere"]},
    "lamps_gpio": {"red": 1, "yellow": 2, "green": 3, "factory": "socket:/nowhere"},
    "rating_gpio": {
        "buttons": [5, 6, 13, 19, 26],
        "lamps": [12, 16, 20, 21, 25],
        "factory": "socket:/nowhere",
    },
}


def test_every_driver_has_options_here() -> None:
    """A driver added to the table is built by the test below."""
    assert OPTIONS.keys() == DRIVERS.keys()


@pytest.mark.parametrize("name", DRIVERS)
def test_every_driver_can_be_built_and_touches_nothing(name: str) -> None:
    """It says its role, reads its options, and constructing opens no port."""
    spec = load(name)
    device = spec.build(spec.configure(OPTIONS[name]), SystemClock())
    assert device.role == spec.role
    device.close()


@pytest.mark.parametrize("name", DRIVERS)
def test_an_unknown_option_is_an_error(name: str) -> None:
    """A misspelt key must not be ignored."""
    with pytest.raises(ConfigurationError, match="colour"):
        load(name).configure({**OPTIONS[name], "colour": "red"})


@pytest.mark.parametrize("name", DRIVERS)
def test_a_missing_option_is_an_error(name: str) -> None:
    """Nothing is assumed about a port."""
    with pytest.raises(ConfigurationError, match=name):
        load(name).configure({})


def test_an_unknown_driver_names_those_that_exist() -> None:
    """The technician reads what to write instead."""
    with pytest.raises(ConfigurationError, match=r"scanner_psychic.*id_serial"):
        load("scanner_psychic")


def test_the_table_alone_imports_no_library() -> None:
    """A window without GPIO needs no GPIO library: modules come only when asked for."""
    code = (
        "import sys, drivers.registry;"
        "print([m for m in ('serial', 'gpiozero', 'lgpio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
