"""Card readers without hardware: a pcscd of our own, in namespaces of its own, with vpcd's readers.

vpcd listens on all addresses and pcscd on one fixed path, so both live in a private network and
mount namespace; the machine's own pcscd is neither seen nor touched. Programs reach ours by the
path of its socket (PCSCLITE_CSOCK_NAME). It all ends when we do.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from sim.card_person import SocialSecurityCard
from sim.errors import LaunchFault, PortFault
from sim.twins.card import Fault

_LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), its closing zero apart
_END_S = 5.0


class Pcscd:
    """Readers named `names`, as `Sim Card W01`; their PC/SC names are `reader(index)`.

    `folder` gets the socket, the configuration and pcscd's log. Methods may be called from any
    thread and return when the thing is done; LaunchFault when the other side has ended.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.socket = folder.resolve() / "run" / "pcscd.comm"
        self._folder = folder.resolve()
        self._names = list(names)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """LaunchFault if namespaces are not permitted here, or pcscd or vpcd is not installed."""
        if len(os.fsencode(self.socket)) > _LONGEST_SOCKET_PATH:
            raise PortFault(f"{self.socket} is too long for a socket; choose a shorter folder.")
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "namespace.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                process_group=0,
            )  # fmt: skip
        with self._lock:
            self._answer()

    def _command(self) -> list[str]:
        # Without root the namespaces must be inside a user namespace, where we are root.
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        inside = [sys.executable, "-m", "sim.card_namespace", str(self._folder), *self._names]
        flags = ["--mount", "--net", "--pid", "--fork", "--kill-child"]
        return ["unshare", *as_root, *flags, "--", *inside]

    def stop(self) -> None:
        """End pcscd and the cards. A second call does nothing."""
        process, self._process = self._process, None
        if process is None or process.stdin is None or process.stdout is None:
            return
        process.stdin.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def remove(self) -> None:
        """End it, and take its folder away."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def reader(self, index: int) -> str:
        """The exact PC/SC name: pcscd appends the numbers of reader and slot."""
        return f"{self._names[index]} {0:02d} {0:02d}"

    def lay(
        self, index: int, card: SocialSecurityCard, fault: Fault | None = None, after: int = 0
    ) -> None:
        """Put `card` into a reader. `fault` begins after so many commands to the card."""
        laid = msgspec.to_builtins(card)
        self._order({"lay": laid, "reader": index, "fault": fault, "after": after})

    def withdraw(self, index: int) -> None:
        self._order({"withdraw": index})

    def verified(self, index: int) -> int:
        """How often the card laid last was sent a VERIFY."""
        return int(self._order({"verified": index}))

    def unplug(self, index: int) -> None:
        """Fault: pcscd is there and the reader is not. It is begun anew, for all readers."""
        self._order({"unplug": index})

    def plug(self, index: int) -> None:
        """Connect the reader again, with the card that lies in it. pcscd is begun anew."""
        self._order({"plug": index})

    def kill_daemon(self) -> None:
        """Fault: pcscd dies at once and leaves its socket behind. The cards stay in the readers."""
        self._order({"daemon": "kill"})

    def start_daemon(self) -> None:
        self._order({"daemon": "start"})

    def restart_daemon(self) -> None:
        """What systemd does with a unit: end it, frozen or not, and start it again."""
        self.kill_daemon()
        self.start_daemon()

    def freeze_daemon(self) -> None:
        """Fault: pcscd takes connections as ever, and answers nothing."""
        self._order({"daemon": "freeze"})

    def resume_daemon(self) -> None:
        self._order({"daemon": "resume"})

    def _order(self, order: dict[str, Any]) -> Any:
        with self._lock:
            if self._process is None or self._process.stdin is None:
                raise LaunchFault("the card readers are not running; start them first.")
            try:
                self._process.stdin.write(json.dumps(order).encode() + b"\n")
                self._process.stdin.flush()
            except BrokenPipeError as error:
                raise self._gone() from error
            return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process and self._process.stdout else b""
        if not line:
            raise self._gone()
        return json.loads(line)["done"]

    def _gone(self) -> LaunchFault:
        return LaunchFault(
            f"the card readers have ended; see {self._folder}/namespace.log (they need the "
            "packages pcscd and vsmartcard-vpcd, and the right to unshare namespaces)."
        )
