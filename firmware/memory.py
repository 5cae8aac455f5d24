"""Memory of the process: what it takes, and giving back what only the start needed."""

import ctypes
import gc
import os
from pathlib import Path

_M_ARENA_MAX = -8


def share_one_arena() -> None:
    """Let all threads take memory from one heap; before the first thread starts.

    Else glibc keeps a heap for nearly each of some 30 threads, which costs a megabyte; of our
    threads one at a time holds the interpreter anyway. Source: mallopt(3), M_ARENA_MAX.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


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
