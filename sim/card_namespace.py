"""The inside of `sim.pcscd`: a pcscd of its own, and the cards in its readers.

Runs as `python -m sim.card_namespace FOLDER READER…` as the first process of new mount, network
and process namespaces, obeys JSON lines and answers each with one; when its input ends, so does
everything in here.

    to it      {"lay": card, "reader": 0, "fault": null, "after": 0}    {"withdraw": 0}
               {"daemon": "kill"}, "start", "freeze", "resume"     {"verified": 0}
               {"unplug": 0}    {"plug": 0}
    from it    {"done": …} once at the start and after each order
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from sim.card_person import SocialSecurityCard
from sim.twins.card import Chip, Slot

LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
DAEMON = "/usr/sbin/pcscd"
_FIRST_PORT = 35963
_PORTS_A_READER = 2  # vpcd's library has two slots, one port each; the second stays empty
_MS_BIND = 4096
_START_S = 10.0
_LOOK_EVERY_S = 0.02
_SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP, "resume": signal.SIGCONT}


class Namespace:
    """pcscd, its folder, and one slot for each reader."""

    def __init__(self, folder: Path, readers: list[str]) -> None:
        self._socket = folder / "run" / "pcscd.comm"
        self._configuration = folder / "readers"
        self._unplugged = folder / "unplugged"
        self._log = folder / "pcscd.log"
        self._slots: list[Slot] = []
        self._chips: dict[int, Chip] = {}
        self._daemon: subprocess.Popen[bytes] | None = None
        for each in (self._configuration, self._unplugged):
            each.mkdir(exist_ok=True)
        for index, reader in enumerate(readers):
            self._add(folder, index, reader)

    def _add(self, folder: Path, index: int, reader: str) -> None:
        # A library keeps its two slots in itself: a copy for each reader, or they would share.
        library = folder / f"reader{index}.so"
        shutil.copyfile(LIBRARY, library)
        port = _FIRST_PORT + _PORTS_A_READER * index
        (self._configuration / f"reader{index}").write_text(
            f'FRIENDLYNAME "{reader}"\nDEVICENAME /dev/null:{port}\n'
            f"LIBPATH {library}\nCHANNELID {port}\n"
        )
        self._slots.append(Slot(port))

    def start_daemon(self) -> None:
        """Start pcscd and wait until it takes connections."""
        with self._log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [DAEMON, "--foreground", "--error", "--config", str(self._configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline_s = time.monotonic() + _START_S
        while not self._is_listening():
            if self._daemon.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError("pcscd did not come up; see pcscd.log")
            time.sleep(_LOOK_EVERY_S)

    def _is_listening(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def _signal_daemon(self, number: signal.Signals) -> None:
        if self._daemon is not None:
            self._daemon.send_signal(number)
            if number == signal.SIGKILL:
                self._daemon.wait()

    def _rewire(self, index: int, there: Path, to: Path) -> None:
        # pcscd lets go of a reader of its configuration only when it ends.
        (there / f"reader{index}").rename(to / f"reader{index}")
        self._signal_daemon(signal.SIGKILL)
        self.start_daemon()

    def obey(self, order: dict[str, Any]) -> Any:
        if "lay" in order:
            chip = Chip(msgspec.convert(order["lay"], SocialSecurityCard))
            self._chips[order["reader"]] = chip
            self._slots[order["reader"]].lay(chip, order["fault"], order["after"])
        elif "withdraw" in order:
            self._slots[order["withdraw"]].withdraw()
        elif "verified" in order:
            chip = self._chips[order["verified"]]
            return chip.verified
        elif "unplug" in order:
            self._rewire(order["unplug"], self._configuration, self._unplugged)
        elif "plug" in order:
            self._rewire(order["plug"], self._unplugged, self._configuration)
        elif order["daemon"] == "start":
            self.start_daemon()
        else:
            self._signal_daemon(_SIGNALS[order["daemon"]])
        return True


def seclude(folder: Path) -> None:
    """Bring up the loopback, and put `folder/run` where pcscd keeps its socket.

    /run is covered first, so that not even a mount point is needed of the machine. The folder is
    named by the working directory, since it may itself lie below /run.
    """
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    (folder / "run").mkdir(exist_ok=True)
    os.chdir(folder / "run")
    _mount(b"tmpfs", b"/run", b"tmpfs", 0)
    os.mkdir("/run/pcscd")
    _mount(b".", b"/run/pcscd", None, _MS_BIND)


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source, target, kind, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target.decode()}")


def main(folder: Path, readers: list[str]) -> None:
    seclude(folder)
    namespace = Namespace(folder, readers)
    namespace.start_daemon()
    print(json.dumps({"done": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"done": namespace.obey(json.loads(line))}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
