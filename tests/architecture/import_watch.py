"""Run in a fresh interpreter: import our modules and print, as JSON, what importing them opened.

    python import_watch.py ROOT MODULE…

The modules are imported twice. The first time brings in every third party; the second time, with
only our modules forgotten, whatever is opened is opened by our own module-level code.
"""

import importlib
import json
import sys
import threading
from pathlib import Path

WATCHED = (
    *("open", "socket.", "subprocess.", "sqlite3.connect", "os.mkdir", "os.remove", "os.rename"),
    *("os.fork", "os.posix_spawn", "os.system", "pty.spawn", "tempfile.", "ctypes.dlopen"),
)
HARMLESS = ("socket.gethostname",)


def main() -> None:
    root, modules = Path(sys.argv[1]), sys.argv[2:]
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    seen: list[str] = []
    watching = False

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if not watching or not event.startswith(WATCHED) or event in HARMLESS:
            return
        if event == "open" and str(arguments[0]).endswith((".py", ".pyc")):
            return
        if event == "ctypes.dlopen" and arguments == (None,):  # the C library that runs already
            return
        seen.append(f"{event} {arguments!r}")

    for name in modules:
        importlib.import_module(name)
    for name in modules:
        sys.modules.pop(name, None)
    sys.addaudithook(watch)
    watching = True
    opened = {}
    for name in modules:
        importlib.import_module(name)
        if seen:
            opened[name] = seen[:]
            seen.clear()
    watching = False
    threads = [thread.name for thread in threading.enumerate() if thread.name != "MainThread"]
    print(json.dumps({"opened": opened, "threads": threads, "modules": len(modules)}))


main()
