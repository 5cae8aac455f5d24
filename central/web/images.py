"""The routes of pictures, for whoever may see the page."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from central.web.parts import Parts
from central.web.problems import Forbidden, problem
from central.web.security import visitor


def router(parts: Parts) -> APIRouter:
    """`/panels/{terminal}.png` and `/media/{sha256}/thumbnail`."""
    routes = APIRouter(include_in_schema=False)

    def admit(request: Request) -> None:
        if visitor(request, parts.principals) is None:
            raise Forbidden(401, "token_missing", "Open / with a token first. 请先登录。")

    @routes.get("/panels/{terminal}.png")
    def panel(request: Request, terminal: str) -> Response:
        admit(request)
        known = parts.places.find(terminal) is not None
        return _answer(parts.pictures.panel(terminal) if known else None, "image/png")

    @routes.get("/media/{sha256}/thumbnail")
    def thumbnail(request: Request, sha256: str) -> Response:
        admit(request)
        return _answer(parts.pictures.thumbnail(sha256), "image/jpeg")

    return routes


def _answer(picture: bytes | None, media_type: str) -> Response:
    if picture is None:
        return problem(404, "not_found", "There is no such picture. 无此图片。")
    return Response(picture, media_type=media_type)
