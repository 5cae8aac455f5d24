"""The handle on one testbed: a window's barcode gun as keyboard, and its small display.

The testbed is a program of its own under the system's python3 (see sim/testbed/__main__.py for its
lines); it ends with its standard input, so also when we are killed.
"""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sim.errors import PortFault

PYTHON = "/usr/bin/python3"
GUN = "/dev/input/by-id/usb-Sim_HID_Barcode_Scanner_SN1-event-kbd"
I2C_BUS = "/dev/i2c-1"
DISPLAY_ADDRESS = 0x3C
SUFFIXES = {"cr": "\r", "tab": "\t", "none": ""}
PICTURE_SIZE = 64 * 16
_WAIT_S = 10.0
_FOLDER = Path(__file__).resolve().parents[2]


class KernelTwin:
    """One window's kernel devices. A program sees them when it runs as `environment` says."""

    def __init__(self, *, suffix: str = "cr", key_ms: int = 10) -> None:
        self.root = ""
        self.grabbed = False
        """Whether a program has taken the gun for itself since it was plugged in."""
        self._suffix = SUFFIXES[suffix]
        self._key_ms = key_ms
        self._changed = threading.Condition()
        self._picture = bytes(PICTURE_SIZE)
        self._unknown: list[int] = []
        self._scans: list[dict[str, Any]] = []
        self._plugged = True
        self._ended = False
        self._ordering = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the program; the folder that UMOCKDEV_DIR must name. PortFault if it cannot."""
        try:
            child = subprocess.Popen(
                [PYTHON, "-m", "sim.testbed"],
                cwd=_FOLDER,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        except OSError as error:
            raise PortFault(f"{PYTHON} cannot be started: {error.strerror}.") from error
        self._child = child
        threading.Thread(target=self._listen, args=(child,), daemon=True, name="testbed").start()
        if not self.wait(lambda: bool(self.root) or self._ended, _WAIT_S) or self._ended:
            self.stop()
            raise PortFault(
                "the testbed did not start; install umockdev, gir1.2-umockdev-1.0 and python3-gi."
            )
        return self.root

    def stop(self) -> None:
        """End the program. A second call does nothing.

        First end whoever sees its devices: umockdev aborts a program whose testbed is gone.
        """
        child, self._child = self._child, None
        if child is None or child.stdin is None:
            return
        child.stdin.close()
        try:
            child.wait(_WAIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def environment(self) -> tuple[dict[str, str], list[str]]:
        """(variables, command prefix) for a program that shall see these devices."""
        return {"UMOCKDEV_DIR": self.root}, ["umockdev-wrapper"]

    @property
    def picture(self) -> bytes:
        """What the display shows: 64 rows of 16 bytes, leftmost pixel in the highest bit."""
        return self._picture

    @property
    def unknown(self) -> list[int]:
        """Command bytes that the display's data sheet does not list."""
        return self._unknown

    def scan(
        self, text: str, sent: Callable[[], None] | None = None, *, dropped: bool = False
    ) -> bool:
        """Read a code: type its text, then the suffix. Blocks until the last key is up.

        `dropped`: the kernel says in the middle that it lost events. False if nobody had the gun
        open all the time; otherwise `sent` has been called.
        """
        typed = text + self._suffix
        order = {"scan": typed, "key_ms": self._key_ms, "dropped": dropped}
        longest_s = _WAIT_S + 4 * len(typed) * self._key_ms / 1000
        with self._ordering:
            before = len(self._scans)
            self._order(order)
            done = self.wait(lambda: len(self._scans) > before or self._ended, longest_s)
            whole = done and len(self._scans) > before and bool(self._scans[-1]["whole"])
        if whole and sent is not None:
            sent()
        return whole

    def unplug(self) -> None:
        """Pull the gun's cable; blocks until it is out."""
        self._move("unplug", False)

    def plug(self) -> None:
        """Connect the gun again; blocks until it is in."""
        self._move("plug", True)

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each change. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def _move(self, verb: str, plugged: bool) -> None:
        with self._ordering:
            self._order({verb: "gun"})
            if not self.wait(lambda: self._plugged == plugged or self._ended, _WAIT_S):
                raise PortFault(f"the testbed did not {verb} the gun.")

    def _order(self, order: Mapping[str, object]) -> None:
        child = self._child
        if child is None or child.stdin is None:
            raise PortFault("the testbed is not running.")
        try:
            child.stdin.write(json.dumps(order).encode() + b"\n")
            child.stdin.flush()
        except OSError as error:
            raise PortFault("the testbed has ended.") from error

    def _listen(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        with child.stdout as lines:
            for line in lines:
                self._hear(line)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _hear(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            # Complaints of the libraries below: for whoever looks at our own.
            sys.stderr.buffer.write(line)
            return
        with self._changed:
            if "root" in message:
                self.root = message["root"]
            elif "scanned" in message:
                self._scans.append(message)
            elif "plugged" in message:
                self._plugged = message["plugged"]
                self.grabbed = False
            elif "grabbed" in message:
                self.grabbed = message["grabbed"]
            elif "picture" in message:
                self._picture = base64.b64decode(message["picture"])
                self._unknown = message["unknown"]
            self._changed.notify_all()
