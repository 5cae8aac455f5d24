"""Keeps facts and pages on a real disk of 5 MB until it is full, and beyond; prints what it saw.

    unshare -rm python -m powercut.full_disk FOLDER    # in tests/faults

Mounts a tmpfs on FOLDER, which nobody else sees and which ends with the process. The output is one
JSON object: what is to be true → whether it was.
"""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from powercut import state_writer

from firmware import outbox as outbox_module
from firmware import spool as spool_module
from firmware.disk import free_bytes
from firmware.outbox import Outbox
from firmware.spool import Spool, SpoolFull

DISK_BYTES = 5 * 1024 * 1024
ROUNDS = 12
MANY = 100_000


class Place:
    """The disk, an outbox and a spool on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outbox = self.open()
        ids = iter(range(MANY))
        self.spool = Spool(
            folder / "spool",
            state_writer.TERMINAL,
            state_writer.seal,
            lambda: state_writer.page_id(next(ids)),
        )

    def open(self) -> Outbox:
        return Outbox(self.folder / "outbox.db", lambda: state_writer.EPOCH)

    def keep(self, count: int) -> int:
        """How many facts of so many are kept before the disk refuses one."""
        for kept in range(count):
            try:
                self.outbox.keep([0], lambda _, sequence: ("t", state_writer.body(sequence)), 1.0)
            except sqlite3.OperationalError:
                return kept
        return count

    def fill(self) -> None:
        """Let somebody else take all that is left."""
        with open(self.folder / "filler", "ab", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue

    def is_whole(self) -> bool:
        """Every fact that waits says what it said, and none is missing."""
        entries = self.outbox.after(0, MANY)
        first = self.outbox.last() - self.outbox.waiting()[0] + 1
        return [entry.sequence for entry in entries] == list(
            range(first, self.outbox.last() + 1)
        ) and all(entry.body == state_writer.body(entry.sequence) for entry in entries)

    def page_is_refused(self) -> bool:
        before = sorted((self.folder / "spool").iterdir()), self.spool.waiting()
        try:
            self.spool.keep(os.urandom(8192))
        except SpoolFull:
            return before == (sorted((self.folder / "spool").iterdir()), self.spool.waiting())
        return False


def main() -> None:
    folder = Path(sys.argv[1])
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    subprocess.run(mount, check=True)
    place, seen = Place(folder), dict[str, bool]()
    page = place.spool.keep(os.urandom(8192)).sha256
    _fill_up(place, seen)
    for _ in range(ROUNDS):
        _empty_and_go_on(place, seen)
    place.outbox.close()
    place.outbox = place.open()
    seen["it opens on a full disk"] = place.is_whole() and place.outbox.set_aside is None
    (folder / "filler").unlink()
    last = place.outbox.last()
    seen["facts are kept again"] = place.keep(1000) == 1000
    seen["no number was lost"] = place.outbox.last() == last + 1000 and place.is_whole()
    place.spool.keep(os.urandom(8192))
    seen["the page from before is there"] = place.spool.waiting()[0] == page
    ballast = (folder / "outbox.db.ballast").stat().st_size
    seen["room is held back again"] = ballast == outbox_module._BALLAST_BYTES
    print(json.dumps(seen))


def _fill_up(place: Place, seen: dict[str, bool]) -> None:
    place.keep(900)
    place.fill()
    place.keep(MANY)
    seen["the disk is full"] = free_bytes(place.folder) == 0
    last = place.outbox.last()
    seen["no fact is kept"] = place.keep(1) == 0 and place.outbox.last() == last
    seen["nothing is damaged"] = place.is_whole()
    seen["no page is kept"] = place.page_is_refused()
    look = spool_module.free_bytes
    spool_module.free_bytes = lambda folder: DISK_BYTES  # it filled up after we looked
    seen["no part of a page is kept"] = place.page_is_refused()
    spool_module.free_bytes = look


def _empty_and_go_on(place: Place, seen: dict[str, bool]) -> None:
    """The centre receipts nearly everything; as many facts have room again."""
    before = place.outbox.depth()
    place.outbox.receipt(place.outbox.last() - 3)
    went = place.outbox.depth() == 3
    seen["receipts empty it"] = seen.get("receipts empty it", True) and went
    place.fill()
    kept = place.keep(MANY)
    goes_on = before // 2 < kept < MANY and place.is_whole()
    seen["it goes on in their place"] = seen.get("it goes on in their place", True) and goes_on


if __name__ == "__main__":
    main()
