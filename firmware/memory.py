"""Memory of the process: what it takes, and giving back what only the start needed."""

import ctypes
import gc
import os
from pathlib import Path


def rss_bytes() -> int | None:
    """Resident memory of this process; None where the kernel does not tell (proc(5), `statm`)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Return free memory to the kernel, once, when the start is over. Takes some milliseconds.

    What is alive now lives as long as the process, so the collector need not look at it again.
    """
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own: malloc_trim(3)
    if trim is not None:
        trim(0)
