"""Keeps facts and pages as the terminal does: the program that bench/wear.py counts.

    python wear_writer.py FOLDER            # facts, cases, pages; prints MARK where each begins
    python wear_writer.py FOLDER --outage   # 10,000 facts that wait; prints how long looks take

A low-risk case is twelve facts: visit opened, card presented, identity read, card read and
removed, two codes, a document, a rating, visit closed. The state of the session and the ids of
orders are written with them, and receipts come three facts later.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.outbox import Change, Outbox
from firmware.seal import load_seal
from firmware.spool import Spool
from firmware.stamp import Draft, Stamp
from hal.clock import SystemClock
from hal.events.facts import (
    CardPresented,
    CardRead,
    CardRemoved,
    CodeScanned,
    Data,
    DocumentCaptured,
    IdentityRead,
    OrderDone,
    Page,
    RatingGiven,
)
from hal.events.topics import Branch
from sim.people import citizens

FACTS, CASES, PAGES = 200, 20, 3
PAGE_BYTES = 1_900_000
LONG_OUTAGE_FACTS = 10_000
WARM_UP_FACTS = 150
LAG_FACTS = 3
_DAY_S = 86_400.0
_ULID = "01JD8Z3K5M7N9P1Q3R5S7T"
_VISIT = _ULID + "9V1W"
_HASH = "5e" * 32
_STATE = {
    "visit": _VISIT,
    "ticket": "A017",
    "window": 3,
    "over": [f"{_ULID}{number:04d}" for number in range(32)],
    "rating": {"request": _VISIT, "level": 5},
}


@dataclass(frozen=True)
class Step:
    """What one event of a case has the terminal keep, in one transaction."""

    facts: tuple[tuple[str, Data], ...]
    state: bool = False
    order: bool = False


def _done(verb: str) -> tuple[str, Data]:
    return "order.done", OrderDone(order=_VISIT, result={"verb": verb})


_CITIZEN = next(citizens(1))
_IDENTITY = IdentityRead(
    document="resident",
    name=_CITIZEN.name,
    number=_CITIZEN.number,
    birth_date="1990-01-01",
    valid_from="2020-01-01",
    valid_until="2040-01-01",
    number_valid=True,
    expired=False,
    fingerprint_present=True,
    photo_hash=_HASH,
    sex=_CITIZEN.sex,
    nation=_CITIZEN.nation,
    address=_CITIZEN.address + "样本小区二栋三单元",
    issuer=_CITIZEN.issuer,
)
_CARD = CardRead(
    scheme="national",
    generation="3",
    card_number="A12345678",
    social_security_number=_CITIZEN.number,
    name=_CITIZEN.name,
    sex=_CITIZEN.sex,
    nation=_CITIZEN.nation,
    birth_date="1990-01-01",
    birthplace=_CITIZEN.number[:6],
    issuer=_CITIZEN.issuer,
    issued_on="2020-01-01",
    valid_until="2030-01-01",
    area_code=_CITIZEN.number[:6],
)
_PAGE = Page(
    hash=_HASH,
    size_bytes=PAGE_BYTES,
    width_px=2480,
    height_px=3508,
    dpi=300.0,
    sharpness=211.5,
    glare=0.01,
    skew_deg=0.4,
    verdict="good",
)
CASE = (
    Step((_done("open"),), state=True, order=True),
    Step((("card.presented", CardPresented(slot="top", atr_family="pboc")),)),
    Step((("identity.read", _IDENTITY),), state=True),
    Step((("card.read", _CARD),), state=True),
    Step((("card.removed", CardRemoved(slot="top")),)),
    Step((("code.scanned", CodeScanned(kind="material", text="PZH-2026-000123")),)),
    Step((("code.scanned", CodeScanned(kind="case", text="510403202611250017")),)),
    Step(
        (
            ("document.captured", DocumentCaptured(document=_VISIT, pages=[_PAGE])),
            _done("capture"),
        ),
        order=True,
    ),
    Step((_done("rating"),), state=True, order=True),
    Step((("rating.given", RatingGiven(request=_VISIT, level=5, raw_key="5")),), state=True),
    Step((), state=True),
    Step((_done("close"),), state=True, order=True),
)


class Desk:
    """Keeps steps in the real outbox, sealed by the real stamp, and hears receipts for them."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        key = X25519PrivateKey.generate().public_key()
        public = folder / "seal.pub.pem"
        public.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        seal = load_seal("dev1", public)
        stamp = Stamp(Branch("pzh01", "pzh01-w03"), clock, seal)
        self.outbox = Outbox(folder / "outbox.db", stamp.new_id)
        self.spool = Spool(folder / "spool", "pzh01-w03", seal, stamp.new_id)
        self._write = stamp.writer(self.outbox.epoch)
        self._new_id = stamp.new_id
        self._now_s = count(clock.now().timestamp(), 5.0)
        self._ticket = count()

    def keep(self, step: Step, *, receipts: bool = True) -> None:
        drafts = []
        for kind, data in step.facts:
            role, name = kind.split(".")
            drafts.append(Draft(role, role, name, data, _VISIT))
        now_s = next(self._now_s)
        state = {**_STATE, "ticket": f"A{next(self._ticket):03d}"} if step.state else None
        orders = {self._new_id(): now_s + _DAY_S} if step.order else {}
        self.outbox.keep(drafts, self._write, now_s, Change(state, orders))
        if receipts:
            self.outbox.receipt(self.outbox.last() - LAG_FACTS)


def single_facts() -> Iterator[Step]:
    """The facts of cases one after another, each in a transaction of its own, for ever."""
    for step in cycle(CASE):
        for fact in step.facts:
            yield Step((fact,), step.state, step.order)


def write(folder: Path) -> None:
    """What is measured."""
    desk, facts = Desk(folder), single_facts()
    for step in islice(facts, WARM_UP_FACTS):
        desk.keep(step)
    say("MARK facts")
    for step in islice(facts, FACTS):
        desk.keep(step)
    say("MARK cases")
    for step in CASE * CASES:
        desk.keep(step)
    say("MARK pages")
    kept = sum(desk.spool.keep(os.urandom(PAGE_BYTES)).size_bytes for _ in range(PAGES))
    say("MARK end")
    say(f"KEPT {FACTS} facts, {CASES} cases, {PAGES} pages of {kept} bytes")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def long_outage(folder: Path) -> str:
    """How long a look into the outbox takes while 10,000 facts wait, and opening it again."""
    desk = Desk(folder)
    for step in islice(single_facts(), LONG_OUTAGE_FACTS):
        desk.keep(step, receipts=False)
    outbox, half = desk.outbox, LONG_OUTAGE_FACTS // 2
    after_ms = _best_ms(lambda: len(outbox.after(half, 256)))
    waiting_ms = _best_ms(outbox.waiting)
    outbox.close()
    began = time.perf_counter()
    Outbox(folder / "outbox.db", str).close()
    opened_s = time.perf_counter() - began
    return (
        f"outage: {LONG_OUTAGE_FACTS} facts wait; 256 of them read in {after_ms:.2f} ms, "
        f"counted in {waiting_ms:.3f} ms, outbox opened again in {opened_s:.2f} s"
    )


def _best_ms(look: Callable[[], object]) -> float:
    spent = []
    for _ in range(20):
        began = time.perf_counter()
        look()
        spent.append(time.perf_counter() - began)
    return min(spent) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--outage", action="store_true")
    arguments = parser.parse_args()
    if arguments.outage:
        say(long_outage(arguments.folder))
    else:
        write(arguments.folder)


if __name__ == "__main__":
    main()
