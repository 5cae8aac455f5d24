"""Which pins a driver means: the Pi's own header, or a twin's behind a socket.

The choice is made by the configuration and by nothing else; there is no fall-back.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from gpiozero.exc import GPIOZeroError

from drivers.pins.socket_factory import SocketFactory
from hal.errors import ConfigurationError, DeviceLost

_SOCKET = "socket:"
_header: list[Any] = []
_header_lock = Lock()


@dataclass(frozen=True)
class Pins:
    """A gpiozero factory, how to give it back, and whether it is still connected."""

    factory: Any
    close: Callable[[], None]
    gone: Callable[[], bool]


def open_pins(name: str) -> Pins:
    """`lgpio` or `socket:PATH`. DeviceLost if they cannot be had now."""
    if name.startswith(_SOCKET):
        path = Path(name.removeprefix(_SOCKET))
        try:
            factory = SocketFactory(path)
        except OSError as error:
            raise DeviceLost(f"nobody listens at {path}: {error.strerror}") from error
        return Pins(factory, factory.close, factory.gone.is_set)
    if name == "lgpio":
        return Pins(_own_header(), lambda: None, lambda: False)
    raise ConfigurationError(f'factory {name!r} is unknown; write "lgpio" or "socket:PATH"')


def pin_errors() -> tuple[type[Exception], ...]:
    """What asking for pins may raise. lgpio has an error of its own, known once it is in use."""
    lgpio = sys.modules.get("lgpio")
    own = () if lgpio is None else (lgpio.error,)
    return (GPIOZeroError, OSError, ImportError, *own)


def _own_header() -> Any:
    """The one factory for /dev/gpiochip*. gpiozero shares its pins among all factories of this
    kind: closing one would let go of the others' pins, so it stays open while we run."""
    with _header_lock:
        if not _header:
            # lgpio leaves a FIFO in its working directory.
            os.environ.setdefault("LG_WD", tempfile.mkdtemp(prefix="lgpio-"))
            try:
                from gpiozero.pins.lgpio import LGPIOFactory

                _header.append(LGPIOFactory())
            except pin_errors() as error:
                raise DeviceLost(f"no GPIO header: {error}", remedy="configure") from error
        return _header[0]
