"""A barcode gun in keyboard mode (扫码枪): the key strokes of one evdev node, taken for ourselves.

Source: docs/protocols/barcode-gun-hid.md.
"""

import errno
import os
import select
from collections.abc import Sequence
from threading import Event, Lock
from typing import Annotated

import evdev
import msgspec

from hal.clock import Clock
from hal.codecs.hid_keys import EV_KEY, EV_SYN, SYN_DROPPED, HidKeys, with_capitals
from hal.codecs.scan import ScanLines, Suffix, code_of, refusal
from hal.errors import DeviceLost
from hal.events.facts import CodeScanned
from hal.interfaces import CodeRead, Report, Role, Unreadable

_IDLE_S = 0.5
FOUND_S = _IDLE_S
"""No later than this after the gun was unplugged, `watch` ends with DeviceLost."""
_START_GAP_S = 0.1  # a gun types a key every 8 to 16 ms
_MOST_DISCARDED = 10_000  # reads; more than the longest code has


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`path` is the gun's node, best its link below /dev/input/by-id.

    A silence of `gap_s` ends a code without suffix, and makes one with a suffix incomplete.
    """

    path: str
    suffix: Suffix = "cr"
    gap_s: Annotated[float, msgspec.Meta(ge=0.03, le=1)] = 0.1


class ScannerHid:
    """See hal.interfaces.Device. A code of which keys were lost is told as unreadable."""

    role: Role = "code"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._node: _Node | None = None

    def open(self) -> None:
        node = _Node(self._options.path)
        self._node = node
        with node:
            # A gun may be in the middle of a code, whose end must not be taken for a whole one.
            node.await_silence(_START_GAP_S)

    def watch(self, report: Report, stop: Event) -> None:
        node = self._node
        if node is None:
            raise DeviceLost("the gun is not open")
        typing = _Typing(self._options.suffix)
        silent_s = self._now_s() + self._options.gap_s
        with node:
            while not stop.is_set():
                wait_s = max(0.0, silent_s - self._now_s()) if typing.waiting else _IDLE_S
                events = node.read(wait_s)
                if any(_goes_on(*each) for each in events):
                    silent_s = self._now_s() + self._options.gap_s
                for code in typing.feed(events) if events else typing.gap():
                    _tell(code, report)
                    if code.integrity == "timeout":
                        # What comes after all is the rest of the code that was refused.
                        node.await_silence(_IDLE_S)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9

    def close(self) -> None:
        if self._node is not None:
            self._node.close()


def _goes_on(kind: int, code: int, value: int) -> bool:
    """Whether this event is of a code that is being typed: not so the release of its last key."""
    return (kind, value) == (EV_KEY, 1) or (kind, code) == (EV_SYN, SYN_DROPPED)


def _tell(code: CodeScanned, report: Report) -> None:
    error = refusal(code)
    report(CodeRead(code) if error is None else Unreadable(error))


def _upright(code: CodeScanned) -> CodeScanned:
    """The code as it is printed, whatever caps lock did to it on its way."""
    typed = code.text or ""
    printed = with_capitals(typed)
    if printed == typed:
        return code
    again = code_of(printed.encode(), code.integrity)
    return msgspec.structs.replace(again, aim_id=code.aim_id, symbology=code.symbology)


class _Typing:
    """Events in, codes out; a code of which the kernel lost keys is marked as dropped."""

    def __init__(self, suffix: Suffix) -> None:
        self._keys = HidKeys()
        self._lines = ScanLines(suffix)

    @property
    def waiting(self) -> bool:
        """Whether a code has begun and not ended, or something was lost of which nothing came."""
        return self._lines.waiting or self._keys.dropped

    def feed(self, events: Sequence[tuple[int, int, int]]) -> list[CodeScanned]:
        """The codes that these (type, code, value) complete."""
        # One by one: what is lost after the end of a code belongs to the next.
        return [
            self._judged(code)
            for event in events
            for code in self._lines.feed(self._keys.feed(*event).encode("ascii"))
        ]

    def gap(self) -> list[CodeScanned]:
        """What is due after a silence."""
        if self._keys.dropped and not self._lines.waiting:
            self._keys.taken()
            return [CodeScanned(integrity="dropped")]
        return [self._judged(code) for code in self._lines.gap()]

    def _judged(self, code: CodeScanned) -> CodeScanned:
        dropped = self._keys.dropped
        self._keys.taken()
        if dropped:
            return msgspec.structs.replace(code, integrity="dropped")
        return _upright(code)


class _Node:
    """The grabbed evdev node. One thread reads, in `with`; `close` may come from another.

    While somebody reads, closing only wakes the reader, who then lets go: a file number closed
    under a reader may already be somebody else's file.
    """

    def __init__(self, path: str) -> None:
        """Open and grab it, so that a scan is typed into no login prompt. DeviceLost if not."""
        self._path = path
        try:
            self._device = evdev.InputDevice(path)
        except OSError as error:
            cause = f"cannot open {path}: {error.strerror}"
            raise DeviceLost(cause, remedy="configure") from error
        try:
            self._device.grab()
        except OSError as error:
            self._device.close()
            busy = error.errno == errno.EBUSY
            why = "another program has taken it; end that program" if busy else error.strerror
            cause = f"cannot take {path} for ourselves: {why}"
            raise DeviceLost(cause, remedy="configure", code=error.errno) from error
        self._wake = os.eventfd(0)
        self._poll = select.poll()
        self._poll.register(self._device.fd, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._lock = Lock()
        self._reading = self._closing = self._closed = False

    def __enter__(self) -> "_Node":
        with self._lock:
            self._reading = True
        return self

    def __exit__(self, *_failure: object) -> None:
        with self._lock:
            self._reading = False
            if self._closing:
                self._let_go()

    def read(self, timeout_s: float) -> list[tuple[int, int, int]]:
        """(type, code, value) of what has come; empty when nothing did within the time.

        DeviceLost when the gun is gone, or `close` was called.
        """
        ready = {} if self._closing else dict(self._poll.poll(timeout_s * 1000))
        if self._closing:
            raise DeviceLost(f"{self._path} was closed")
        if self._device.fd not in ready:
            return []
        try:
            events = [(each.type, each.code, each.value) for each in self._device.read()]
        except BlockingIOError:
            events = []
        except OSError as error:
            raise DeviceLost(f"{self._path} is gone", remedy="reset") from error
        if not events and ready[self._device.fd] & ~select.POLLIN:
            raise DeviceLost(f"{self._path} is gone", remedy="reset")
        return events

    def await_silence(self, quiet_s: float) -> None:
        """Discard what comes until nothing does for so long, or a key seems to be stuck."""
        for _ in range(_MOST_DISCARDED):
            if not self.read(quiet_s):
                return

    def close(self) -> None:
        """End a read under way and let go of the node. A second call does nothing."""
        with self._lock:
            self._closing = True
            if self._reading:
                os.eventfd_write(self._wake, 1)
            else:
                self._let_go()

    def _let_go(self) -> None:
        if not self._closed:
            self._closed = True
            self._device.close()
            os.close(self._wake)
