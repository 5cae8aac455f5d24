"""How a running hall is told to let something go wrong: `ow-sim fault`.

A unix socket in Linux's abstract namespace, named after the identities folder, so that it needs no
file and ends with the hall. One line of JSON each way: `{"terminal", "device", "fault"}`, and back
`{"done"}`, or `{"error", "exit_code"}`. Only the user whom the hall belongs to (or root) is heard.
"""

import hashlib
import json
import os
import socket
import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim import named_faults
from sim.errors import PortFault, SimError, UsageFault
from sim.window import Window

_LONGEST_LINE = 4096
_ASKED_S = 5.0
"""How long somebody who has connected may take to say what they want."""
_DONE_S = 60.0
"""A card reader that is unplugged begins pcscd anew; a busy gun ends its scan first."""
_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid of unix(7), SO_PEERCRED


def _address(identities: Path) -> str:
    folder = os.fsencode(identities.resolve())
    return f"\0ow-sim-hall-{hashlib.sha256(folder).hexdigest()[:32]}"


class Control:
    """The hall's end. One request at a time, in a thread of its own."""

    def __init__(self, identities: Path, windows: Mapping[str, Window]) -> None:
        """`windows`: by the name of the terminal."""
        self._address = _address(identities)
        self._windows = windows
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """Listen. PortFault if another hall does with these identities."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(self._address)
        except OSError as error:
            listener.close()
            raise PortFault("another hall runs with these identities.") from error
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._serve, args=(listener,), daemon=True, name="control").start()

    def close(self) -> None:
        """Listen no more. A second call does nothing."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(_ASKED_S)
                try:
                    self._answer(connection)
                except OSError:
                    # Whoever asked has gone away.
                    continue

    def _answer(self, connection: socket.socket) -> None:
        given = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if _CREDENTIALS.unpack(given)[1] not in (0, os.getuid()):
            return
        with connection.makefile("rb") as lines:
            line = lines.readline(_LONGEST_LINE)
        try:
            answer: dict[str, Any] = {"done": self._carry_out(line)}
        except SimError as fault:
            answer = {"error": str(fault), "exit_code": fault.exit_code}
        connection.sendall(json.dumps(answer).encode() + b"\n")

    def _carry_out(self, line: bytes) -> str:
        try:
            asked = json.loads(line)
            terminal, device, name = asked["terminal"], asked["device"], asked["fault"]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageFault("say a terminal, a device and a fault.") from error
        window = self._windows.get(terminal)
        if window is None:
            there = ", ".join(sorted(self._windows))
            raise UsageFault(f"the hall has no terminal {terminal!r}: say one of {there}.")
        named_faults.strike(window, device, name)
        return f"{terminal}: {device} {name}"


def fault(identities: Path, terminal: str, device: str, name: str) -> str:
    """Have it happen in the hall that runs with these identities; what was done.

    UsageFault for an unknown terminal, device or fault; PortFault if no hall runs.
    """
    named_faults.check(device, name)
    asked = {"terminal": terminal, "device": device, "fault": name}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_DONE_S)
        try:
            connection.connect(_address(identities))
            connection.sendall(json.dumps(asked).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline(_LONGEST_LINE)
        except ConnectionRefusedError as error:
            raise PortFault(
                f"no hall runs with the identities in {identities}; start one with `make run`, "
                "or name its --dir."
            ) from error
        except OSError as error:
            raise PortFault(f"the hall does not answer ({error}).") from error
    return _read(line)


def _read(line: bytes) -> str:
    if not line:
        raise PortFault("the hall has not answered; it belongs to another user, or has ended.")
    answer = json.loads(line)
    if "error" in answer:
        kind = UsageFault if answer["exit_code"] == UsageFault.exit_code else PortFault
        raise kind(answer["error"])
    return str(answer["done"])
