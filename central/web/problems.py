"""Every error as application/problem+json (RFC 9457): one sentence, and a code for programs."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from central.domain.errors import Incorrect, Refused, RuleError, Unknown
from central.store.writer import WriterStopped

MEDIA_TYPE = "application/problem+json"
KEY_HEADER = "idempotency-key"
_STATUS: dict[type[RuleError], int] = {Refused: 409, Unknown: 404, Incorrect: 422}
_DOCUMENTED = (400, 401, 403, 404, 409, 422, 503)


class Problem(BaseModel):
    """`code` is stable; `detail` is a sentence for a person, in English and Chinese."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class Forbidden(Exception):
    """The caller is not who may do this. `status` 401 asks for a token, 403 for another role."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def documented() -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says about the errors of each route."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in _DOCUMENTED
    }


def install(app: FastAPI) -> None:
    """Have `app` answer every error with a problem."""
    app.add_exception_handler(RuleError, _rule)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(WriterStopped, _stopping)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """An answer of this kind."""
    body = Problem(
        type=f"urn:onewindow:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
    )
    return JSONResponse(body.model_dump(), status, headers, media_type=MEDIA_TYPE)


async def _rule(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RuleError)
    return problem(_STATUS[type(error)], error.code, f"{error.english} {error.chinese}")


async def _forbidden(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Forbidden)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return problem(error.status, error.code, error.detail, headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # What was sent is not repeated: it may be somebody's data.
    faults = [(tuple(fault["loc"]), str(fault["msg"])) for fault in error.errors()]
    if any(where[0] == "header" and where[-1].lower() == KEY_HEADER for where, _ in faults):
        detail = "Send an Idempotency-Key of 1 to 255 printable characters. 请附带幂等键。"
        return problem(400, "idempotency_key_missing", detail)
    told = "; ".join(f"{'.'.join(map(str, where))}: {why}" for where, why in faults)
    return problem(422, "invalid_request", f"{told}. 请求内容有误。")


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code, "http_error")
    return problem(error.status_code, code, str(error.detail), dict(error.headers or {}))


async def _stopping(_request: Request, error: Exception) -> JSONResponse:
    return problem(503, "stopping", f"{error} 系统正在停止,请稍后重试。", {"Retry-After": "2"})


async def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    detail = "The centre could not do this; the log says why. Try again. 系统异常,请重试。"
    return problem(500, "internal_error", detail)
