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
from typing import Any, Literal

from sim.errors import PortFault

PYTHON = "/usr/bin/python3"
GUN = "/dev/input/by-id/usb-Sim_HID_Barcode_Scanner_SN1-event-kbd"
I2C_BUS = "/dev/i2c-1"
DISPLAY_ADDRESS = 0x3C
SUFFIXES = {"cr": "\r", "tab": "\t", "none": ""}
PICTURE_SIZE = 64 * 16
Device = Literal["gun", "display"]
FAULTS = ("dropped", "pulled", "no_suffix", "pause", "layout", "caps", "busy")
"""What can go wrong with the gun: the kernel loses keys of the next scan; the cable comes out in
it; its end does not come; the gun pauses in it; it types a QWERTZ layout, or turns capitals over;
or another program has the gun when it is opened next, until `free`."""
PAUSE_S = 0.25
"""Longer than any gap that ends a code."""
_PULLED_AFTER = 10
_QWERTZ = str.maketrans("yzYZ-_;:=/", "zyZY/?<>)&")
"""What the US layout makes of keys that are these characters on a German keyboard."""
_WAIT_S = 10.0
_FOLDER = Path(__file__).resolve().parents[2]


class KernelTwin:
    """One window's kernel devices. A program sees them when it runs as `environment` says."""

    def __init__(self, *, suffix: str = "cr", key_ms: int = 10) -> None:
        self.root = ""
        self.grabbed = False
        """Whether a program has taken the gun for itself since it was plugged in."""
        self.last_key_ns = 0
        """When the last key of the last whole scan went down, by the monotonic clock."""
        self._suffix = SUFFIXES[suffix]
        self._key_ms = key_ms
        self._changed = threading.Condition()
        self._picture = bytes(PICTURE_SIZE)
        self.unknown: list[int] = []
        """Command bytes to the display that its data sheet does not list."""
        self.data_writes = 0
        """How often the display had been sent data when its picture last changed."""
        self.refused = 0
        """Writes to the display while it was not there."""
        self._cut_after: int | None = None
        self._fault: str | None = None
        self._busy: bool | None = None
        self._scans: list[dict[str, Any]] = []
        self._moved: dict[str, Any] = {}
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

    @property
    def pid(self) -> int | None:
        """The program's process; None when it does not run."""
        return None if self._child is None else self._child.pid

    def environment(self) -> tuple[dict[str, str], list[str]]:
        """(variables, command prefix) for a program that shall see these devices."""
        return {"UMOCKDEV_DIR": self.root}, ["umockdev-wrapper"]

    @property
    def picture(self) -> bytes:
        """What the display shows: 64 rows of 16 bytes, leftmost pixel in the highest bit."""
        return self._picture

    def scan(
        self, text: str, sent: Callable[[], None] | None = None, *, dropped: bool = False
    ) -> bool:
        """Read a code: type its text, then the suffix. Blocks until the last key is up.

        `dropped`: the kernel says in the middle that it lost events. False if nobody had the gun
        open all the time; otherwise `sent` has been called.
        """
        fault, self._fault = self._fault, None
        cut_after, self._cut_after = self._cut_after, None
        typed = _mistyped(text, fault) + ("" if fault == "no_suffix" else self._suffix)
        order = {
            "scan": typed,
            "key_ms": self._key_ms,
            "dropped": dropped or fault == "dropped",
            "cut_after": _PULLED_AFTER if fault == "pulled" else cut_after,
            "pause_s": PAUSE_S if fault == "pause" else 0,
        }
        longest_s = _WAIT_S + 4 * len(typed) * self._key_ms / 1000
        with self._ordering:
            before = len(self._scans)
            self._order(order)
            done = self.wait(lambda: len(self._scans) > before or self._ended, longest_s)
            whole = done and len(self._scans) > before and bool(self._scans[-1]["whole"])
            self.last_key_ns = self._scans[-1]["last_key_ns"] if whole else 0
        if whole and sent is not None:
            sent()
        return whole

    def fault(self, name: str) -> None:
        """The gun goes wrong so; `name` is one of FAULTS."""
        if name not in FAULTS:
            raise ValueError(f"the gun has no fault {name!r}")
        if name == "busy":
            self._be_busy(True)
        else:
            self._fault = name

    def free(self) -> None:
        """The other program lets go of the gun."""
        self._be_busy(False)

    def _be_busy(self, busy: bool) -> None:
        with self._ordering:
            self._order({"busy": busy})
            self.wait(lambda: self._busy == busy or self._ended, _WAIT_S)

    def pull_in_scan(self, after_reports: int) -> None:
        """Fault: the gun's cable comes out during the next scan, after so many key reports."""
        self._moved = {}
        self._cut_after = after_reports

    def wait_pulled(self, timeout_s: float) -> bool:
        """Block until the gun is out; False if it is not in time."""
        return self.wait(lambda: self._moved == {"unplugged": "gun"}, timeout_s)

    def unplug(self, device: Device = "gun") -> None:
        """Pull the device's cable; blocks until it is out, which is after a scan under way."""
        self._move("unplug", device)

    def plug(self, device: Device = "gun") -> None:
        """Connect the device again; blocks until it is in."""
        self._move("plug", device)

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each change. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def strike(self, name: str) -> None:
        """Let a fault hit the display; see sim.twins.display for their names."""
        self._ask({"strike": name}, {"struck": name})

    def pace(self, hz: int) -> None:
        """Let the display's bus take the time of a clock of so many Hz; 0: none."""
        self._ask({"pace": hz}, {"paced": hz})

    def bus_clocks(self) -> int:
        """How many clocks the display's bus has had so far."""
        self._ask({"count": "clocks"}, None)
        return int(self._moved["clocks"])

    def _move(self, verb: str, device: Device) -> None:
        self._ask({verb: device}, {f"{verb}ged": device})

    def _ask(self, order: Mapping[str, object], done: Mapping[str, object] | None) -> None:
        """Order something and block until it is done; None: until it is answered somehow.

        PortFault if it is not in time.
        """
        with self._ordering:
            self._moved = {}
            self._order(order)
            if not self.wait(lambda: self._answered(done), _WAIT_S) or self._ended:
                what = " ".join(f"{verb} {thing}" for verb, thing in order.items())
                raise PortFault(f"the testbed did not {what}.")

    def _answered(self, done: Mapping[str, object] | None) -> bool:
        return self._ended or (bool(self._moved) if done is None else self._moved == done)

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
            elif message.keys() & {"plugged", "unplugged", "struck", "paced", "clocks"}:
                self._moved = message
                self.grabbed = self.grabbed and message != {"unplugged": "gun"}
            elif "busy" in message:
                self._busy = message["busy"]
            elif "refused" in message:
                self.refused = message["refused"]
            elif "grabbed" in message:
                self.grabbed = message["grabbed"]
            elif "picture" in message:
                self._picture = base64.b64decode(message["picture"])
                self.unknown = message["unknown"]
                self.data_writes = message["data_writes"]
            self._changed.notify_all()


def _mistyped(text: str, fault: str | None) -> str:
    if fault == "layout":
        return text.translate(_QWERTZ)
    return text.swapcase() if fault == "caps" else text
