"""Server-sent events: facts, cases and the hall as they come, until the screen or we go away."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec
from starlette.concurrency import run_in_threadpool

from central.service import hall, news
from central.service.news import Position
from central.service.views import LiveView, View
from central.web.parts import Parts

KEEP_ALIVE_S = 15.0
PANEL_S = 1.0
"""How often the displays' pictures are looked at: nobody rings when one changes."""
GATHER_S = 0.1
"""Commits closer together than this are sent as one bundle."""

KEEP_ALIVE = ": still here\n\n"


@dataclass(frozen=True)
class Bundle:
    """What one look at the centre brought. `more`: there is at least as much again."""

    position: Position
    text: str = ""
    seen: LiveView | None = None
    panels: Mapping[str, int | None] = field(default_factory=dict)
    more: bool = True


async def stream(parts: Parts, start: Position) -> AsyncIterator[str]:
    """Everything after `start`, then whatever is committed. Ends when the bell is closed."""
    bundle = Bundle(start)
    patience_s = PANEL_S if parts.pictures.has_panels else KEEP_ALIVE_S
    with parts.bell.listen() as heard:
        yield "retry: 1000\n\n"
        while not parts.bell.closed:
            heard.clear()
            bundle = await run_in_threadpool(_look, parts, bundle)
            if bundle.text:
                yield bundle.text
            if not bundle.more and not await _rings(heard, patience_s):
                yield KEEP_ALIVE


async def _rings(heard: asyncio.Event, patience_s: float) -> bool:
    """Wait for the next commit, at least GATHER_S; False when nothing came for a while."""
    await asyncio.sleep(GATHER_S)
    try:
        await asyncio.wait_for(heard.wait(), patience_s)
    except TimeoutError:
        return False
    return True


def _look(parts: Parts, last: Bundle) -> Bundle:
    places = parts.places.all()
    with parts.readers.connect() as connection:
        facts = news.facts_after(connection, last.position.fact)
        cases = news.cases_after(connection, last.position.audit)
        seen = hall.live(connection, places, parts.now(), parts.catalogue)
    position, pieces = last.position, []
    for fact in facts:
        position = replace(position, fact=fact.cursor)
        pieces.append(_news("fact", position, fact))
    for n, case in cases:
        position = replace(position, audit=n)
        pieces.append(_news("case", position, case))
    # What changed in the visits and ratings is not told here: the screen asks for it as its user.
    if seen != last.seen:
        pieces.append(_event("hall", seen.hall.model_dump_json()))
    panels = {place.terminal: parts.pictures.panel_version(place.terminal) for place in places}
    pieces += [
        _event("panel", _panel(terminal, version))
        for terminal, version in panels.items()
        if version is not None and version != last.panels.get(terminal)
    ]
    more = news.BATCH in (len(facts), len(cases))
    return Bundle(position, "".join(pieces), seen, panels, more)


def _panel(terminal: str, version: int) -> str:
    # As text: a script's numbers cannot hold so many nanoseconds.
    told = {"terminal": terminal, "version": str(version)}
    return msgspec.json.encode(told).decode()


def _news(name: str, position: Position, view: View) -> str:
    return f"id: {position}\n" + _event(name, view.model_dump_json())


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
