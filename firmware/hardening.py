"""No memory of this process on the disk: it holds people's data for a moment.

Three locks, since each alone has a way around it (core(5)): no core file by RLIMIT_CORE; a program
named in core_pattern ignores that limit, so nothing of the memory is in what it gets; and other
processes of the same user may not read it, nor does the kernel dump it, by PR_SET_DUMPABLE. The
first two are inherited by children through fork and exec; the third is not inherited by exec.
"""

import ctypes
import resource
from contextlib import suppress
from pathlib import Path

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4


def keep_no_core() -> bool:
    """Forbid core dumps, of this process and its children. False if the kernel did not obey.

    Afterwards /proc/self belongs to root: files below it that are wanted must be open already.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        Path("/proc/self/coredump_filter").write_text("0")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return bool(libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
