"""One window's kernel devices without a kernel: an evdev barcode gun and an SSD1306 on I2C.

Runs under the system's python3, which has umockdev's binding, as `python3 -m sim.testbed`; another
program starts it and talks to it in JSON lines.

    to it      {"scan": "OW:T:…", "key_ms": 10, "dropped": false}
               {"unplug": "gun"}   {"plug": "gun"}
    from it    {"root": "/tmp/umockdev.…"} once     {"scanned": "OW:T:…", "at": unix seconds}
               {"picture": base64 of 64 rows of 16 bytes, "unknown": […]} whenever it has changed

A program sees the devices when it runs under `umockdev-wrapper` with UMOCKDEV_DIR set to `root`.
"""

import base64
import json
import os
import sys
import threading
import time
from typing import Any

import gi

from sim.testbed import i2c, keyboard
from sim.testbed.ssd1306 import Ssd1306

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # noqa: E402  (the version must be chosen first)

_PICTURE_EVERY_MS = 50
_KEY_MS = 10


class Testbed:
    """The devices, and the main loop that serves their ioctls."""

    def __init__(self) -> None:
        self._bed = UMockdev.Testbed.new()
        self._chip = Ssd1306()
        self._bus = i2c.Bus(self._chip, self._chip.address)
        self._handler = UMockdev.IoctlBase()
        self._shown: tuple[bytes, int] = (b"", 0)
        self._seen_writes = -1
        self._loop = GLib.MainLoop()
        self._add_gun()
        self._bed.add_from_string(i2c.DEVICE)
        self._handler.connect("handle-ioctl", lambda _handler, client: self._bus.handle(client))
        self._bed.attach_ioctl(i2c.PATH, self._handler)

    def run(self) -> None:
        """Serve until standard input ends."""
        tell({"root": self._bed.get_root_dir()})
        GLib.timeout_add(_PICTURE_EVERY_MS, self._tell_picture)
        threading.Thread(target=self._obey, daemon=True, name="orders").start()
        self._loop.run()

    def _add_gun(self) -> None:
        self._bed.add_from_string(keyboard.DEVICE)
        path = self._bed.get_root_dir() + "/gun.ioctl"
        with open(path, "w", encoding="ascii") as file:
            file.write(keyboard.ioctl_file())
        self._bed.load_ioctl(keyboard.PATH, path)

    def _remove_gun(self) -> None:
        # The node is a pty whose master ends the reader's blocking read, as a real unplug does.
        os.close(self._bed.get_dev_fd(keyboard.PATH))
        self._bed.remove_device(keyboard.SYSFS)

    def _tell_picture(self) -> bool:
        if self._chip.writes != self._seen_writes:
            self._seen_writes = self._chip.writes
            now = (self._chip.picture(), len(self._chip.unknown))
            if now != self._shown:
                self._shown = now
                picture = base64.b64encode(now[0]).decode()
                tell({"picture": picture, "unknown": self._chip.unknown})
        return True

    def _obey(self) -> None:
        for line in sys.stdin:
            order = json.loads(line)
            if "scan" in order:
                self._scan(order)
            elif order.get("unplug") == "gun":
                self._remove_gun()
            elif order.get("plug") == "gun":
                self._add_gun()
        self._loop.quit()

    def _scan(self, order: dict[str, Any]) -> None:
        pause_s = order.get("key_ms", _KEY_MS) / 1000
        node = self._bed.get_dev_fd(keyboard.PATH)
        for report in keyboard.strokes(order["scan"], dropped=order.get("dropped", False)):
            with open(node, "wb", buffering=0, closefd=False) as file:
                file.write(keyboard.packed(report, time.time()))
            time.sleep(pause_s)  # a gun's own pace, a key every 8 to 16 ms
        tell({"scanned": order["scan"], "at": time.time()})


def tell(message: dict[str, Any]) -> None:
    """One line to whoever started us."""
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    Testbed().run()
