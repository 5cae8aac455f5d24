"""A `systemctl` that restarts daemons of ours, and none of the machine's.

The program is a few lines that hand their arguments to us over a unix socket and end with the
answer. What it says and ends with is what systemd's own does (systemctl(1), "Exit status").
"""

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from sim.errors import PortFault, SimError

DENIED = "Failed to restart {}: Interactive authentication required."
ABSENT = "Failed to restart {}: Unit {} not found."
_EXIT_FAILED, _EXIT_ABSENT = 1, 5
_LONGEST_ORDER = 4096
_PROGRAM = """\
#!{python} -SE
import json, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({path!r})
line.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
answer = line.makefile("rb").readline()
code, complaint = json.loads(answer) if answer else (1, "Connection reset by peer")
if complaint:
    print(complaint, file=sys.stderr)
sys.exit(code)
"""


class Systemctl:
    """`units` are restarted by calling what stands beside their names. For use between `open` and
    `close`; the methods in between may be called from any thread.
    """

    def __init__(self, folder: Path, units: Mapping[str, Callable[[], None]]) -> None:
        self.program = folder.resolve() / "systemctl"
        self._socket = folder.resolve() / "systemctl.sock"
        self._units = dict(units)
        self._mode: Literal["obey", "refuse", "hang"] = "obey"
        self._changed = threading.Condition()
        self._asked: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """PortFault if program or socket cannot be made."""
        listener = socket.socket(socket.AF_UNIX)
        try:
            self.program.parent.mkdir(parents=True, exist_ok=True)
            self._socket.unlink(missing_ok=True)
            listener.bind(str(self._socket))
            self.program.write_text(
                _PROGRAM.format(python=sys.executable, path=str(self._socket)), encoding="utf-8"
            )
            os.chmod(self.program, 0o755)
        except OSError as error:
            listener.close()
            raise PortFault(f"{self.program} cannot be made: {error}.") from error
        listener.listen()
        self._listener = listener
        threading.Thread(
            target=self._accept, args=(listener,), daemon=True, name="systemctl"
        ).start()

    def close(self) -> None:
        """End the program's runs too. A second call does nothing."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with self._changed:
            connections, self._connections = self._connections, []
        for end in (listener, *connections):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._socket.unlink(missing_ok=True)

    def obey(self) -> None:
        self._mode = "obey"

    def refuse(self) -> None:
        """Fault: polkit denies every restart."""
        self._mode = "refuse"

    def hang(self) -> None:
        """Fault: it says nothing and does not end."""
        self._mode = "hang"

    def asked(self, unit: str) -> int:
        """How often somebody wanted the unit restarted."""
        return self._asked.get(unit, 0)

    def restarts(self, unit: str) -> int:
        """How often it was."""
        return self._done.get(unit, 0)

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Block until `condition`, looked at after each order. False after the time."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._changed:
                self._connections.append(connection)
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True, name="systemctl run"
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            with connection.makefile("rb") as lines:
                words = json.loads(lines.readline(_LONGEST_ORDER))
            answer = self._answer([word for word in words if not word.startswith("-")])
            if answer is None:
                return  # stays connected, until it is killed or we close
            connection.sendall(json.dumps(answer).encode() + b"\n")
        with self._changed:
            if connection in self._connections:
                self._connections.remove(connection)
        connection.close()

    def _answer(self, words: list[str]) -> tuple[int, str] | None:
        if len(words) != 2 or words[0] != "restart":
            return _EXIT_FAILED, f"Unknown command verb {' '.join(words)}."
        unit = words[1]
        self._count(self._asked, unit)
        if self._mode == "hang":
            return None
        if self._mode == "refuse":
            return _EXIT_FAILED, DENIED.format(unit)
        restart = self._units.get(unit)
        if restart is None:
            return _EXIT_ABSENT, ABSENT.format(unit, unit)
        try:
            restart()
        except SimError as error:
            return _EXIT_FAILED, f"Job for {unit} failed: {error}"
        self._count(self._done, unit)
        return 0, ""

    def _count(self, counts: dict[str, int], unit: str) -> None:
        with self._changed:
            counts[unit] = counts.get(unit, 0) + 1
            self._changed.notify_all()
