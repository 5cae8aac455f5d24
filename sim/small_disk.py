"""A small disk of a program's own, to be filled: a tmpfs in a mount namespace that we hold.

The program is started inside by nsenter; we reach the same files through /proc. The disk and what
is on it end with the holder, which ends with its standard input.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

from sim.errors import LaunchFault

_END_S = 5.0
_CHUNK = bytes(65_536)


class SmallDisk:
    """`folder` is where the program finds the disk; outside of the namespace it stays empty."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self._folder = folder.absolute()
        self._size_bytes = size_bytes
        self._holder: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Mount it. LaunchFault if namespaces are not permitted here."""
        self._folder.mkdir(parents=True, exist_ok=True)
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        inside = [sys.executable, "-m", "sim.small_disk", str(self._folder), str(self._size_bytes)]
        holder = subprocess.Popen(
            ["unshare", *as_root, "--mount", "--", *inside],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        self._holder = holder
        assert holder.stdout is not None
        if not holder.stdout.readline():
            self.stop()
            raise LaunchFault("a small disk needs the right to unshare and to mount (unshare(1)).")

    def stop(self) -> None:
        """End the holder; the disk ends with the last program inside. Twice does nothing."""
        holder, self._holder = self._holder, None
        if holder is None or holder.stdin is None or holder.stdout is None:
            return
        holder.stdin.close()
        try:
            holder.wait(_END_S)
        except subprocess.TimeoutExpired:
            holder.kill()
            holder.wait()
        holder.stdout.close()

    def prefix(self) -> list[str]:
        """What a command begins with that shall see the disk."""
        as_root = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        # It must not change directory: the program's own is given when it is started.
        return ["nsenter", "--target", str(self._pid), *as_root, "--mount", f"--wd={os.getcwd()}"]

    @property
    def _pid(self) -> int:
        if self._holder is None:
            raise LaunchFault("the small disk is not mounted; start it first.")
        return self._holder.pid

    @property
    def inside(self) -> Path:
        """Where everybody else finds what is on the disk, while it is mounted."""
        return Path(f"/proc/{self._pid}/root") / self._folder.relative_to("/")

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.inside)
        return found.f_bavail * found.f_frsize

    def fill(self) -> None:
        """Use up every byte that is left."""
        ballast = os.open(self.inside / "ballast", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = len(_CHUNK)
            while size:
                try:
                    os.write(ballast, _CHUNK[:size])
                except OSError:  # ENOSPC: the last bytes in smaller pieces
                    size //= 2
        finally:
            os.close(ballast)

    def free(self) -> None:
        """Give back what `fill` used up."""
        (self.inside / "ballast").unlink(missing_ok=True)


def _hold(folder: Path, size_bytes: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={size_bytes},mode=0700".encode()
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(0), options) != 0:
        raise OSError(ctypes.get_errno(), f"mount {folder}")
    print("mounted", flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    _hold(Path(sys.argv[1]), int(sys.argv[2]))
