"""Keeps facts in the firmware's real outbox, and says so: the program whose power is cut.

    python outbox_writer.py FOLDER [--weaken normal|early|forgetful]

Prints `KEPT n` when fact n is kept, `RECEIPT n` before the outbox is told that the centre has all
facts up to n. Facts come singly and in threes, receipts lag behind, and the outbox is closed and
opened again on the way. The log is folded into the database every few dozen pages instead of every
thousand, so that many cuts fall into that.

With --weaken it does what must be caught: commits without waiting for the disk (`normal`), says
KEPT before the commit (`early`), trims what nobody has receipted (`forgetful`).
"""

import argparse
import functools
import os
import sqlite3
from pathlib import Path
from typing import Any

from firmware.outbox import Change, Outbox

KEEPS = 240
EPOCH = "01JD8Z3K5M7N9P1Q3R5S7T9V1W"
FORGET_AT_S = 2e9


class FoldingOften(sqlite3.Connection):
    """SQLite with a short log."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        super().execute("PRAGMA wal_autocheckpoint = 40")


class Hasty(FoldingOften):
    """The same, and it does not wait for the disk whatever it is told."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = NORMAL"), *values)


def body(sequence: int) -> bytes:
    """What fact `sequence` says: about 700 bytes, no two alike."""
    return (f"{sequence:010d}" * 70).encode()


def order(sequence: int) -> str:
    """The order that is remembered together with fact `sequence`."""
    return f"order-{sequence}"


def say(word: str, number: int) -> None:
    os.write(1, f"{word} {number}\n".encode())


def keep(outbox: Outbox, count: int, *, early: bool) -> int:
    """Keep `count` facts in one transaction, with the state and the order that belong to them."""
    last = outbox.last() + count

    def write(draft: int, sequence: int) -> tuple[str, bytes]:
        if early:
            say("KEPT", sequence)
        return f"fact/{draft}", body(sequence)

    change = Change(state={"last": last}, orders={order(last): FORGET_AT_S})
    outbox.keep(range(count), write, 0.0, change)
    say("KEPT", last)
    return last


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weaken", choices=("normal", "early", "forgetful"))
    arguments = parser.parse_args()
    factory = Hasty if arguments.weaken == "normal" else FoldingOften
    sqlite3.connect = functools.partial(sqlite3.connect, factory=factory)  # type: ignore[assignment]
    outbox = Outbox(arguments.folder / "outbox.db", lambda: EPOCH)
    for turn in range(1, KEEPS + 1):
        last = keep(outbox, 1 if turn % 5 else 3, early=arguments.weaken == "early")
        if turn % 12 == 0:
            receipted = last - 7
            if arguments.weaken != "forgetful":
                say("RECEIPT", receipted)
            outbox.receipt(receipted)
        if turn % 100 == 0:
            outbox.close()
            outbox = Outbox(arguments.folder / "outbox.db", lambda: EPOCH)
    os._exit(0)  # the power goes here at the latest: nothing is closed in an orderly way


if __name__ == "__main__":
    main()
