"""Keeps facts and pages in the firmware's real outbox and spool, and says so: the program whose
power is cut.

    python state_writer.py FOLDER [--weaken normal|early|forgetful|unsynced|ahead]

`FOLDER/spool` must be there. Prints `KEPT n` when fact n is kept, `RECEIPT n` before the outbox is
told that the centre has all facts up to n; `PAGE n` when page n is kept, `CONFIRM n` before the
spool is told that the centre has all pages up to n. Facts come singly and in threes, some name the
page that was kept before them, receipts lag behind, and both are closed and opened again on the
way. SQLite's log is short, and rows go in small lots, so that many cuts fall into that.

With --weaken it does what must be caught: commits without waiting for the disk (`normal`), says
KEPT before the commit (`early`), trims what nobody has receipted (`forgetful`), keeps pages without
waiting for the disk (`unsynced`), keeps a fact before the page that it names (`ahead`).
"""

import argparse
import base64
import functools
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from firmware import outbox as outbox_module
from firmware.outbox import Change, Outbox
from firmware.spool import Spool
from hal.events.envelope import SealedData
from hal.events.media import SealedMedia, pack

TURNS = 240
EPOCH = "01JD8Z3K5M7N9P1Q3R5S7T9V1W"
TERMINAL = "pzh01-w03"
KID = "dev1"
FORGET_AT_S = 2e9
BALLAST_BYTES = 128 * 1024


class Hasty(sqlite3.Connection):
    """SQLite that does not wait for the disk whatever it is told."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = NORMAL"), *values)


def body(sequence: int) -> bytes:
    """What fact `sequence` says: about 700 bytes, no two alike."""
    return (f"{sequence:010d}" * 70).encode()


def order(sequence: int) -> str:
    """The order that is remembered together with fact `sequence`."""
    return f"order-{sequence}"


def page(number: int) -> bytes:
    """What lies under the camera: about 3 KB, no two alike."""
    return (f"page {number:06d}" * 300).encode()


def page_id(number: int) -> str:
    return f"{number:026d}"


def sealed_page(number: int) -> bytes:
    """The bytes that the spool keeps of page `number`; they name it by their SHA-256."""
    return pack(SealedMedia(KID, page_id(number), page(number)))


def sha256(number: int) -> str:
    return hashlib.sha256(sealed_page(number)).hexdigest()


def seal(plain: bytes, info: bytes) -> SealedData:
    """The same box each time, so that it is known what must be found."""
    return SealedData(KID, base64.urlsafe_b64encode(plain).rstrip(b"=").decode())


def say(word: str, number: int) -> None:
    os.write(1, f"{word} {number}\n".encode())


class Writer:
    """`weakness`: what it does wrong, None for nothing."""

    def __init__(self, folder: Path, weakness: str | None) -> None:
        self._folder = folder
        self._weakness = weakness
        self._pages = 0
        self._confirmed = 0
        self._ids: Iterator[int] = count(1)
        self.open()

    def open(self) -> None:
        self._outbox = Outbox(self._folder / "outbox.db", lambda: EPOCH)
        self._spool = Spool(
            self._folder / "spool", TERMINAL, seal, lambda: page_id(next(self._ids))
        )

    def close(self) -> None:
        self._outbox.close()

    def keep(self, drafts: int, topic: str = "fact") -> int:
        """Keep facts in one transaction, with the state and the order that belong to them."""
        last = self._outbox.last() + drafts

        def write(draft: int, sequence: int) -> tuple[str, bytes]:
            if self._weakness == "early":
                say("KEPT", sequence)
            return topic, body(sequence)

        change = Change(state={"last": last}, orders={order(last): FORGET_AT_S})
        self._outbox.keep(range(drafts), write, 0.0, change)
        say("KEPT", last)
        return last

    def photograph(self) -> int:
        """Keep a page, and then the fact that names it."""
        self._pages += 1
        if self._weakness == "ahead":
            self.keep(1, f"page/{self._pages}")
        self._spool.keep(page(self._pages))
        say("PAGE", self._pages)
        return self.keep(1, f"page/{self._pages}")

    def receive(self, last: int) -> None:
        """The centre has nearly everything."""
        if self._weakness != "forgetful":
            say("RECEIPT", last - 7)
        self._outbox.receipt(last - 7)
        confirmed = self._pages - 2
        say("CONFIRM", confirmed)
        for number in range(self._confirmed + 1, confirmed + 1):
            self._spool.confirmed(sha256(number))
        self._confirmed = max(self._confirmed, confirmed)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    weaknesses = ("normal", "early", "forgetful", "unsynced", "ahead")
    parser.add_argument("--weaken", choices=weaknesses)
    arguments = parser.parse_args()
    if arguments.weaken == "normal":
        sqlite3.connect = functools.partial(sqlite3.connect, factory=Hasty)  # type: ignore[assignment]
    if arguments.weaken == "unsynced":
        os.fsync = lambda handle: None
    shorten()
    writer = Writer(arguments.folder, arguments.weaken)
    for turn in range(1, TURNS + 1):
        last = writer.keep(1 if turn % 5 else 3)
        if turn % 4 == 0:
            last = writer.photograph()
        if turn % 12 == 0:
            writer.receive(last)
        if turn % 100 == 0:
            writer.close()
            writer.open()
    os._exit(0)  # the power goes here at the latest: nothing is closed in an orderly way


def shorten() -> None:
    """A log of few pages, and small lots."""
    outbox_module._LOG_PAGES = 60
    outbox_module._FOLD_AT_FACTS = 20
    outbox_module._TRIM_WITH_FACT_ROWS, outbox_module._TRIM_AT_ROWS = 8, 24
    outbox_module._BALLAST_BYTES = BALLAST_BYTES


if __name__ == "__main__":
    main()
