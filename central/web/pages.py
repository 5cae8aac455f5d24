"""The page that shows the hall as it lives, its fragments, and the stream behind them."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.engine import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from central.domain import ticket
from central.service import hall, news
from central.service.context import Actor
from central.web import live
from central.web.parts import Parts
from central.web.principals import SERVES
from central.web.problems import Forbidden, problem
from central.web.security import COOKIE, visitor
from central.web.words import (
    fact_words,
    level_words,
    party_words,
    printed_words,
    remedy_words,
    slip_words,
    state_words,
    verdict_words,
    why_words,
)

STATIC = Path(__file__).parent / "static"
SHOWN = 40
COOKIE_AGE_S = 12 * 3600

Shown = dict[str, object]


def router(parts: Parts) -> APIRouter:
    """`/`, `/fragments/{name}` and `/live`."""
    routes = APIRouter(include_in_schema=False)
    templates = _templates(parts)

    @routes.get("/")
    async def page(request: Request, token: str | None = None) -> Response:
        if token is not None and parts.principals.find(token):
            return _welcome(token)
        actor = visitor(request, parts.principals)
        if actor is None:
            text = templates.get_template("sign_in.html").render()
            return HTMLResponse(text, HTTPStatus.UNAUTHORIZED)
        shown = await run_in_threadpool(_look, parts, actor, *_FRAGMENTS.values(), _position)
        return HTMLResponse(templates.get_template("live.html").render(shown))

    @routes.get("/fragments/{name}")
    def fragment(request: Request, name: str) -> Response:
        actor = _admitted(request, parts)
        if name not in _FRAGMENTS:
            return problem(404, "not_found", "There is no such part of the page. 无此内容。")
        shown = _look(parts, actor, _FRAGMENTS[name])
        return HTMLResponse(templates.get_template(f"parts/{name}.html").render(shown))

    @routes.get("/live")
    async def events(request: Request, after: str = "") -> Response:
        _admitted(request, parts)
        start = news.read_position(request.headers.get("last-event-id") or after)
        if start is None:
            start = await run_in_threadpool(_now_at, parts)
        return StreamingResponse(live.stream(parts, start), media_type="text/event-stream")

    return routes


def _templates(parts: Parts) -> Environment:
    templates = Environment(
        loader=PackageLoader("central.web"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["fact_words"] = fact_words
    templates.filters["state_words"] = state_words
    templates.filters["level_words"] = level_words
    templates.filters["verdict_words"] = verdict_words
    templates.filters["why_words"] = why_words
    templates.filters["printed_words"] = printed_words
    templates.filters["slip_words"] = slip_words
    templates.filters["remedy_words"] = remedy_words
    templates.filters["party_words"] = party_words
    templates.filters["announced"] = ticket.announcement
    templates.tests["uploaded"] = parts.pictures.has
    return templates


def _admitted(request: Request, parts: Parts) -> Actor:
    actor = visitor(request, parts.principals)
    if actor is None:
        raise Forbidden(401, "token_missing", "Open / with a token first. 请先登录。")
    return actor


def _welcome(token: str) -> Response:
    """Keep the token in a cookie that scripts cannot read, and out of the address."""
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    answer.set_cookie(COOKIE, token, max_age=COOKIE_AGE_S, httponly=True, samesite="strict")
    return answer


def _look(parts: Parts, actor: Actor, *looks: Callable[[Parts, Connection], Shown]) -> Shown:
    """What the looks find, as of one moment. A teller does not learn who gave which level."""
    shown: Shown = {"shown": SHOWN, "levels": actor.role not in SERVES}
    with parts.readers.connect() as connection:
        for look in looks:
            shown |= look(parts, connection)
    return shown


def _hall(parts: Parts, connection: Connection) -> Shown:
    return {
        "live": hall.live(connection, parts.places.all(), parts.now(), parts.catalogue),
        "panels": parts.pictures.has_panels,
    }


def _facts(_parts: Parts, connection: Connection) -> Shown:
    return {"facts": news.latest_facts(connection, SHOWN)}


def _cases(_parts: Parts, connection: Connection) -> Shown:
    return {"cases": news.latest_cases(connection, SHOWN)}


def _position(_parts: Parts, connection: Connection) -> Shown:
    return {"position": news.now_at(connection)}


def _now_at(parts: Parts) -> news.Position:
    with parts.readers.connect() as connection:
        return news.now_at(connection)


_FRAGMENTS: dict[str, Callable[[Parts, Connection], Shown]] = {
    "windows": _hall,
    "queue": _hall,
    "ratings": _hall,
    "facts": _facts,
    "cases": _cases,
}
