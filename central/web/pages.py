"""The page that shows the hall as it lives, and the stream behind it."""

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from central.service import hall, news
from central.web import live
from central.web.parts import Parts
from central.web.problems import Forbidden
from central.web.security import COOKIE, visitor
from central.web.words import dictionary, fact_words, state_words

STATIC = Path(__file__).parent / "static"
SHOWN = 40
COOKIE_AGE_S = 12 * 3600


def router(parts: Parts) -> APIRouter:
    """`/`, the words its script needs, and `/live`."""
    routes = APIRouter(include_in_schema=False)
    pages = Environment(
        loader=PackageLoader("central.web"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
    )
    pages.filters["fact_words"] = fact_words
    pages.filters["state_words"] = state_words

    @routes.get("/")
    async def page(request: Request, token: str | None = None) -> Response:
        if token is not None and parts.principals.find(token):
            return _welcome(token)
        if visitor(request, parts.principals) is None:
            text = pages.get_template("sign_in.html").render()
            return HTMLResponse(text, HTTPStatus.UNAUTHORIZED)
        shown = await run_in_threadpool(_shown, parts)
        return HTMLResponse(pages.get_template("live.html").render(shown))

    @routes.get("/words")
    async def words() -> Response:
        return JSONResponse(dictionary())

    @routes.get("/live")
    async def events(request: Request, after: str = "") -> Response:
        if visitor(request, parts.principals) is None:
            raise Forbidden(401, "token_missing", "Open / with a token first. 请先登录。")
        start = news.read_position(request.headers.get("last-event-id") or after)
        if start is None:
            start = await run_in_threadpool(_now_at, parts)
        return StreamingResponse(live.stream(parts, start), media_type="text/event-stream")

    return routes


def _welcome(token: str) -> Response:
    """Keep the token in a cookie that scripts cannot read, and out of the address."""
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    answer.set_cookie(COOKIE, token, max_age=COOKIE_AGE_S, httponly=True, samesite="strict")
    return answer


def _shown(parts: Parts) -> dict[str, object]:
    with parts.readers.connect() as connection:
        return {
            "position": news.now_at(connection),
            "hall": hall.windows(connection, parts.places.all(), parts.now()),
            "facts": news.latest_facts(connection, SHOWN),
            "cases": news.latest_cases(connection, SHOWN),
            "shown": SHOWN,
        }


def _now_at(parts: Parts) -> news.Position:
    with parts.readers.connect() as connection:
        return news.now_at(connection)
