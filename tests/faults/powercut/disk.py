"""A disk that may lose its power: what is surely on it, and what only may be.

Rules, as a drive behind a journalling file system behaves: what was written before an fsync of
its file began is kept. Of what was written later each 512-byte sector is kept or lost by itself.
A file's appearing in its folder, its new name, or its removal is sure only after an fsync of the
folder; before that, such changes survive in their order, up to any point, each folder by itself.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

SECTOR_BYTES = 512
SURVIVAL = (0.0, 0.5, 0.9, 1.0)  # how likely one unsynced sector is kept; drawn for each cut


@dataclass(frozen=True)
class Created:
    """Opened with O_CREAT. `exclusive`: with O_EXCL too, so that it began empty."""

    name: str
    exclusive: bool = False


@dataclass(frozen=True)
class Removed:
    name: str


@dataclass(frozen=True)
class Renamed:
    """Within one folder: afterwards there is one name or the other, never none."""

    name: str
    new: str


@dataclass(frozen=True)
class Written:
    name: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Appended:
    """Written one after the other into a file that was opened exclusively."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Truncated:
    name: str
    size: int


@dataclass(frozen=True)
class Allocated:
    """Room was reserved: the file has at least this size."""

    name: str
    size: int


@dataclass(frozen=True)
class Synced:
    """An fsync of a file or a folder; "" is the outer one. `began`: how many came before."""

    name: str
    began: int


Operation = Created | Removed | Renamed | Written | Appended | Truncated | Allocated | Synced
_Content = Written | Truncated | Allocated


@dataclass
class _File:
    """`end`: where the next piece goes; None if the file may have had content before."""

    sure: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, _Content]] = field(default_factory=list)
    end: int | None = None


class Impossible(Exception):
    """An operation of which the model cannot say what it leaves behind."""


_Names = list[tuple[str, _File | None]]


class Disk:
    """A folder and those in it. Feed it all operations in order, with their indices."""

    def __init__(self, folders: Iterable[str] = ()) -> None:
        """`folders` were there before, and empty."""
        self._names: dict[str, _File] = {}
        self._sure_names: dict[str, _File] = {}
        self._pending_names: dict[str, list[tuple[int, _Names]]] = {
            folder: [] for folder in ("", *folders)
        }

    def apply(self, index: int, operation: Operation) -> None:
        """Carry out one operation."""
        match operation:
            case Created(name, exclusive) if name not in self._names:
                self._rename(index, [(name, _File(end=0 if exclusive else None))])
            case Removed(name):
                self._rename(index, [(name, None)])
            case Renamed(name, new):
                if os.path.dirname(name) != os.path.dirname(new):
                    raise Impossible(f"{name} went to another folder")
                self._rename(index, [(name, None), (new, self._names[name])])
            case Appended(name, data):
                self._append(index, name, data)
            case Written(name) | Truncated(name) | Allocated(name):
                self._names[name].pending.append((index, operation))
            case Synced(name, began) if name in self._pending_names:
                self._sync_names(name, began)
            case Synced(name, began) if name in self._names:
                _sync(self._names[name], began)

    def cut(self, random: Random) -> dict[str, bytes]:
        """The files as they might be found after the power went now. Changes nothing."""
        survival = random.choice(SURVIVAL)
        names = dict(self._sure_names)
        for pending in self._pending_names.values():
            for _, changes in pending[: random.randint(0, len(pending))]:
                _put(names, changes)
        return {name: _survivor(file, random, survival) for name, file in names.items()}

    def _rename(self, index: int, changes: _Names) -> None:
        _put(self._names, changes)
        self._pending_names[os.path.dirname(changes[0][0])].append((index, changes))

    def _append(self, index: int, name: str, data: bytes) -> None:
        file = self._names[name]
        if file.end is None:
            raise Impossible(f"nobody knows where this piece of {name} goes")
        file.pending.append((index, Written(name, file.end, data)))
        file.end += len(data)

    def _sync_names(self, folder: str, began: int) -> None:
        pending = self._pending_names[folder]
        while pending and pending[0][0] < began:
            _put(self._sure_names, pending.pop(0)[1])


def _put(names: dict[str, _File], changes: _Names) -> None:
    for name, file in changes:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file


def _sync(file: _File, began: int) -> None:
    for index, change in file.pending:
        if index < began:
            _change(file.sure, change)
    file.pending = [each for each in file.pending if each[0] >= began]


def _survivor(file: _File, random: Random, survival: float) -> bytes:
    content = bytearray(file.sure)
    for _, change in file.pending:
        if not isinstance(change, Written):
            if random.random() < survival:
                _change(content, change)
            continue
        for at in _sectors(change):
            if random.random() < survival:
                start, end = max(at, change.offset), at + SECTOR_BYTES
                _write(content, start, change.data[start - change.offset : end - change.offset])
    return bytes(content)


def _sectors(change: Written) -> range:
    first = change.offset - change.offset % SECTOR_BYTES
    return range(first, change.offset + len(change.data), SECTOR_BYTES)


def _change(content: bytearray, change: _Content) -> None:
    match change:
        case Written(_, offset, data):
            _write(content, offset, data)
        case Truncated(_, size):
            _truncate(content, size)
        case Allocated(_, size) if size > len(content):
            _truncate(content, size)


def _write(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _truncate(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))
