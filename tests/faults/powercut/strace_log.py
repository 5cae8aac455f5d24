"""Reads what `strace -f -y -xx` recorded of a writer: operations on its folder, and what it said.

Every system call that can change a file must be among TRACED. One that the disk model does not
know, on a file of the folder, is an error: a replay that overlooks a write proves nothing.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from powercut.disk import (
    Allocated,
    Appended,
    Created,
    Operation,
    Removed,
    Renamed,
    Synced,
    Truncated,
    Written,
)

TRACED = (
    "open,openat,creat,close,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync,"
    "syncfs,sync_file_range,truncate,ftruncate,fallocate,unlink,unlinkat,rename,renameat,"
    "renameat2,link,linkat,symlink,symlinkat,mmap,sendfile,copy_file_range,splice"
)
NAMING = {
    *("open", "openat", "creat", "truncate", "unlink", "unlinkat", "rename", "renameat"),
    *("renameat2", "link", "linkat", "symlink", "symlinkat"),
}
HARMLESS = {"close", "open", "openat"}
IGNORED_SUFFIX = "-shm"  # SQLite's shared memory: rebuilt from the log, never trusted

_LINE = re.compile(r"(?:(\d+) +)?(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?).*")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_FD = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")  # -xx: nothing but \x.. between the brackets
_TEXT = re.compile(r'"([^"]*)"(\.\.\.)?')


@dataclass(frozen=True)
class Said:
    """A line that the writer printed: a word and a number."""

    word: str
    number: int


Event = Operation | Said


class UnknownCall(Exception):
    """A call that changes the folder in a way the disk model does not know."""


def read(lines: Iterable[str], folder: str) -> list[Event]:
    """All events in the order in which their calls ended."""
    events: list[Event] = []
    for call, arguments, began in _calls(lines, events):
        events.extend(_events(call, arguments, folder, began))
    return events


def _calls(lines: Iterable[str], events: list[Event]) -> Iterator[tuple[str, str, int]]:
    """Successful calls: name, arguments, and how many events there were when it began."""
    started: dict[str | None, tuple[str, int]] = {}
    for line in lines:
        match = _LINE.fullmatch(line.rstrip("\n"))
        thread, text = match.groups() if match else (None, "")
        if text.endswith(_UNFINISHED):
            started[thread] = text.removesuffix(_UNFINISHED), len(events)
            continue
        began = len(events)
        resumed = _RESUMED.fullmatch(text)
        if resumed:
            head, began = started.pop(thread)
            text = head + resumed[1]
        call = _CALL.fullmatch(text)
        if call and not call[3].startswith(("-", "?")):
            yield call[1], call[2], began


def _events(call: str, arguments: str, folder: str, began: int) -> Iterator[Event]:
    """What one call did to the folder; nothing for what happened elsewhere."""
    if call == "write" and arguments.startswith("1<"):
        yield from _said(_texts(arguments)[0])
        return
    paths = [_plain(hex_).decode() for hex_ in _FD.findall(arguments)]
    inside = [path for path in paths if path == folder or path.startswith(folder + os.sep)]
    named = _named(call, arguments, folder)
    if named:
        yield from _by_name(call, arguments, named)
    elif inside and not inside[0].endswith(IGNORED_SUFFIX):
        yield from _by_descriptor(call, arguments, inside[0][len(folder) + 1 :], began)


def _named(call: str, arguments: str, folder: str) -> list[str]:
    """The files' names where the call takes paths into the folder or one below it."""
    if call not in NAMING:
        return []
    paths = [os.fsdecode(text) for text in _texts(arguments)]
    return [
        path[len(folder) + 1 :]
        for path in paths
        if path.startswith(folder + os.sep) and not path.endswith(IGNORED_SUFFIX)
    ]


def _by_name(call: str, arguments: str, names: list[str]) -> Iterator[Operation]:
    name = names[0]
    if call in {"open", "openat"}:
        if "O_CREAT" in arguments:
            yield Created(name, "O_EXCL" in arguments)
        if "O_TRUNC" in arguments:
            yield Truncated(name, 0)
    elif call in {"unlink", "unlinkat"}:
        yield Removed(name)
    elif call == "rename" and len(names) == 2:
        yield Renamed(name, names[1])
    else:
        raise UnknownCall(f"{call} of {name}")


def _by_descriptor(call: str, arguments: str, name: str, began: int) -> Iterator[Operation]:
    if call in {"fsync", "fdatasync"}:
        yield Synced(name, began)
    elif call in {"pwrite64", "write"}:
        hex_, shortened = _TEXT.findall(arguments)[0]
        if shortened:
            raise UnknownCall(f"a write to {name} that strace shortened")
        last = int(arguments.rsplit(", ", 1)[1])
        data = _plain(hex_)
        yield Written(name, last, data) if call == "pwrite64" else Appended(name, data)
    elif call == "fallocate" and ", 0, 0, " in arguments:
        yield Allocated(name, int(arguments.rsplit(", ", 1)[1]))
    elif call == "ftruncate":
        yield Truncated(name, int(arguments.rsplit(", ", 1)[1]))
    elif call not in HARMLESS and not (call == "mmap" and "PROT_WRITE" not in arguments):
        raise UnknownCall(f"{call} on {name}")


def _said(text: bytes) -> Iterator[Said]:
    for line in text.decode().splitlines():
        word, _, number = line.partition(" ")
        yield Said(word, int(number or 0))


def _texts(arguments: str) -> list[bytes]:
    return [_plain(hex_) for hex_, _ in _TEXT.findall(arguments)]


def _plain(hex_: str) -> bytes:
    return bytes.fromhex(hex_.replace("\\x", ""))
