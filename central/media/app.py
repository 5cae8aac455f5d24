"""`/api/v1/media/{sha256}`: taking sealed pictures from registered terminals, part by part.

The protocol is docs/protocols/media-upload.md. Every refusal is a problem (RFC 9457) with a code;
a terminal needs no body to know what to do next.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from central.ingest.keys import Unopenable
from central.media.files import Files, Name, WrongHash, WrongOffset
from central.media.sheets import Sheets
from central.web.problems import problem
from hal.events.media import (
    COMPLETE_HEADER,
    MAX_MEDIA_BYTES,
    MEDIA_PATH,
    NO,
    OFFSET_HEADER,
    YES,
    is_sha256,
)
from hal.events.sheets import SHEETS_PATH
from hal.events.topics import valid_name

TERMINAL = "terminal"
"""Where the listener puts the certificate's common name in the request's state."""
IDLE_S = 20.0
"""A connection that is silent for so long within a picture is given up."""

_RANGE = re.compile(r"bytes ([0-9]{1,12})-([0-9]{1,12})/([0-9]{1,12})")
_LENGTH = re.compile(r"[0-9]{1,12}")

log = logging.getLogger(__name__)


class _Refused(Exception):
    """The request is answered with `answer`."""

    def __init__(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.answer = problem(status, code, detail, headers)


@dataclass(frozen=True)
class _Range:
    """The bytes `first` to `end`, exclusive, of `total` (RFC 9110, section 14.4)."""

    first: int
    end: int
    total: int


def make_app(
    files: Files, registered: Callable[[str], bool], sheets: Sheets | None = None
) -> Starlette:
    """An application that keeps pictures in `files` and gives out `sheets`. Opens nothing."""
    media = _Media(files, registered)
    papers = _Papers(sheets, registered)
    path = MEDIA_PATH + "{sha256}"
    return Starlette(
        routes=[
            Route(path, media.tell, methods=["HEAD"]),
            Route(path, media.take, methods=["PUT"]),
            Route(SHEETS_PATH + "{sha256}", papers.give, methods=["GET"]),
        ],
        exception_handlers={_Refused: _refuse},
    )


class _Media:
    """The two things a terminal asks. All of it runs in one event loop."""

    def __init__(self, files: Files, registered: Callable[[str], bool]) -> None:
        self._files = files
        self._registered = registered
        self._busy: set[str] = set()

    async def tell(self, request: Request) -> Response:
        """How much of a picture is here."""
        name = _named(request, self._registered)
        if self._files.complete(name):
            return Response(status_code=204, headers={COMPLETE_HEADER: YES})
        return _so_far(204, self._files.offset(name))

    async def take(self, request: Request) -> Response:
        """Take a whole picture or a part of it; a repeat changes nothing."""
        name = _named(request, self._registered)
        part = _range(request)
        if self._files.complete(name):
            return Response(status_code=204, headers={COMPLETE_HEADER: YES})
        if name.terminal in self._busy:
            detail = "Another upload of this terminal is under way. 该终端正在上传,请稍后重试。"
            raise _Refused(409, "busy", detail, {"Retry-After": "1"})
        self._busy.add(name.terminal)
        try:
            return await self._receive(request, name, part)
        except OSError as error:
            log.error("a picture cannot be kept: %s", error.strerror)
            detail = "The centre cannot keep it now; try again later. 中心存储异常,请稍后重试。"
            raise _Refused(507, "no_room", detail, {"Retry-After": "60"}) from error
        finally:
            self._busy.discard(name.terminal)

    async def _receive(self, request: Request, name: Name, part: _Range) -> Response:
        with self._open(name, part) as file:
            await _copy(request, file, part.end - part.first)
        if part.end < part.total:
            await asyncio.to_thread(self._files.keep_part, name)
            return _so_far(202, part.end)
        try:
            await asyncio.to_thread(self._files.finish, name)
        except WrongHash as error:
            log.warning("a picture of %s was not what its name says", name.terminal)
            detail = "The bytes do not have this SHA-256; begin anew at 0. 校验不符,请重新上传。"
            raise _Refused(422, "wrong_hash", detail) from error
        log.info("picture of %s kept, %d bytes", name.terminal, part.total)
        return Response(status_code=201, headers={COMPLETE_HEADER: YES})

    def _open(self, name: Name, part: _Range) -> BinaryIO:
        try:
            return self._files.open_part(name, part.first)
        except WrongOffset as error:
            detail = f"{error.offset} bytes are here; go on there, or begin at 0. 续传位置不符。"
            headers = {OFFSET_HEADER: str(error.offset), COMPLETE_HEADER: NO}
            raise _Refused(409, "wrong_offset", detail, headers) from error


class _Papers:
    """The one thing a terminal asks of sheets: that which was made for it."""

    def __init__(self, sheets: Sheets | None, registered: Callable[[str], bool]) -> None:
        self._sheets = sheets
        self._registered = registered

    async def give(self, request: Request) -> Response:
        """A sheet, opened for the terminal that was ordered to print or show it."""
        name = _named(request, self._registered)
        try:
            body = None if self._sheets is None else self._sheets.read(name.sha256, name.terminal)
        except Unopenable as error:
            log.error("a sheet for %s does not open: %s", name.terminal, error)
            body = None
        if body is None:
            detail = "There is no such sheet for this terminal. 没有该终端的此文书。"
            raise _Refused(404, "no_such_sheet", detail)
        headers = {"Cache-Control": "no-store"}
        return Response(body, headers=headers, media_type="application/json")


def _named(request: Request, registered: Callable[[str], bool]) -> Name:
    """What is asked for, and by whom."""
    terminal = str(getattr(request.state, TERMINAL, ""))
    if not valid_name(terminal) or not registered(terminal):
        detail = "The certificate is of no registered terminal. 该终端未登记。"
        raise _Refused(403, "not_registered", detail)
    sha256 = str(request.path_params["sha256"])
    if not is_sha256(sha256):
        detail = "It is named by 64 hexadecimal digits in lower case. 名称有误。"
        raise _Refused(404, "no_such_name", detail)
    return Name(sha256, terminal)


def _range(request: Request) -> _Range:
    """What the request brings. It must say how much, so that a short one is seen."""
    length = request.headers.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        raise _Refused(411, "length_required", "Send a Content-Length. 请提供内容长度。")
    told = request.headers.get("content-range", f"bytes 0-{int(length) - 1}/{length}")
    match = _RANGE.fullmatch(told)
    first, last, total = map(int, match.groups()) if match else (0, -1, 0)
    if not first <= last < total or last - first + 1 != int(length):
        detail = "Content-Range must be `bytes first-last/total` of this body. 内容范围有误。"
        raise _Refused(400, "wrong_range", detail)
    if total > MAX_MEDIA_BYTES:
        detail = f"A picture has at most {MAX_MEDIA_BYTES} bytes. 图片过大。"
        raise _Refused(413, "too_large", detail)
    return _Range(first, last + 1, total)


async def _copy(request: Request, file: BinaryIO, length: int) -> None:
    """The body into the file. What came before a cut stays there, to be gone on from."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(IDLE_S) as patience:
            async for chunk in request.stream():
                file.write(chunk)
                length -= len(chunk)
                patience.reschedule(loop.time() + IDLE_S)
    except TimeoutError as error:
        detail = "Nothing came for too long; go on where it stopped. 上传超时,请续传。"
        raise _Refused(408, "too_slow", detail, {"Connection": "close"}) from error
    except ClientDisconnect as error:
        raise _Refused(400, "cut", "The connection was cut. 连接中断。") from error
    if length:
        raise _Refused(400, "wrong_range", "The body is not as long as said. 内容长度不符。")


def _so_far(status: int, offset: int) -> Response:
    return Response(status_code=status, headers={OFFSET_HEADER: str(offset), COMPLETE_HEADER: NO})


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, _Refused)
    return error.answer
