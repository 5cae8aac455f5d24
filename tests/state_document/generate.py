"""Writes docs/terminal-states.md: what a window is and shows, read off the firmware itself.

Without `--write` it only compares, and ends with 1 when the document is another.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from firmware import people
from firmware.local_visit import REFUSED
from firmware.obey import Order, obey
from firmware.people import People
from firmware.scene import scene
from firmware.session import (
    Asking,
    Inside,
    OrderRefusal,
    Rated,
    Reading,
    State,
    Visit,
    mode,
)
from firmware.surroundings import Around
from firmware.work import pack
from hal.events.orders import (
    AcceptParty,
    CancelRating,
    CapturePage,
    CloseVisit,
    Configure,
    ConfirmSheet,
    Identify,
    OfflineItem,
    OpenVisit,
    Pause,
    RequestRating,
    Reserve,
    Resume,
    SetLights,
)
from hal.same_person import Bearer

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "terminal-states.md"
NOW = 100.0
THERE = Around(centre=True, screen=True)
IDLE = State(around=THERE)
V1 = Visit("v1", "A001", window=3)
STRANGE = people.read(
    people.read(People(), Bearer("示例甲", None)).people, Bearer("示例乙", None)
).people
WORK = pack(Configure(catalogue_version="1", items=[OfflineItem(code="i1", name="示例事项")]))
HERE = (Inside("card", "slot 0"),)
ASKING = replace(V1, served=True, asked="r1", rating=Asking("r1", 95.0, 30.0))
READING = Reading("a" * 64, True, 95.0, 300.0)
RATED = replace(ASKING, rated=True, rating=Rated("r1", 4, 95.0, 103.0))

SITUATIONS: dict[str, State] = {
    "no visit": IDLE,
    "visit open, nothing done yet": replace(IDLE, visit=V1),
    "something was bound": replace(IDLE, visit=replace(V1, served=True)),
    "a stranger waits for a role (证卡不一致)": replace(
        IDLE, visit=replace(V1, served=True, people=STRANGE)
    ),
    "the pad asks": replace(IDLE, visit=ASKING),
    "rated, for 8 s": replace(IDLE, visit=RATED),
    "rated": replace(IDLE, visit=replace(RATED, rating=None)),
    "a sheet is read back": replace(IDLE, visit=replace(V1, served=True, reading=READING)),
    "a light was set (lamps/set)": replace(IDLE, visit=V1, light=("green", "slow")),
    "red was set off, a card left behind": replace(
        IDLE, inside=HERE, left=True, light=("red", "off")
    ),
    "local visit": replace(
        IDLE, visit=replace(V1, local=True), around=replace(THERE, centre=False)
    ),
    "paused": replace(IDLE, paused=True),
    "card inside, no visit": replace(IDLE, inside=HERE),
    "card left behind (遗留卡)": replace(IDLE, inside=HERE, left=True),
    "no centre": State(),
    "no centre, items allowed offline": State(work=WORK),
    "no centre, paused": State(paused=True),
    "essential device lost": replace(IDLE, around=replace(THERE, lost=frozenset({"identity"}))),
    "the same, being brought back": replace(
        IDLE,
        around=replace(
            THERE, lost=frozenset({"identity"}), recovering=(("identity", "读卡器恢复中"),)
        ),
    ),
    "another device is brought back": replace(
        IDLE, around=replace(THERE, recovering=(("gun", "扫码枪恢复中"),))
    ),
    "disk full": replace(IDLE, around=replace(THERE, disk_low=True)),
    "disk full, visit open": replace(IDLE, visit=V1, around=replace(THERE, disk_low=True)),
    "clock wrong": replace(IDLE, around=replace(THERE, clock_wrong=True)),
    "clock wrong, no centre": State(around=Around(clock_wrong=True)),
}
ORDERS: dict[str, tuple[Order, str | None]] = {
    "visit/open, next": (OpenVisit(ticket="A002"), "v2"),
    "visit/open, same": (OpenVisit(ticket="A001"), "v1"),
    "visit/close": (CloseVisit(), "v1"),
    "visit/party": (AcceptParty(party="agent"), "v1"),
    "rating/request, new": (RequestRating(request="r2"), "v1"),
    "rating/request, same": (RequestRating(request="r1"), "v1"),
    "rating/cancel": (CancelRating(request="r1"), "v1"),
    "document/capture": (CapturePage(document="d1"), "v1"),
    "screen/confirm": (ConfirmSheet(sheet="b" * 64), "v1"),
    "lamps/set": (SetLights(colour="green", flash_rate="slow"), None),
    "terminal/pause": (Pause(), None),
    "terminal/resume": (Resume(), None),
    "terminal/identify": (Identify(), None),
    "terminal/reserve": (Reserve(lane="A", day="2026-11-23", first=1, last=9), None),
}
HEAD = """# What a window is, shows and does

This page is made from the code: `.venv/bin/python tests/state_document/generate.py --write`; a \
test compares it. The state is a set of things that stand each by itself: the visit and its rating \
(`firmware/session.py`), paused, a card inside, and the surroundings (`firmware/surroundings.py`: \
centre, devices, disk, clock). The mode is derived, in this order:

| the first that holds | mode |
|---|---|
| disk full, or an essential device lost | fault |
| visit open, the pad asks | rating |
| visit open, something was bound to it | serving |
| visit open | called |
| paused | paused |
| centre or line away | offline |
| | idle |

So a visit goes on whether the centre is there or not; while one is open the window is not paused; \
and a fault tells the centre that nobody more can be called here, though what is open comes to its \
end.

## What people see and hear

Green stands while a visit is open and at no other time: nobody is invited in vain. The centre may \
wish one lamp otherwise (`lamps/set`), until the next set or the end of the visit; red that calls \
for somebody stays. The last line \
of the display is what else is wrong, the clock first.

"""
ORDERS_HEAD = """
## Orders

Each order in each situation: done, done without an effect (–), or refused with its reason. \
Orders that are not of a visit (announce, configure) are always done.

"""
LOCAL_HEAD = """
## Work without the centre

A person at the window may wish (`firmware/local_desk.py`): a visit for an item, a role for the \
stranger, a page, a rating, the close. A local visit goes on here to its end even when the centre \
is back; a visit of the centre's may be closed here while it is away. Why a wish is refused:

"""
TAIL = """
## Rules

- A fact belongs to the visit that is open when it is kept, or to nobody. A page that comes when \
its visit is over is kept and belongs to nobody; its order is refused.
- A document unlike those of the visit's parties is kept with the visit and without a role, and \
waits in the tray. Pages and codes meanwhile are the visit's and nobody's in particular, as \
always. With one stranger waiting, `visit/party` gives that one the role; with several it is \
refused until the document of the one that is meant is read again. After a restart nobody is \
remembered.
- A card inside blocks the next visit, the centre's or a local one, and the pause, until it is \
taken. A reader that comes back tells within 5 s of a card that lies in it, or the card counts as \
taken; a reader that stays away frees the window after 60 s.
- One rating per visit; a press within 8 s replaces the one before; a press that nobody asked for \
is no fact.
- A sheet is read back on the customer screen while that is open somewhere; a newer sheet takes \
the place of one not yet answered for. Every sheet ends in one fact: confirmed (and signed, if \
that was asked for), disputed, or expired with the reason. What is done on the screen names what \
it showed, and counts for nothing else.
- With a full disk reads, pages and visits are refused, with a red wink and 存储已满; a card that \
goes in or out, a rating that was asked for and the close are kept if they can be. The window \
tries by itself once a second.
- Reserved numbers are given in order and each once, also across restarts; blocks of past days are \
dropped; without a clock those of the newest day count.
- Without a clock that can be trusted only the broker says which order has expired.
"""


def document() -> str:
    parts = [HEAD, *_scenes(), ORDERS_HEAD, *_orders(), LOCAL_HEAD, *_refusals(), TAIL]
    return "".join(parts)


def _scenes() -> Iterable[str]:
    yield _row("situation", "mode", "lamps that stand", "pad", "display", "voice, again and again")
    yield _row(*["---"] * 6)
    for name, state in SITUATIONS.items():
        shown = scene(state)
        stands = [word for word in ("green", "red", "yellow", "buzzer") if getattr(shown, word)]
        light = shown.light or ("", "")
        lamps = [word for word in stands if word != light[0]] + [" ".join(light)] * bool(light[0])
        lines = [shown.screen.large, *shown.screen.lines]
        text = " / ".join(line for line in lines if line)
        pad = " ".join(map(str, sorted(shown.pad)))
        yield _row(name, mode(state), ", ".join(lamps), pad, text, shown.phrase or "")


def _orders() -> Iterable[str]:
    yield _row("situation", *ORDERS)
    yield _row(*["---"] * (1 + len(ORDERS)))
    for name, state in SITUATIONS.items():
        yield _row(name, *(_result(state, *order) for order in ORDERS.values()))


def _result(state: State, order: Order, visit: str | None) -> str:
    try:
        outcome = obey(state, order, visit, "pad", NOW)
    except OrderRefusal as refusal:
        return refusal.reason
    if outcome.capture is None and outcome.state == state and not outcome.signs:
        return "–"
    return "done"


def _refusals() -> Iterable[str]:
    yield _row("code", "中文", "English")
    yield _row(*["---"] * 3)
    for code, texts in REFUSED.items():
        yield _row(f"`{code}`", *texts)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    made = document()
    if parser.parse_args(arguments).write:
        DOCUMENT.write_text(made, "utf-8")
        return 0
    if DOCUMENT.is_file() and DOCUMENT.read_text("utf-8") == made:
        return 0
    print(f"{DOCUMENT.name} is not what the code says; run this with --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
