"""A document camera (高拍仪) whose frames another program puts into a folder, newest last."""

from pathlib import Path
from threading import Event

import msgspec

from drivers.paper.camera import PaperCamera
from drivers.paper.source import is_whole
from hal.clock import Clock
from hal.errors import DeviceLost

_POLL_S = 0.05
_BUSY = "busy"


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`path` is the folder."""

    path: str


class CameraFiles(PaperCamera):
    """See hal.interfaces.DocumentCamera."""

    def __init__(self, options: Options, clock: Clock) -> None:
        super().__init__(_Folder(Path(options.path), clock), clock)


class _Folder:
    """The newest whole `*.jpg` is the frame as it is now; see drivers.paper.source."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._closed = Event()

    def open(self) -> None:
        self._closed.clear()
        self.check()

    def frame(self, timeout_s: float) -> bytes:
        deadline_ns = self._clock.monotonic_ns() + int(timeout_s * 1e9)
        while True:
            for path in self._newest_first():
                jpeg = _bytes(path)
                if is_whole(jpeg):
                    return jpeg
            if self._clock.monotonic_ns() >= deadline_ns:
                raise DeviceLost(f"no whole frame in {self._path}", remedy="reset")
            if self._closed.wait(_POLL_S):
                raise DeviceLost("the camera was closed")

    def check(self) -> None:
        if not self._path.is_dir():
            raise DeviceLost(f"there is no folder {self._path}", remedy="configure")
        if (self._path / _BUSY).exists():
            raise DeviceLost(f"{self._path} is in use by another program", remedy="clear")

    def close(self) -> None:
        self._closed.set()

    def _newest_first(self) -> list[Path]:
        self.check()
        dated = []
        for path in self._path.glob("*.jpg"):
            try:
                dated.append((path.stat().st_mtime_ns, path.name, path))
            except OSError:  # replaced or taken away since it was listed
                continue
        return [path for _, _, path in sorted(dated, reverse=True)]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
