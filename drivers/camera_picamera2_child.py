"""The process that holds the Pi's own camera for `drivers.camera_picamera2`, made to be killed.

    python -m drivers.camera_picamera2_child WIDTH_PX HEIGHT_PX CAMERA

Messages as in drivers.paper.wire: asked `frame` it answers a JPEG, asked `check` nothing, once the
next frame has come. Ready, it sends an empty message; one that begins with `!` says what failed.
It ends when its standard input does, even while libcamera hangs: an orphan would keep the camera.

Source: the picamera2 manual, "Capturing images", "Capturing metadata".
"""

import io
import os
import sys
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

from drivers.paper.wire import LENGTH, pack

# libcamera and picamera2 tell their failures by these.
_FAILURES = (RuntimeError, OSError, IndexError, ValueError, TimeoutError)


def opened(width_px: int, height_px: int, number: int) -> Any:
    """The camera, streaming. One of _FAILURES, or ImportError without its library."""
    from picamera2 import Picamera2  # type: ignore[import-not-found]

    camera = Picamera2(number)
    size = (width_px, height_px)
    camera.configure(camera.create_still_configuration(main={"size": size}, buffer_count=2))
    camera.start()
    return camera


def serve(camera: Any, requests: "SimpleQueue[bytes]", answers: BinaryIO) -> None:
    """Answer for ever."""
    _send(answers, b"")
    while True:
        request = requests.get()
        body = io.BytesIO()
        try:
            if request == b"frame":
                camera.capture_file(body, format="jpeg")
            else:
                camera.capture_metadata()
        except _FAILURES as error:
            _send(answers, f"!the camera sends no frame: {type(error).__name__}".encode())
        else:
            _send(answers, body.getvalue())


def _listen(stream: BinaryIO, requests: "SimpleQueue[bytes]") -> None:
    while len(head := stream.read(LENGTH.size)) == LENGTH.size:
        requests.put(stream.read(LENGTH.unpack(head)[0]))
    os._exit(0)


def _send(answers: BinaryIO, body: bytes) -> None:
    answers.write(pack(body))
    answers.flush()


def main(width_px: int, height_px: int, number: int) -> None:
    # A library that prints must not print into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    try:
        camera = opened(width_px, height_px, number)
    except ImportError:
        _send(answers, b"!picamera2 is not installed; install python3-picamera2")
    except _FAILURES:
        _send(answers, f"!camera {number} cannot be opened".encode())
    else:
        serve(camera, requests, answers)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
