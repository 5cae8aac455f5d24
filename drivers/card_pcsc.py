"""A contact card reader under PC/SC: social-security cards (社会保障卡) through pcscd.

Source: docs/protocols/social-security-card.md, "Time". pyscard runs in a process of its own,
`drivers.card_pcsc_child`, which is killed when it is silent: PC/SC's transmit cannot be ended
otherwise. The child says every ALIVE_S that pcscd answers. Without that pcscd hangs; with it, and
without an end of the reading, the card does.
"""

import os
import select
import subprocess
import sys
from math import inf
from threading import Event, Lock
from time import monotonic

import msgspec

from drivers.card_pcsc_child import Alive, Failed, Inserted, Line, Lost, Read, Ready, Taken
from hal.clock import Clock
from hal.errors import DeviceLost, DeviceRefused, WireError
from hal.interfaces import CardInserted, CardTaken, Report, Role, SocialSecurityCardRead, Unreadable

READ_S = 1.8
"""Three times what a card needs at 9600 baud. With the reader's own search for cards before it and
ALIVE_S behind it, the owner of a card that is silent is told within 3 s."""
SILENCE_S = 3.0
FOUND_S = SILENCE_S
"""No later than this after pcscd froze, died or lost the reader, `watch` ends with DeviceLost."""
_START_S = 10.0  # a Pi that starts everything at once
_CHUNK_SIZE = 65536


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`reader` is the exact PC/SC name. `socket` is pcscd's, where it is not the machine's own."""

    reader: str
    socket: str | None = None


class CardPcsc:
    """See hal.interfaces.Device. A card is read once, when it comes or when the reader opens."""

    role: Role = "card"

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._lock = Lock()
        self._child: _Child | None = None
        self._is_open = False

    def open(self) -> None:
        """DeviceLost if pcscd is not there or does not know the reader."""
        self._is_open = True
        self._start(None)

    def watch(self, report: Report, stop: Event) -> None:
        child = self._child
        if child is None:
            raise DeviceLost("the card reader is not open")
        reading: Inserted | None = None
        read_until_s = inf
        while not stop.is_set():
            try:
                line = child.next(SILENCE_S)
                if line is None:
                    raise DeviceLost("pcscd does not answer", remedy="reset")
                if not isinstance(line, Alive):
                    reading = line if isinstance(line, Inserted) else None
                    read_until_s = monotonic() + READ_S
                    self._tell(line, report)
                # Only now that pcscd has been heard the card is to blame.
                elif reading is not None and monotonic() >= read_until_s:
                    report(Unreadable(WireError("the card does not answer", remedy="clear")))
                    child, reading = self._start(reading.event), None
            except DeviceLost:
                if not stop.is_set():
                    raise

    def close(self) -> None:
        with self._lock:
            self._is_open = False
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def _start(self, event: int | None) -> "_Child":
        """A new child in place of the one before; `event` is of a card already told of."""
        with self._lock:
            if self._child is not None:
                self._child.end()
            if not self._is_open:
                raise DeviceLost("the card reader was closed")
            child = self._child = _Child(self._options, event)
        first = child.next(_START_S)
        if isinstance(first, Lost):
            raise _lost(first)
        if not isinstance(first, Ready):
            raise DeviceLost("pcscd does not answer", remedy="reset")
        return child

    def _tell(self, line: Line, report: Report) -> None:
        slot = self._options.reader
        match line:
            case Inserted():
                report(CardInserted(slot, line.atr_family))
            case Read():
                report(SocialSecurityCardRead(line.card))
            case Failed():
                kind = DeviceRefused if line.refused else WireError
                report(Unreadable(kind(line.cause, remedy=line.remedy, code=line.code)))
            case Taken():
                report(CardTaken(slot))
            case Lost():
                raise _lost(line)


def _lost(line: Lost) -> DeviceLost:
    return DeviceLost(line.cause, remedy=line.remedy, code=line.code)


class _Child:
    """One child process. `end` may be called from any thread, `next` from one."""

    def __init__(self, options: Options, event: int | None) -> None:
        command = [sys.executable, "-P", "-m", "drivers.card_pcsc_child", options.reader]
        where = {} if options.socket is None else {"PCSCLITE_CSOCK_NAME": options.socket}
        # A group of its own: Ctrl-C is the parent's affair. No errors' text: it may be personal.
        self._process = subprocess.Popen(
            command if event is None else [*command, str(event)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **where},
            process_group=0,
        )
        self._listening = Lock()
        self._heard = b""

    def next(self, timeout_s: float) -> Line | None:
        """The next line; None when the time is over. DeviceLost when the child has ended."""
        deadline_s = monotonic() + timeout_s
        while b"\n" not in self._heard:
            chunk = self._hear(deadline_s - monotonic())
            if chunk is None:
                return None
            if not chunk:
                raise DeviceLost("the card process has ended", remedy="reset")
            self._heard += chunk
        line, _, self._heard = self._heard.partition(b"\n")
        decoded: Line = msgspec.json.decode(line, type=Line)
        return decoded

    def _hear(self, timeout_s: float) -> bytes | None:
        with self._listening:
            output = self._process.stdout
            if output is None or output.closed:
                return b""
            ready, _, _ = select.select([output], [], [], max(0.0, timeout_s))
            return os.read(output.fileno(), _CHUNK_SIZE) if ready else None

    def end(self) -> None:
        """Kill it and let go of its pipes. A second call does nothing."""
        self._process.kill()
        self._process.wait()
        # Its death ends a `next` under way, which then gives the lock back.
        with self._listening:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
