"""What went wrong with a request, for people: `application/problem+json` (RFC 9457)."""

from http import HTTPStatus

import msgspec

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Ends a request. Both messages are one sentence with the remedy."""

    def __init__(self, status: HTTPStatus, code: str, message_zh: str, message_en: str) -> None:
        super().__init__(message_en)
        self.status = status
        self.code = code
        self.message_zh = message_zh
        self.message_en = message_en

    def body(self) -> bytes:
        return msgspec.json.encode(
            {
                "type": "about:blank",
                "title": self.status.phrase,
                "status": self.status.value,
                "code": self.code,
                "detail": f"{self.message_zh} {self.message_en}",
                "message_zh": self.message_zh,
                "message_en": self.message_en,
            }
        )


def wrong_host() -> Problem:
    return Problem(
        HTTPStatus.MISDIRECTED_REQUEST,
        "host",
        "请用本机地址打开此页面。",
        "Open this page by the address of this terminal.",
    )


def no_token() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "token",
        "请用 ow-terminal page 给出的地址打开。",
        "Open the address that `ow-terminal page` prints.",
    )


def not_ours() -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "origin",
        "请在本终端的页面上操作。",
        "Do this on the terminal's own page.",
    )


def nothing_here() -> Problem:
    return Problem(
        HTTPStatus.NOT_FOUND, "path", "没有此页面。", "There is no such page; go to / or /work."
    )


def no_preview() -> Problem:
    return Problem(
        HTTPStatus.NOT_FOUND,
        "preview",
        "没有预览,请在柜员系统中重新请求。",
        "There is no preview now; ask for one with the teller's page.",
    )


def no_desk() -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        "desk",
        "本终端不能离线办理,请等待中心恢复。",
        "This terminal takes in nothing without the centre; wait for it.",
    )


def bad_body() -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "body",
        "请求内容有误,请刷新页面后再试。",
        "The request cannot be read; reload the page and try again.",
    )
