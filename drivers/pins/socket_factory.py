"""A gpiozero pin factory whose pins lie at the other end of a unix socket.

The twin of the window's GPIO header listens there. Lines: `in 5 0` tells the terminal a level,
`out 17 1` tells the twin one (docs/protocols/gpio-lamps-and-rating.md).

Debouncing is done as the kernel does it for a real pin: a level counts when it has been stable for
the bounce time.
"""

import contextlib
import select
import socket
from math import inf
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from time import monotonic

from gpiozero.exc import PinInvalidBounce, PinInvalidFunction, PinInvalidPull, PinSetInput
from gpiozero.pins.pi import PiFactory, PiPin

_PI_4B = 0xC03115  # gpiozero wants to know a board; its header has the pins of every later Pi
_CONNECT_S = 2.0
_IDLE_S = 1.0
_LONGEST_LINE = 64


class SocketPin(PiPin):  # type: ignore[misc]  # gpiozero has no types
    """One pin. The factory's thread tells it levels; gpiozero asks and sets the rest."""

    def __init__(self, factory: "SocketFactory", info: object) -> None:
        super().__init__(factory, info)
        self._function = "input"
        self._pull = "floating"
        self._raw = True  # an unconnected input with a pull-up
        self._level = True
        self._bounce_s = 0.0
        self._edges = "both"
        self._watched = False
        self.settles_at = inf

    def close(self) -> None:
        self.when_changed = None
        self._function = "input"

    def told(self, level: bool, now_s: float) -> None:
        """The twin says that the line has `level` now."""
        if level == self._raw:
            return
        self._raw = level
        self.settles_at = now_s + self._bounce_s
        if not self._bounce_s:
            self.settle(now_s)

    def settle(self, now_s: float) -> None:
        """The line has been stable long enough: take its level over, report an edge."""
        self.settles_at = inf
        if self._raw == self._level:
            return
        self._level = self._raw
        wanted = self._edges in ("both", "rising" if self._level else "falling")
        if self._watched and wanted and self._function == "input":
            self._call_when_changed(now_s, self._level)

    def _get_function(self) -> str:
        return self._function

    def _set_function(self, value: str) -> None:
        if value not in ("input", "output"):
            raise PinInvalidFunction(f"invalid function {value!r} for pin {self!r}")
        self._function = value

    def _get_state(self) -> bool:
        return self._level

    def _set_state(self, value: float) -> None:
        if self._function != "output":
            raise PinSetInput(f"cannot set state of pin {self!r}")
        self._level = self._raw = bool(value)
        self.factory.write(self._number, self._level)

    def _get_pull(self) -> str:
        return self._pull

    def _set_pull(self, value: str) -> None:
        if value not in ("up", "down", "floating"):
            raise PinInvalidPull(f"invalid pull {value!r} for pin {self!r}")
        self._pull = value

    def _get_bounce(self) -> float | None:
        return self._bounce_s or None

    def _set_bounce(self, value: float | None) -> None:
        if value is not None and value < 0:
            raise PinInvalidBounce("bounce must be 0 or greater")
        self._bounce_s = value or 0.0

    def _get_edges(self) -> str:
        return self._edges

    def _set_edges(self, value: str) -> None:
        self._edges = value

    def _enable_event_detect(self) -> None:
        self._watched = True

    def _disable_event_detect(self) -> None:
        self._watched = False


class SocketFactory(PiFactory):  # type: ignore[misc]  # gpiozero has no types
    """Connects when made: OSError if nobody listens at `path`.

    `gone` is set when the other end has closed; the factory is of no use then.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.pin_class = SocketPin
        self.gone = Event()
        self._writing = Lock()
        self._making = Lock()
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(_CONNECT_S)
        try:
            self._connection.connect(str(path))
        except OSError:
            self._connection.close()
            raise
        self._reader = Thread(target=self._read, name="gpio-socket", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Let go of all pins and of the connection."""
        if not self.gone.is_set():
            super().close()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        if self._reader is not current_thread():
            self._reader.join(_CONNECT_S)
        self._connection.close()

    def pin(self, name: object) -> SocketPin:
        """The pin called `name`; asked for by drivers and by the thread that hears levels."""
        with self._making:
            made: SocketPin = super().pin(name)
            return made

    def ticks(self) -> float:
        return monotonic()

    def ticks_diff(self, later: float, earlier: float) -> float:
        return later - earlier

    def write(self, number: int, level: bool) -> None:
        """Tell the twin an output's level; OSError when it is gone."""
        with self._writing:
            self._connection.sendall(b"out %d %d\n" % (number, level))

    def _get_revision(self) -> int:
        return _PI_4B

    def _read(self) -> None:
        buffer = b""
        with contextlib.suppress(OSError):
            while self._wait():
                chunk = self._connection.recv(4096)
                if not chunk:
                    break
                *lines, buffer = (buffer + chunk).split(b"\n")
                buffer = buffer[-_LONGEST_LINE:]
                for line in lines:
                    self._told(line)
        self.gone.set()

    def _wait(self) -> bool:
        """Until there is something to read; pins settle meanwhile."""
        while True:
            due_s = min((pin.settles_at for pin in self._opened()), default=inf)
            wait_s = min(_IDLE_S, max(0.0, due_s - monotonic()))
            readable, _, _ = select.select([self._connection], [], [], wait_s)
            # What was told before a pin's time ran out is read first: it may start the time anew.
            if readable:
                return True
            now_s = monotonic()
            for pin in self._opened():
                if pin.settles_at <= now_s:
                    pin.settle(now_s)

    def _opened(self) -> list[SocketPin]:
        return list(self.pins.values())

    def _told(self, line: bytes) -> None:
        words = line.split()
        if (
            len(words) == 3
            and words[0] == b"in"
            and words[1].isdigit()
            and words[2] in (b"0", b"1")
        ):
            # A pin that nobody has opened yet is opened now, so that its first level is known.
            self.pin(f"GPIO{int(words[1])}").told(words[2] == b"1", monotonic())
