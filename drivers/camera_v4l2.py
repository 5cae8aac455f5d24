"""A USB document camera (高拍仪, UVC) by Video4Linux: its own JPEG frames, nothing decoded here.

Source: Linux UAPI, "Video for Linux API", and <linux/videodev2.h> on 64-bit machines. See
docs/protocols/document-camera.md.
"""

import errno
import fcntl
import mmap
import os
import select
import struct
from contextlib import suppress
from threading import Lock
from typing import Annotated

import msgspec

from drivers.paper.camera import STALL_S, PaperCamera
from drivers.paper.source import is_whole
from hal.clock import Clock
from hal.errors import DeviceLost

# ioctl numbers: direction, size of the structure, 'V', number.
QUERYCAP, S_FMT, REQBUFS, QUERYBUF = 0x80685600, 0xC0D05605, 0xC0145608, 0xC0585609
QBUF, DQBUF, STREAMON, STREAMOFF = 0xC058560F, 0xC0585611, 0x40045612, 0x40045613
_CAPABILITY_BYTES, _DEVICE_CAPS_AT = 104, 88
_CAP_VIDEO_CAPTURE, _CAP_STREAMING = 0x1, 0x04000000
_VIDEO_CAPTURE, _MMAP = 1, 1
_MJPEG = 0x47504A4D  # "MJPG"
FORMAT = struct.Struct("=II IIII 184x")  # v4l2_format: type, padding, width, height, code, field
REQUEST = struct.Struct("=III8x")  # v4l2_requestbuffers: count, type, memory
BUFFER = struct.Struct("=IIII 44x I Q I 12x")
# v4l2_buffer: index, type, bytes used, flags, …, memory, offset, length
_FLAG_ERROR = 0x40

_BUFFERS = 3
_DARK_FRAMES = 5  # after its start a camera finds its exposure
_STALE_FRAMES = 1  # the one under way when we ask may have been exposed before
_SLICE_S = 0.2

_Pixels = Annotated[int, msgspec.Meta(gt=0, le=16384)]


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`path` is a node, best one below /dev/v4l/by-path; a camera has a second one, without
    pictures. The camera takes the size it has that is nearest.
    """

    path: str
    width_px: _Pixels = 2592
    height_px: _Pixels = 1944


class CameraV4l2(PaperCamera):
    """See hal.interfaces.DocumentCamera."""

    def __init__(self, options: Options, clock: Clock) -> None:
        super().__init__(_Node(options, clock), clock)


class _Node:
    """A video node that streams all the time, so that its exposure is right when asked for a
    frame; see drivers.paper.source.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._fd = -1
        self._buffers: list[mmap.mmap] = []
        self._to_skip = 0
        self._heard_ns = 0
        self._closing = False
        self._using = Lock()

    def open(self) -> None:
        path = self._options.path
        self._closing = False
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceLost(f"cannot open {path}", remedy="configure") from error
        try:
            self._start()
        except OSError as error:
            self.close()
            if error.errno == errno.EBUSY:
                cause = f"{path} is in use by another program"
                raise DeviceLost(cause, remedy="clear") from error
            raise DeviceLost(f"{path} is no camera with MJPEG", remedy="configure") from error
        except DeviceLost:
            self.close()
            raise

    def frame(self, timeout_s: float) -> bytes:
        deadline_ns = self._clock.monotonic_ns() + int(timeout_s * 1e9)
        with self._using:
            try:
                self._drop_waiting()
                while self._clock.monotonic_ns() < deadline_ns and not self._closing:
                    jpeg = self._next()
                    if jpeg is not None and is_whole(jpeg):
                        return jpeg
            except (OSError, ValueError) as error:
                raise DeviceLost(f"{self._options.path} is gone", remedy="reset") from error
        raise DeviceLost(f"{self._options.path} sends no whole frame", remedy="reset")

    def check(self) -> None:
        """The node of an unplugged camera leaves the file system at once. One that hangs stays,
        but its frames stop.
        """
        path = self._options.path
        if not os.path.exists(path):
            raise DeviceLost(f"{path} is gone", remedy="reset")
        if not self._using.acquire(blocking=False):
            return  # somebody waits for a frame just now, and will see for himself
        try:
            if self._fd >= 0:
                self._drop_waiting()
        except (OSError, ValueError) as error:
            raise DeviceLost(f"{path} is gone", remedy="reset") from error
        finally:
            self._using.release()
        if self._clock.monotonic_ns() - self._heard_ns > STALL_S * 1e9:
            raise DeviceLost(f"{path} sends no frames", remedy="reset")

    def close(self) -> None:
        self._closing = True
        with self._using:
            fd, self._fd = self._fd, -1
            if fd < 0:
                return
            with suppress(OSError):
                fcntl.ioctl(fd, STREAMOFF, struct.pack("=i", _VIDEO_CAPTURE))
            for buffer in self._buffers:
                buffer.close()
            self._buffers.clear()
            with suppress(OSError):
                os.close(fd)

    def _start(self) -> None:
        reply = bytearray(_CAPABILITY_BYTES)
        fcntl.ioctl(self._fd, QUERYCAP, reply)
        (caps,) = struct.unpack_from("=I", reply, _DEVICE_CAPS_AT)
        if not (caps & _CAP_VIDEO_CAPTURE and caps & _CAP_STREAMING):
            cause = f"{self._options.path} gives no pictures; write the camera's other node"
            raise DeviceLost(cause, remedy="configure")
        self._set_format()
        request = bytearray(REQUEST.pack(_BUFFERS, _VIDEO_CAPTURE, _MMAP))
        fcntl.ioctl(self._fd, REQBUFS, request)
        for index in range(REQUEST.unpack(request)[0]):
            buffer = self._exchange(QUERYBUF, index)
            offset, length = buffer[5], buffer[6]
            self._buffers.append(mmap.mmap(self._fd, length, offset=offset))
            self._exchange(QBUF, index)
        fcntl.ioctl(self._fd, STREAMON, struct.pack("=i", _VIDEO_CAPTURE))
        self._heard_ns = self._clock.monotonic_ns()
        self._to_skip = _DARK_FRAMES

    def _set_format(self) -> None:
        size = (self._options.width_px, self._options.height_px)
        wanted = bytearray(FORMAT.pack(_VIDEO_CAPTURE, 0, *size, _MJPEG, 0))
        fcntl.ioctl(self._fd, S_FMT, wanted)
        if FORMAT.unpack(wanted)[4] != _MJPEG:
            raise DeviceLost(f"{self._options.path} has no MJPEG", remedy="replace")

    def _exchange(self, order: int, index: int) -> tuple[int, ...]:
        body = bytearray(BUFFER.pack(index, _VIDEO_CAPTURE, 0, 0, _MMAP, 0, 0))
        fcntl.ioctl(self._fd, order, body)
        return BUFFER.unpack(body)

    def _drop_waiting(self) -> None:
        """Give back the frames that were taken before somebody asked."""
        while select.select([self._fd], [], [], 0)[0]:
            self._exchange(QBUF, self._exchange(DQBUF, 0)[0])
            self._heard_ns = self._clock.monotonic_ns()
            self._to_skip = max(0, self._to_skip - 1)
        self._to_skip = max(self._to_skip, _STALE_FRAMES)

    def _next(self) -> bytes | None:
        """The next frame; None if none came for a moment, or one to pass over."""
        if not select.select([self._fd], [], [], _SLICE_S)[0]:
            return None
        index, _, used, flags, *_ = self._exchange(DQBUF, 0)
        self._heard_ns = self._clock.monotonic_ns()
        jpeg = self._buffers[index][:used]
        self._exchange(QBUF, index)
        if self._to_skip > 0:
            self._to_skip -= 1
            return None
        return None if flags & _FLAG_ERROR else jpeg
