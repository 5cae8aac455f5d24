"""The customer screen (用户交互终端): a full-screen page for a touch display, on loopback.

    GET  /            the page; ?token=… once, then a cookie
    GET  /events      server-sent events: `frame` with each change, `beat` every BEAT_S
    POST /api/…       confirm, dispute, sign, rate, speak

It works without the centre and without a network. All that is personal goes to this page only, is
never stored and never cached; a page that hears nothing for four beats blanks itself.
Source of the event stream: WHATWG HTML, 9.2 "Server-sent events".
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from select import select
from socket import MSG_PEEK
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import msgspec

from firmware.local_desk import LocalRefused
from firmware.loopback import Handler, Opening, Server
from firmware.page import problems
from firmware.page.access import Access
from firmware.page.problems import Problem
from firmware.screen.desk import CustomerDesk
from firmware.screen.presenter import Presenter
from firmware.screen.signature import SignatureError, Strokes, sign

COOKIE = "ow_screen"
TOKEN_FILE = "screen.token"
BEAT_S = 1.0
MOST_BODY_BYTES = 512 * 1024
"""A signature of MOST_POINTS points has about 300 KiB."""
PREFIX = "/api/"
_FOLDER = Path(__file__).with_name("assets")
_ASSETS = {
    "/": ("screen.html", "text/html; charset=utf-8"),
    "/screen.css": ("screen.css", "text/css; charset=utf-8"),
    "/screen.js": ("screen.js", "text/javascript; charset=utf-8"),
    "/scenes.js": ("scenes.js", "text/javascript; charset=utf-8"),
    "/signature.js": ("signature.js", "text/javascript; charset=utf-8"),
    "/dialogue.js": ("dialogue.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

Label = Annotated[str, msgspec.Meta(max_length=200)]


class Confirm(msgspec.Struct, forbid_unknown_fields=True):
    """`confirm`: the hash of the sheet that was shown."""

    sheet: str


class Dispute(msgspec.Struct, forbid_unknown_fields=True):
    """`dispute`: the labels of the rows that are wrong, none if the citizen did not say."""

    sheet: str
    rows: Annotated[list[Label], msgspec.Meta(max_length=200)] = []


class Sign(msgspec.Struct, forbid_unknown_fields=True):
    """`sign`: what the pen did."""

    sheet: str
    drawing: Strokes


class Rate(msgspec.Struct, forbid_unknown_fields=True):
    """`rate`: a level for the request that was shown."""

    request: str
    level: Annotated[int, msgspec.Meta(ge=1, le=5)]


def _confirm(desk: CustomerDesk, body: bytes) -> None:
    desk.confirm(msgspec.json.decode(body, type=Confirm).sheet)


def _dispute(desk: CustomerDesk, body: bytes) -> None:
    wish = msgspec.json.decode(body, type=Dispute)
    desk.dispute(wish.sheet, tuple(wish.rows))


def _sign(desk: CustomerDesk, body: bytes) -> None:
    wish = msgspec.json.decode(body, type=Sign)
    desk.sign(wish.sheet, sign(wish.drawing))


def _rate(desk: CustomerDesk, body: bytes) -> None:
    wish = msgspec.json.decode(body, type=Rate)
    desk.rate(wish.request, wish.level)


_WISHES: Mapping[str, Callable[[CustomerDesk, bytes], None]] = {
    "confirm": _confirm,
    "dispute": _dispute,
    "sign": _sign,
    "rate": _rate,
}


class ScreenServer(Opening):
    """Listens between `start` and `stop`. The presenter is started and stopped by its owner."""

    def __init__(
        self, host: str, port: int, token: str, presenter: Presenter, desk: CustomerDesk
    ) -> None:
        """`host`: an address or `localhost`. `port` 0: no screen."""
        super().__init__(
            "customer screen", port, lambda: _Server(host, port, token, presenter, desk)
        )


class _Server(Server):
    def __init__(
        self, host: str, port: int, token: str, presenter: Presenter, desk: CustomerDesk
    ) -> None:
        self.presenter, self.desk = presenter, desk
        super().__init__(host, port, Access(token, host, port, COOKIE), _Handler)


class _Handler(Handler):
    server: _Server

    def get(self, path: str) -> None:
        access = self.server.access
        given = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        if given and path == "/" and access.is_token(given):
            self.let_in(path, given)
        elif not access.may_see(self.headers):
            raise _no_token()
        elif path in _ASSETS:
            name, kind = _ASSETS[path]
            self.send(HTTPStatus.OK, kind, (_FOLDER / name).read_bytes())
        elif path == "/events":
            self._tell()
        else:
            raise problems.nothing_here()

    def post(self, path: str) -> None:
        access = self.server.access
        if not access.may_see(self.headers):
            raise _no_token()
        if not access.may_do(self.headers):
            raise problems.not_ours()
        body = self.body(MOST_BODY_BYTES)
        if path == f"{PREFIX}speak":
            self.server.presenter.speak()
        elif (wish := _WISHES.get(path.removeprefix(PREFIX))) and path.startswith(PREFIX):
            self._carry_out(wish, body)
        else:
            raise problems.nothing_here()
        self.send(HTTPStatus.OK, "application/json", b"{}")

    def _carry_out(self, wish: Callable[[CustomerDesk, bytes], None], body: bytes) -> None:
        try:
            wish(self.server.desk, body)
        except SignatureError as error:
            raise _sign_again() from error
        except msgspec.MsgspecError as error:
            raise problems.bad_body() from error
        except LocalRefused as no:
            raise Problem(HTTPStatus.CONFLICT, no.code, no.message_zh, no.message_en) from no

    def _tell(self) -> None:
        """Every frame from now on, until the browser or the terminal goes away."""
        presenter = self.server.presenter
        self.close_connection = True
        self.begin(HTTPStatus.OK, "text/event-stream; charset=utf-8", {})
        presenter.viewer_came()
        try:
            version = 0
            while not presenter.ending and not self._left():
                frame = presenter.wait(version, BEAT_S)
                if frame is None:
                    self.wfile.write(b"event: beat\ndata:\n\n")
                else:
                    version = frame.version
                    self.wfile.write(b"event: frame\ndata: " + msgspec.json.encode(frame) + b"\n\n")
        finally:
            presenter.viewer_left()

    def _left(self) -> bool:
        """Whether the browser has closed its end; a write would find that out a beat later."""
        readable, _, _ = select([self.connection], [], [], 0)
        return bool(readable) and self.connection.recv(1, MSG_PEEK) == b""


def _no_token() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "token",
        "请用 ow-terminal screen 给出的地址打开。",
        "Open the address that `ow-terminal screen` prints.",
    )


def _sign_again() -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "signature",
        "签名太短,请重新书写全名。",
        "This is too short for a signature; sign again with the whole name.",
    )
