"""Server-sent events: facts, cases and the hall as they come, until the screen or we go away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from central.service import hall, news
from central.service.news import Position
from central.service.views import View
from central.web.parts import Parts

KEEP_ALIVE_S = 15.0
GATHER_S = 0.1
"""Commits closer together than this are sent as one bundle."""

KEEP_ALIVE = ": still here\n\n"


@dataclass(frozen=True)
class Bundle:
    """What one look at the database brought. `more`: there is at least as much again."""

    position: Position
    text: str
    hall: str
    more: bool


async def stream(parts: Parts, start: Position) -> AsyncIterator[str]:
    """Everything after `start`, then whatever is committed. Ends when the bell is closed."""
    bundle = Bundle(start, "", "", more=True)
    with parts.bell.listen() as heard:
        yield "retry: 1000\n\n"
        while not parts.bell.closed:
            heard.clear()
            bundle = await run_in_threadpool(_look, parts, bundle)
            if bundle.text:
                yield bundle.text
            if not bundle.more and not await _rings(heard):
                yield KEEP_ALIVE


async def _rings(heard: asyncio.Event) -> bool:
    """Wait for the next commit; False when nothing came for a while."""
    try:
        await asyncio.wait_for(heard.wait(), KEEP_ALIVE_S)
    except TimeoutError:
        return False
    await asyncio.sleep(GATHER_S)
    return True


def _look(parts: Parts, last: Bundle) -> Bundle:
    with parts.readers.connect() as connection:
        facts = news.facts_after(connection, last.position.fact)
        cases = news.cases_after(connection, last.position.audit)
        now = hall.windows(connection, parts.places.all(), parts.now()).model_dump_json()
    position, pieces = last.position, []
    for fact in facts:
        position = replace(position, fact=fact.cursor)
        pieces.append(_event("fact", position, fact))
    for n, case in cases:
        position = replace(position, audit=n)
        pieces.append(_event("case", position, case))
    if now != last.hall:
        pieces.append(f"event: hall\ndata: {now}\n\n")
    more = news.BATCH in (len(facts), len(cases))
    return Bundle(position, "".join(pieces), now, more)


def _event(name: str, position: Position, view: View) -> str:
    return f"id: {position}\nevent: {name}\ndata: {view.model_dump_json()}\n\n"
