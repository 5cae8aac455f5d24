"""How soon a dead device is found: the sum of what each driver waits for, as it says itself.

That a driver does end when its device dies is shown beside this file, kind by kind.
"""

import importlib

import pytest

FOUND_WITHIN_S = 5.0


@pytest.mark.parametrize(
    "module",
    [
        "drivers.card_pcsc",  # pcscd restarted, killed or frozen; the reader unplugged
        "drivers.paper.camera",  # every camera: unplugged, or stalled
        "drivers.display_oled.driver",
        "drivers.id_serial",  # unplugged, or silent with its port still there
        "drivers.keypad_serial",
        "drivers.lamps_gpio",
        "drivers.lamps_tower_usb",
        "drivers.printer_cups.driver",  # cupsd killed, frozen, or the queue removed
        "drivers.printer_escpos.driver",  # in the middle of a slip too
        "drivers.rating_gpio",
        "drivers.scanner_hid",
        "drivers.scanner_serial",
        "drivers.voice.clips",  # the player failed or hung, or it or the card is gone
        "drivers.voice.command",
    ],
)
def test_a_dead_device_is_found_within_five_seconds(module: str) -> None:
    """Whatever it was doing when it died."""
    assert 0 < importlib.import_module(module).FOUND_S <= FOUND_WITHIN_S
