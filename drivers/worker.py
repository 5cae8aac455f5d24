"""The thread that runs one device once, and cannot end without saying so.

A reader that dies while nobody is told is the first mistake of programs like this one. So whatever
happens in the device, `ended` is called exactly once, with the reason, unless `stop` was asked for.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread

from hal.errors import DeviceError, DeviceLost
from hal.interfaces import Device, Report

Opened = Callable[[], None]
Ended = Callable[[DeviceLost], None]

_log = logging.getLogger(__name__)


class Worker:
    """Opens a device, watches it, closes it. A new worker is made for each attempt.

    `report`, `opened` and `ended` are called in the worker's thread and must not block long.
    """

    def __init__(self, device: Device, report: Report, opened: Opened, ended: Ended) -> None:
        self._device = device
        self._report = report
        self._opened = opened
        self._ended = ended
        self._stop = Event()
        self._thread = Thread(target=self._run, name=f"device-{device.role}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Ask for the end and wait for it; `ended` is not called then. False if it hangs."""
        self._stop.set()
        self._close()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self._close()  # it may have been opening just then
        return True

    def _run(self) -> None:
        lost = self._watch()
        if self._stop.is_set():
            return  # `stop` closes it, or has closed it; it may be another worker's by now
        self._close()
        self._ended(lost)

    def _close(self) -> None:
        try:
            self._device.close()
        except Exception as error:  # noqa: BLE001  the end must be told whatever the driver does
            _log.error("device does not close", extra={"error": type(error).__name__})

    def _watch(self) -> DeviceLost:
        try:
            self._device.open()
            self._opened()
            self._device.watch(self._report, self._stop)
        except DeviceLost as error:
            return error
        except DeviceError as error:
            return DeviceLost(error.cause, remedy=error.remedy, code=error.code)
        except Exception as error:  # noqa: BLE001  atop the task: a bug must not silence a device
            # The type only: a message may carry what the device had just read.
            _log.error("device worker failed", extra={"error": type(error).__name__})
            return DeviceLost(f"driver failed: {type(error).__name__}", remedy="maintain")
        return DeviceLost("driver ended by itself", remedy="reset")
