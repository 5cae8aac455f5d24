"""One window's kernel devices without a kernel: an evdev barcode gun and an SSD1306 on I2C.

Runs under the system's python3, which has umockdev's binding, as `python3 -m sim.testbed`; another
program starts it and talks to it in JSON lines. Ends with its standard input.

    to it      {"scan": "OW:T:…\\r", "key_ms": 10, "dropped": false, "cut_after": null,
                "pause_s": of silence in the middle}
               {"busy": true} when another program shall have taken the gun, and false
               {"unplug": "gun"}   {"plug": "gun"}   and the same with "display"
               {"strike": "reset"}   the display; or "unheard", "stuck", "mend": see its twin
               {"pace": 400000}   the display's bus from now on, in Hz; 0: it takes no time
               {"count": "clocks"}   of the display's bus
    from it    {"root": "/tmp/umockdev.…"} once
               {"scanned": "OW:T:…\\r", "at": unix seconds, "whole": heard by somebody,
                "last_key_ns": of the monotonic clock, when the last key went down}
               {"busy": true}  {"plugged": "gun"}  {"unplugged": "gun"}  when it is done
               {"refused": n} when writes came to a display that is not there, n so far
               {"grabbed": true} when a program takes the gun for itself, false when it lets go
               {"picture": base64 of 64 rows of 16 bytes, "unknown": […], "data_writes": …}
               whenever the picture has changed

A program sees the devices when it runs under `umockdev-wrapper` with UMOCKDEV_DIR set to `root`.
It must end before we do: umockdev aborts a program whose testbed is gone.
"""

import base64
import json
import os
import select
import shutil
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gi

from sim.testbed import i2c, keyboard
from sim.testbed.ssd1306 import Ssd1306

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # noqa: E402  (the version must be chosen first)

_PICTURE_EVERY_MS = 50
_KEY_MS = 10
_LATE_S = 0.08
_FLUSH = os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK


class Testbed:
    """The devices, and the main loop that serves their ioctls."""

    def __init__(self) -> None:
        self._bed = UMockdev.Testbed.new()
        self._root = Path(self._bed.get_root_dir())
        self._chip = Ssd1306()
        self._shown: tuple[bytes, int] = (b"", 0)
        self._seen_writes = -1
        self._seen_refused = 0
        self._loop = GLib.MainLoop()
        self._moves = {
            ("plug", "gun"): self._add_gun,
            ("unplug", "gun"): self._remove_gun,
            ("plug", "display"): self._add_display,
            ("unplug", "display"): self._remove_display,
        }
        self._strikes = {
            "reset": self._reset_display,
            "unheard": self._lose_write,
            "stuck": self._hold_bus,
            "mend": self._mend_bus,
        }
        self._guns = -1
        self._node: int | None = None
        self._keys = keyboard.Node(lambda taken: tell({"grabbed": taken}))
        self._gun = _handler(self._keys.handle)
        self._add_gun()
        self._bus = i2c.Bus(self._chip)
        self._wires = _handler(self._bus.handle)
        self._bed.add_from_string(i2c.DEVICE)
        self._bed.attach_ioctl(i2c.PATH, self._wires)

    def run(self) -> None:
        """Serve until standard input ends."""
        tell({"root": str(self._root)})
        GLib.timeout_add(_PICTURE_EVERY_MS, self._tell_picture)
        threading.Thread(target=self._obey, daemon=True, name="orders").start()
        self._loop.run()
        shutil.rmtree(self._root, ignore_errors=True)

    def _add_gun(self) -> None:
        if self._node is not None:
            return
        # A number of its own each time: umockdev does not give a used node's name again.
        self._guns += 1
        self._bed.add_from_string(keyboard.device(self._guns))
        self._bed.attach_ioctl(keyboard.PATH, self._gun)
        self._node = self._bed.get_dev_fd(keyboard.node(self._guns))
        # A full buffer must lose events, as the kernel's does, and not stop us.
        os.set_blocking(self._node, False)

    def _remove_gun(self) -> None:
        if self._node is None:
            return
        terminal = (self._root / keyboard.node(self._guns).lstrip("/")).readlink()
        self._bed.detach_ioctl(keyboard.PATH)
        # The node is a pty whose master ends the reader's blocking read, as a real unplug does.
        os.close(self._node)
        self._node = None
        self._bed.remove_device("/sys" + keyboard.sysfs(self._guns))
        (self._root / keyboard.PATH.lstrip("/")).unlink(missing_ok=True)
        # umockdev leaves this behind, and fails when the next gun gets the same terminal.
        (self._root / "dev/.ptymap" / str(terminal).replace("/", "_")).unlink(missing_ok=True)

    def _add_display(self) -> None:
        self._bus.connect(self._chip)

    def _remove_display(self) -> None:
        self._forget()
        self._bus.connect(None)

    def _reset_display(self) -> None:
        self._forget()
        self._bus.connect(self._chip)

    def _forget(self) -> None:
        """Without power it is dark, and knows nothing when it comes back."""
        self._chip = Ssd1306()
        self._seen_writes = -1

    def _lose_write(self) -> None:
        self._bus.unheard = 1

    def _hold_bus(self) -> None:
        self._bus.stuck = True

    def _mend_bus(self) -> None:
        self._bus.unheard, self._bus.stuck = 0, False

    def _tell_picture(self) -> bool:
        if self._bus.refused != self._seen_refused:
            self._seen_refused = self._bus.refused
            tell({"refused": self._seen_refused})
        if self._chip.writes != self._seen_writes:
            self._seen_writes = self._chip.writes
            now = (self._chip.picture(), len(self._chip.unknown))
            if now != self._shown:
                self._shown = now
                tell(
                    {
                        "picture": base64.b64encode(now[0]).decode(),
                        "unknown": self._chip.unknown,
                        "data_writes": self._chip.data_writes,
                    }
                )
        return True

    def _obey(self) -> None:
        for line in sys.stdin:
            order = json.loads(line)
            if "scan" in order:
                self._scan(order)
            elif "busy" in order:
                self._keys.busy = order["busy"]
                tell(order)
            elif "strike" in order:
                self._in_loop(self._strikes[order["strike"]])
                tell({"struck": order["strike"]})
            elif "pace" in order:
                self._bus.hz = order["pace"] or None
                tell({"paced": order["pace"]})
            elif "count" in order:
                tell({"clocks": self._bus.clocks})
            else:
                [(verb, device)] = order.items()
                self._in_loop(self._moves[verb, device])
                tell({f"{verb}ged": device})
        # Within the loop: asked for before it runs, it would not be heard.
        GLib.idle_add(self._loop.quit)

    def _in_loop(self, change: Callable[[], None]) -> None:
        """Change the devices in the thread that serves their ioctls."""
        done = threading.Event()

        def once() -> bool:
            change()
            done.set()
            return False

        GLib.idle_add(once)
        done.wait()

    def _scan(self, order: dict[str, Any]) -> None:
        pause_s = order.get("key_ms", _KEY_MS) / 1000
        whole, typed_at, last_key_ns = True, time.monotonic(), 0
        reports = keyboard.strokes(order["scan"], dropped=order.get("dropped", False))
        for number, report in enumerate(reports):
            if number == len(reports) // 2 and order.get("pause_s"):
                time.sleep(order["pause_s"])
                typed_at = time.monotonic()
            if number == order.get("cut_after"):
                # Pulled out in the middle of a code.
                self._in_loop(self._remove_gun)
                tell({"unplugged": "gun"})
            if time.monotonic() - typed_at > _LATE_S:
                # This machine held us up. No gun pauses in a code, but a kernel can lose keys.
                self._type(keyboard.packed(keyboard.DROPPED, time.time()))
                whole = False
            typed_at = time.monotonic()
            if keyboard.is_stroke(report):
                last_key_ns = time.monotonic_ns()
            whole = self._type(keyboard.packed(report, time.time())) and whole
            time.sleep(pause_s)  # a gun's own pace, a key every 8 to 16 ms
        tell(
            {
                "scanned": order["scan"],
                "at": time.time(),
                "whole": whole,
                "last_key_ns": last_key_ns,
            }
        )

    def _type(self, events: bytes) -> bool:
        """Whether a program that has the node open got these events; nobody gets them later."""
        if self._node is None:
            return False
        poll = select.poll()
        poll.register(self._node, 0)
        if poll.poll(0):  # POLLHUP: nobody has the other end open
            self._forget_unread()
            return False
        try:
            return os.write(self._node, events) == len(events)
        except BlockingIOError:
            return False

    def _forget_unread(self) -> None:
        """A program that is gone takes along what it had not read; a pty would keep it."""
        end = os.open(self._root / keyboard.node(self._guns).lstrip("/"), _FLUSH)
        try:
            termios.tcflush(end, termios.TCIFLUSH)
        finally:
            os.close(end)


def _handler(handle: Callable[[Any], bool]) -> Any:
    """An ioctl handler of umockdev that answers with `handle`."""
    handler = UMockdev.IoctlBase()
    handler.connect("handle-ioctl", lambda _handler, client: handle(client))
    return handler


def tell(message: dict[str, Any]) -> None:
    """One line to whoever started us, from any thread: print would write its end apart."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    Testbed().run()
