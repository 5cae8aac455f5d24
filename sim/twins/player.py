"""A sound card with `aplay` before it: takes a WAV file on standard input, keeps what was heard.

The program is a few lines that hand their standard input to us over a unix socket and end with our
answer. What it complains of and ends with is what alsa-utils 1.2.8's aplay does. Source of the
file's layout: Microsoft and IBM, Multimedia Programming Interface 1.0 (RIFF, WAVE).
"""

import contextlib
import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim.errors import PortFault

FAULTS = ("no_card", "busy", "unplug", "hang", "absent")
"""No sound card; another program has it; it is pulled out while it plays; the driver below hangs;
somebody removed the program."""
_COMPLAINTS = {
    "no_card": "aplay: main:831: audio open error: No such file or directory",
    "busy": "aplay: main:831: audio open error: Device or resource busy",
    "unplug": "aplay: pcm_write:2127: write error: No such device",
}
_PROGRAM = """\
#!{python} -SE
import json, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({path!r})
line.sendall(sys.stdin.buffer.read())
line.shutdown(socket.SHUT_WR)
answer = line.makefile("rb").readline()
code, complaint = json.loads(answer) if answer else (1, "aplay: Connection reset by peer")
if complaint:
    print(complaint, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Sound:
    """Something that was heard to its end: one channel, two bytes a sample."""

    rate_hz: int
    samples: bytes


class PlayerTwin:
    """For use between `open` and `close`; the methods in between may be called from any thread."""

    def __init__(self, folder: Path, *, pace: float = 1.0) -> None:
        """`pace`: how much of a sound's time playing it takes; 0: none."""
        self.program = folder.resolve() / "aplay"
        self.card = folder.resolve() / "card"
        """There as long as the sound card is, as its folder in /proc/asound."""
        self._socket = folder.resolve() / "aplay.sock"
        self._pace = pace
        self._fault: str | None = None
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self.heard: list[Sound] = []
        self.noises = 0
        """Files that were no WAV of one channel and two bytes: aplay plays anything, as noise."""
        self.started = 0
        """How often the program was run."""
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """PortFault if program or socket cannot be made."""
        listener = socket.socket(socket.AF_UNIX)
        try:
            self._socket.unlink(missing_ok=True)
            listener.bind(str(self._socket))
            self._install()
        except OSError as error:
            listener.close()
            raise PortFault(f"{self.program} cannot be made: {error}.") from error
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True, name="aplay").start()

    def close(self) -> None:
        """End the program's runs too. A second call does nothing."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._closing.set()
        with self._changed:
            connections, self._connections = self._connections, []
        for end in (listener, *connections):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._socket.unlink(missing_ok=True)

    def fault(self, name: str) -> None:
        """Let it go wrong so from now on; `name` is one of FAULTS."""
        if name not in FAULTS:
            raise ValueError(f"the player has no fault {name!r}")
        self._fault = name
        if name == "absent":
            self.program.unlink(missing_ok=True)
        elif name in ("no_card", "unplug"):
            self.card.unlink(missing_ok=True)

    def mend(self) -> None:
        """Nothing is wrong from now on."""
        self._fault = None
        self._install()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each run. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def _install(self) -> None:
        text = _PROGRAM.format(python=sys.executable, path=str(self._socket))
        self.program.write_text(text, encoding="utf-8")
        os.chmod(self.program, 0o755)
        self.card.touch()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._changed:
                self._connections.append(connection)
                self.started += 1
                self._changed.notify_all()
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True, name="aplay run"
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        fault = self._fault
        if fault == "hang":
            return  # stays connected, until it is killed or we close
        with contextlib.suppress(OSError):
            code, complaint = self._answer(connection, fault)
            connection.sendall(json.dumps([code, complaint]).encode() + b"\n")
        with self._changed:
            if connection in self._connections:
                self._connections.remove(connection)
        connection.close()

    def _answer(self, connection: socket.socket, fault: str | None) -> tuple[int, str]:
        # Read to its end in any case: an end of ours before it would break the program's pipe.
        with connection.makefile("rb") as body:
            sound = _sound(body.read())
        if fault in _COMPLAINTS:
            return 1, _COMPLAINTS[fault]
        if sound is not None:
            self._closing.wait(self._pace * len(sound.samples) / 2 / sound.rate_hz)
        with self._changed:
            if sound is None:
                self.noises += 1
            else:
                self.heard.append(sound)
            self._changed.notify_all()
        return 0, ""


def _sound(body: bytes) -> Sound | None:
    """What a WAV file holds; None if it is none, or not of one channel and two bytes."""
    if body[:4] != b"RIFF" or body[8:12] != b"WAVE":
        return None
    place, rate_hz = 12, None
    while place + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, place)
        place += 8
        if name == b"fmt " and size >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body, place)
            rate_hz = rate if (kind, channels, bits) == (1, 1, 16) else None
        elif name == b"data":
            return None if rate_hz is None else Sound(rate_hz, body[place : place + size])
        place += size + size % 2
    return None
