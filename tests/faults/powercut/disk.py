"""A disk that may lose its power: what is surely on it, and what only may be.

Rules, as a drive behind a journalling file system behaves: what was written before an fsync of
its file began is kept. Of what was written later each 512-byte sector is kept or lost by itself.
A file's appearing in its folder, or its removal from it, is sure only after an fsync of the
folder; before that, such changes survive in their order, up to any point.
"""

from dataclasses import dataclass, field
from random import Random

SECTOR_BYTES = 512
SURVIVAL = (0.0, 0.5, 0.9, 1.0)  # how likely one unsynced sector is kept; drawn for each cut


@dataclass(frozen=True)
class Created:
    name: str


@dataclass(frozen=True)
class Removed:
    name: str


@dataclass(frozen=True)
class Written:
    name: str
    offset: int
    data: bytes


@dataclass(frozen=True)
class Truncated:
    name: str
    size: int


@dataclass(frozen=True)
class Synced:
    """An fsync of a file, or of the folder where `name` is empty. `began`: how many came before."""

    name: str
    began: int


Operation = Created | Removed | Written | Truncated | Synced


@dataclass
class _File:
    sure: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Written | Truncated]] = field(default_factory=list)


class Disk:
    """One folder. Feed it all operations in order, with their indices."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}
        self._sure_names: dict[str, _File] = {}
        self._pending_names: list[tuple[int, str, _File | None]] = []

    def apply(self, index: int, operation: Operation) -> None:
        """Carry out one operation."""
        match operation:
            case Created(name) if name not in self._names:
                self._names[name] = _File()
                self._pending_names.append((index, name, self._names[name]))
            case Removed(name):
                del self._names[name]
                self._pending_names.append((index, name, None))
            case Written(name) | Truncated(name):
                self._names[name].pending.append((index, operation))
            case Synced("", began):
                self._sync_names(began)
            case Synced(name, began) if name in self._names:
                _sync(self._names[name], began)

    def cut(self, random: Random) -> dict[str, bytes]:
        """The files as they might be found after the power went now. Changes nothing."""
        survival = random.choice(SURVIVAL)
        names = dict(self._sure_names)
        for _, name, file in self._pending_names[: random.randint(0, len(self._pending_names))]:
            _rename(names, name, file)
        return {name: _survivor(file, random, survival) for name, file in names.items()}

    def _sync_names(self, began: int) -> None:
        while self._pending_names and self._pending_names[0][0] < began:
            _, name, file = self._pending_names.pop(0)
            _rename(self._sure_names, name, file)


def _rename(names: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _sync(file: _File, began: int) -> None:
    late = []
    for index, change in file.pending:
        if index >= began:
            late.append((index, change))
        elif isinstance(change, Written):
            _write(file.sure, change.offset, change.data)
        else:
            _truncate(file.sure, change.size)
    file.pending = late


def _survivor(file: _File, random: Random, survival: float) -> bytes:
    content = bytearray(file.sure)
    for _, change in file.pending:
        if isinstance(change, Truncated):
            if random.random() < survival:
                _truncate(content, change.size)
            continue
        for at in _sectors(change):
            if random.random() < survival:
                start, end = max(at, change.offset), at + SECTOR_BYTES
                _write(content, start, change.data[start - change.offset : end - change.offset])
    return bytes(content)


def _sectors(change: Written) -> range:
    first = change.offset - change.offset % SECTOR_BYTES
    return range(first, change.offset + len(change.data), SECTOR_BYTES)


def _write(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _truncate(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))
