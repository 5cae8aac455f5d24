"""The routes about terminals and what they hold: 窗口终端, 暂停服务, 遗留卡."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from central.service import left_cards, terminal_views, windows
from central.service.context import Actor, Context
from central.service.places import Place, place_of
from central.service.views import (
    LeftCardsView,
    LeftCardView,
    LogView,
    TerminalView,
    WindowOrderView,
)
from central.web import problems
from central.web.bodies import Nothing
from central.web.commands import NOTHING, Key, command, run
from central.web.parts import Parts
from central.web.principals import ANYBODY, LOOKS_AFTER, SERVES, TAKES_CARDS
from central.web.security import allow


def router(parts: Parts) -> APIRouter:
    """All of them, below /api/v1."""
    routes = APIRouter(prefix="/api/v1", responses=problems.documented())
    _reads(routes, parts)
    _pauses(routes, parts)
    _cards(routes, parts)
    return routes


def _reads(routes: APIRouter, parts: Parts) -> None:
    anybody = [Depends(allow(parts.principals, ANYBODY))]
    carer = [Depends(allow(parts.principals, LOOKS_AFTER))]

    @routes.get("/terminals/{terminal}", dependencies=anybody, tags=["reading"])
    def terminal(terminal: str) -> TerminalView:
        """What a terminal says about itself: state, devices, health, reserved numbers."""
        place = place_of(parts.places, terminal)
        with parts.readers.connect() as connection:
            return terminal_views.terminal(connection, place)

    @routes.get("/terminals/{terminal}/log", dependencies=carer, tags=["reading"])
    def log(terminal: str) -> LogView:
        """Its last 50 log lines, newest first; never personal data."""
        place = place_of(parts.places, terminal)
        lines = [msgspec.to_builtins(line) for line in parts.logs(place.terminal)]
        return LogView(terminal=place.terminal, lines=lines)

    @routes.get("/left-cards", dependencies=anybody, tags=["reading"])
    def cards() -> LeftCardsView:
        """遗留卡: the cards that lie in a reader and whose owner has gone."""
        with parts.readers.connect() as connection:
            return left_cards.register(connection)


def _pauses(routes: APIRouter, parts: Parts) -> None:
    teller = Annotated[Actor, Depends(allow(parts.principals, SERVES))]

    def add(path: str, meaning: str, use: Callable[[Context, Place], WindowOrderView]) -> None:
        async def act(
            request: Request, terminal: str, actor: teller, key: Key, body: Nothing = NOTHING
        ) -> Response:
            place: Place = await run_in_threadpool(place_of, parts.places, terminal)
            asked = command(request, actor, key, body)
            return await run(parts, asked, 202, lambda context: use(context, place))

        routes.add_api_route(
            f"/windows/{{terminal}}/{path}",
            act,
            methods=["POST"],
            status_code=202,
            name=path,
            response_model=WindowOrderView,
            description=meaning,
            tags=["commands"],
        )

    add("pause", "暂停服务: not while serving, nor while a card lies inside.", windows.pause)
    add("resume", "恢复服务.", windows.resume)


def _cards(routes: APIRouter, parts: Parts) -> None:
    taker = Annotated[Actor, Depends(allow(parts.principals, TAKES_CARDS))]

    @routes.post("/left-cards/{fact}/taken-out", response_model=LeftCardView, tags=["commands"])
    async def take_out(
        request: Request, fact: str, actor: taker, key: Key, body: Nothing = NOTHING
    ) -> Response:
        """A left card was taken out by hand where the reader cannot tell (终端已更换等)."""
        asked = command(request, actor, key, body)
        return await run(parts, asked, 200, lambda context: left_cards.take_out(context, fact))
