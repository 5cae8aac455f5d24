"""What the kernel lets others see of running programs; Linux, proc(5)."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TOLD = ("cmdline", "environ", "comm", "status", "maps", "limits")


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def told(pid: int) -> Iterator[tuple[str, bytes]]:
    """(file, content) of what /proc says about a process, the names of its open files too.

    What the kernel refuses to tell, or a process that has just ended, is left out.
    """
    folder = Path(f"/proc/{pid}")
    for name in _TOLD:
        with suppress(OSError):
            yield name, (folder / name).read_bytes()
    for link in folder.glob("fd/*"):
        with suppress(OSError):
            yield f"fd/{link.name}", bytes(link.readlink())


def core_limits(pid: int) -> tuple[str, int]:
    """(soft and hard limit of a core's size, which kinds of memory would be in one)."""
    folder = Path(f"/proc/{pid}")
    lines = (folder / "limits").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("Max core file size")]
    kinds = int((folder / "coredump_filter").read_text(), 16)
    return " ".join(line.split()[4:6]), kinds
