"""Runs one device as the firmware does, in a process of its own: tests start it under umockdev.

device_program.py DRIVER TABLE-AS-JSON

to it      {"start": true}   {"close": true}   {"stop": true}   {"show": [large, lines, corner, qr]}
from it    {"opened": true}  {"code": {…}}  {"unreadable": cause}  {"lost": cause, "remedy": …}
           {"closed": true}  {"stopped": whether the worker ended}  {"shown": true}
"""

import json
import sys
from threading import Lock
from typing import Any

import msgspec

from drivers.registry import load, start_worker
from drivers.worker import Worker
from hal.clock import SystemClock
from hal.errors import DeviceLost
from hal.interfaces import CodeRead, Observation, Screen, Unreadable

WAIT_S = 10.0
_printing = Lock()


def tell(message: dict[str, Any]) -> None:
    with _printing:
        print(json.dumps(message), flush=True)


def report(observation: Observation) -> None:
    if isinstance(observation, CodeRead):
        tell({"code": msgspec.to_builtins(observation.data)})
    elif isinstance(observation, Unreadable):
        tell({"unreadable": observation.error.cause})


def lost(error: DeviceLost) -> None:
    tell({"lost": error.cause, "remedy": error.remedy})


def main(driver: str, table: str) -> None:
    spec = load(driver)
    device: Any = spec.build(spec.configure(json.loads(table)), SystemClock())
    worker: Worker | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            worker = start_worker(device, report, lambda: tell({"opened": True}), lost)
        elif "stop" in order:
            tell({"stopped": worker is not None and worker.stop(WAIT_S)})
        elif "close" in order:
            device.close()
            tell({"closed": True})
        elif "show" in order:
            try:
                device.show(Screen(*order["show"]))
                tell({"shown": True})
            except DeviceLost as error:
                lost(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
