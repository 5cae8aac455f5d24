"""Who is calling: a bearer token, or for the page alone the cookie that was set from one."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from central.service.context import Actor
from central.web.principals import Principals
from central.web.problems import Forbidden

COOKIE = "onewindow"
_SCHEME = "bearer "
_DOCUMENTED = HTTPBearer(auto_error=False)
"""Says in OpenAPI what `allow` asks for."""

Guard = Callable[[Request, object], Awaitable[Actor]]


def bearer(request: Request, principals: Principals) -> Actor | None:
    """Whose token the Authorization header carries."""
    header = request.headers.get("authorization", "")
    if not header.lower().startswith(_SCHEME):
        return None
    return principals.find(header[len(_SCHEME) :].strip())


def visitor(request: Request, principals: Principals) -> Actor | None:
    """Whose token the header or the cookie carries. For reading pages, never for a command."""
    return bearer(request, principals) or principals.find(request.cookies.get(COOKIE, ""))


def allow(principals: Principals, roles: frozenset[str]) -> Guard:
    """A dependency that lets only these roles through."""

    async def guard(
        request: Request, _documented: Annotated[object, Depends(_DOCUMENTED)]
    ) -> Actor:
        actor = bearer(request, principals)
        if actor is None:
            raise Forbidden(
                401, "token_missing", "Send Authorization: Bearer TOKEN. 请附带有效令牌。"
            )
        if actor.role not in roles:
            raise Forbidden(
                403,
                "role_not_allowed",
                f"This is for {', '.join(sorted(roles))}, not for {actor.role}. 无此权限。",
            )
        return actor

    return guard
