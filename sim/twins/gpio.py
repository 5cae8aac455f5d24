"""The other end of the GPIO wires: buttons that people press, lamps that they see.

We listen on a unix socket; each of the terminal's drivers opens a connection. Lines of text:
`in PIN LEVEL` from us (on connecting, the level of every button), `out PIN LEVEL` to us when a
lamp changes. Buttons pull to ground: pressed is 0, idle 1. A lamp whose connection ends is dark,
as a line is that no process holds any more.
"""

import contextlib
import logging
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.errors import PortFault

PRESSED, IDLE = 0, 1
BOUNCE_S = (0.0006, 0.0011, 0.0004, 0.0009)
"""Seconds between the edges of a closing contact: five edges in 3 ms, then still."""
HOLD_S = 0.12
LONG_BOUNCE_S = (0.004, 0.003, 0.005, 0.004)
"""A worn contact: 16 ms, and never still for as long as a driver waits."""
FAULTS = ("stuck", "spike", "long_bounce", "cut")
"""What can go wrong with a press: the key hangs until `release`; a level that does not last; a worn
contact; all wires come off."""
_LATE_S = 0.005
_REMEMBERED_EDGES = 4096
_LONGEST_LINE = 64
_OUT = re.compile(rb"out ([0-9]{1,3}) ([01])")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Edge:
    """A lamp changed: `level` 1 or 0, or None when its connection ended."""

    pin: int
    level: int | None


@dataclass(frozen=True)
class Mark:
    """A moment to look back to: how many edges there were, and which lamps were lit."""

    count: int
    levels: dict[int, int | None] = field(default_factory=dict)


class GpioTwin:
    """Buttons and lamps of one window. `say` hears each lamp's pin and `on`, `off`, `dark`."""

    def __init__(
        self,
        path: Path,
        buttons: Sequence[int],
        say: Callable[[int, str], None] | None = None,
    ) -> None:
        self.path = path
        self._pressed = dict.fromkeys(buttons, IDLE)
        self._say = say
        self._changed = threading.Condition()
        self._levels: dict[int, int | None] = {}
        self._edges: deque[Edge] = deque(maxlen=_REMEMBERED_EDGES)
        self._count = 0
        self._last_change = time.monotonic()
        self._connections: set[socket.socket] = set()
        self._writing = threading.Lock()
        self._listener: socket.socket | None = None
        self._fault: str | None = None

    def open(self) -> None:
        """Listen; PortFault if the socket cannot be made there. A second call does nothing."""
        if self._listener is not None:
            return
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)
            listener.bind(str(self.path))
        except OSError as error:
            listener.close()
            raise PortFault(f"{self.path}: {error}; choose another --socket.") from error
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True, name="gpio").start()

    def close(self) -> None:
        """Stop listening and end every connection."""
        if self._listener is None:
            return
        for end in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        self.path.unlink(missing_ok=True)

    @property
    def connected(self) -> bool:
        """Whether a terminal holds any of the wires."""
        return bool(self._connections)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._writing:
                self._connections.add(connection)
                for pin, level in self._pressed.items():
                    self._tell(connection, pin, level)
            threading.Thread(
                target=self._listen, args=(connection,), daemon=True, name="gpio wire"
            ).start()

    def _listen(self, connection: socket.socket) -> None:
        mine: set[int] = set()
        try:
            with connection.makefile("rb") as lines:
                while line := lines.readline(_LONGEST_LINE):
                    self._hear(line.strip(), mine)
        except OSError:
            _log.debug("a terminal's connection broke off")
        finally:
            with self._writing:
                self._connections.discard(connection)
            connection.close()
            for pin in mine:
                self._change(pin, None)

    def _hear(self, line: bytes, mine: set[int]) -> None:
        match = _OUT.fullmatch(line)
        if match is None:
            _log.warning("not a line of this protocol: %r", line)
            return
        pin = int(match[1])
        mine.add(pin)
        self._change(pin, int(match[2]))

    def _change(self, pin: int, level: int | None) -> None:
        with self._changed:
            if self._levels.get(pin) == level:
                return
            self._levels[pin] = level
            self._edges.append(Edge(pin, level))
            self._count += 1
            self._last_change = time.monotonic()
            self._changed.notify_all()
        if self._say is not None:
            self._say(pin, "dark" if level is None else ("off", "on")[level])

    def fault(self, name: str) -> None:
        """The next press goes wrong so; `name` is one of FAULTS."""
        if name not in FAULTS:
            raise ValueError(f"the buttons have no fault {name!r}")
        self._fault = name

    def mend(self) -> None:
        """The next press is a good one, and no key hangs any more."""
        self._fault = None
        for pin in [pin for pin, level in self._pressed.items() if level == PRESSED]:
            self.release(pin)

    def press(self, pin: int, settled: Callable[[], None] | None = None) -> None:
        """Press and release the button at `pin`, both with bounce; blocks about 0.13 s.

        `settled` is called when the closing contact has stopped bouncing.
        """
        fault, self._fault = self._fault, None
        if fault == "spike":
            self._move(pin, PRESSED, IDLE)
            return
        if fault == "cut":
            self._cut()
            return
        self._bounce(pin, PRESSED, LONG_BOUNCE_S if fault == "long_bounce" else BOUNCE_S)
        if settled is not None:
            settled()
        if fault != "stuck":
            time.sleep(HOLD_S)
            self.release(pin)

    def release(self, pin: int) -> None:
        """Let go of the button at `pin`."""
        self._bounce(pin, IDLE)

    def _cut(self) -> None:
        """End every terminal's connection; it may connect again at once."""
        with self._writing:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _bounce(self, pin: int, level: int, edges_s: Sequence[float] = BOUNCE_S) -> None:
        """Where this machine is late there are fewer edges: late ones would be another press."""
        self._move(pin, level)
        due = time.monotonic()
        for closed_s, open_s in zip(edges_s[::2], edges_s[1::2], strict=True):
            due += closed_s
            time.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() - due > _LATE_S:
                return
            self._move(pin, 1 - level, level)
            due += open_s

    def _move(self, pin: int, *levels: int) -> None:
        """In one message, so that nothing can come between."""
        with self._writing:
            self._pressed[pin] = levels[-1]
            for connection in self._connections:
                self._tell(connection, pin, *levels)

    @staticmethod
    def _tell(connection: socket.socket, pin: int, *levels: int) -> None:
        with contextlib.suppress(OSError):
            connection.sendall("".join(f"in {pin} {level}\n" for level in levels).encode())

    def mark(self) -> Mark:
        """Now, as something to look back to."""
        with self._changed:
            return Mark(self._count, dict(self._levels))

    def course(self, pin: int, mark: Mark) -> list[int | None]:
        """The levels of a lamp: at `mark`, and after each change since."""
        with self._changed:
            news = list(self._edges)[max(0, len(self._edges) - (self._count - mark.count)) :]
        return [mark.levels.get(pin), *(edge.level for edge in news if edge.pin == pin)]

    def lit(self, pin: int) -> bool:
        """Whether the lamp at `pin` is on."""
        return self._levels.get(pin) == 1

    def off(self, pin: int) -> bool:
        """Whether somebody holds the lamp at `pin` off; a dark one is held by nobody."""
        return self._levels.get(pin) == 0

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each change of a lamp. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def wait_staying(
        self, condition: Callable[[], bool], staying_s: float, timeout_s: float
    ) -> bool:
        """Block until `condition` holds and goes on holding for `staying_s`. False after the time.

        Lamps of one device change one after the other; what they show in between is no answer.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self.wait(condition, max(0.0, deadline - time.monotonic())):
                if not self._changed.wait_for(lambda: not condition(), staying_s):
                    return True
        return False

    def wait_quiet(self, quiet_s: float, timeout_s: float) -> bool:
        """Block until no lamp has changed for `quiet_s`. False if `timeout_s` was not enough."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while (rest := self._last_change + quiet_s - time.monotonic()) > 0:
                if time.monotonic() + rest > deadline:
                    return False
                self._changed.wait(rest)
        return True


def winked(course: Sequence[int | None], steady: int) -> bool:
    """Whether a lamp that stands at `steady` went away from it and back, on one connection."""
    there_and_back = (steady, 1 - steady, steady)
    return any(tuple(course[at : at + 3]) == there_and_back for at in range(len(course) - 2))
