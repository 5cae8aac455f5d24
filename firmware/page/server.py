"""The terminal's own page: for the technician, for work without the centre, and for figures.

    GET  /                 the technician's page     GET  /api/status      what both pages show
    GET  /work             work without the centre   GET  /api/diagnosis   the bundle, tar.gz
    GET  /metrics          no token needed           POST /api/local/…     firmware.page.wishes
    GET  /api/preview      what the camera sees, JPEG, while somebody asked for it

It works without a network, and a window works without it: a port that is taken is a warning.
"""

from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from firmware import metrics
from firmware.local_desk import LocalRefused
from firmware.loopback import Handler, Opening, Server
from firmware.page import problems
from firmware.page.access import Access
from firmware.page.problems import Problem
from firmware.page.views import Views, status
from firmware.page.wishes import PREFIX, WISHES

MOST_BODY_BYTES = 4096
_FOLDER = Path(__file__).with_name("assets")
_ASSETS = {
    "/": ("technician.html", "text/html; charset=utf-8"),
    "/work": ("work.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/technician.js": ("technician.js", "text/javascript; charset=utf-8"),
    "/work.js": ("work.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


class PageServer(Opening):
    """Listens between `start` and `stop`, in threads of its own."""

    def __init__(self, host: str, port: int, token: str, views: Views) -> None:
        """`host`: an address or `localhost`. `port` 0: no page."""
        super().__init__("page", port, lambda: _Server(host, port, token, views))


class _Server(Server):
    def __init__(self, host: str, port: int, token: str, views: Views) -> None:
        self.views = views
        super().__init__(host, port, Access(token, host, port), _Handler)


class _Handler(Handler):
    server: _Server

    def get(self, path: str) -> None:
        views, access = self.server.views, self.server.access
        given = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        if given and path in _ASSETS and access.is_token(given):
            self.let_in(path, given)
        elif path == "/metrics":
            self.send(HTTPStatus.OK, metrics.CONTENT_TYPE, views.exposition())
        elif not access.may_see(self.headers):
            raise problems.no_token()
        elif path in _ASSETS:
            name, kind = _ASSETS[path]
            self.send(HTTPStatus.OK, kind, (_FOLDER / name).read_bytes())
        elif path == "/api/status":
            self.send(HTTPStatus.OK, "application/json", msgspec.json.encode(status(views)))
        elif path == "/api/diagnosis":
            named = {"Content-Disposition": f'attachment; filename="{views.terminal}.tar.gz"'}
            self.send(HTTPStatus.OK, "application/gzip", views.diagnosis(), named)
        elif path == "/api/preview":
            if (jpeg := views.preview()) is None:
                raise problems.no_preview()
            self.send(HTTPStatus.OK, "image/jpeg", jpeg)
        else:
            raise problems.nothing_here()

    def post(self, path: str) -> None:
        access, desk = self.server.access, self.server.views.desk
        if not access.may_see(self.headers):
            raise problems.no_token()
        if not access.may_do(self.headers):
            raise problems.not_ours()
        wish = WISHES.get(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        if wish is None:
            raise problems.nothing_here()
        if desk is None:
            raise problems.no_desk()
        body = self.body(MOST_BODY_BYTES)
        try:
            done = wish(desk, body)
        except msgspec.MsgspecError as error:
            raise problems.bad_body() from error
        except LocalRefused as no:
            raise Problem(HTTPStatus.CONFLICT, no.code, no.message_zh, no.message_en) from no
        self.send(HTTPStatus.OK, "application/json", msgspec.json.encode(done))
