"""The routes that only read. They run in threads: SQLite blocks, the event loop must not."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from central.service import checks, facts, hall, reading
from central.service.context import Actor, Context
from central.service.views import (
    CasePage,
    CaseView,
    CheckView,
    FactPage,
    Health,
    TicketView,
    VisitView,
    WindowsView,
)
from central.web import problems
from central.web.parts import Parts
from central.web.principals import ANYBODY, OPENS_DATA
from central.web.security import allow

CURSOR_MAX = (1 << 63) - 1

Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[int, Query(ge=0, le=CURSOR_MAX)]
Purpose = Annotated[
    str | None,
    Query(max_length=200, description="查阅目的: what personal data is opened for; is recorded"),
]


def router(parts: Parts) -> APIRouter:
    """All reading routes, below /api/v1, and /healthz."""
    routes = APIRouter(responses=problems.documented(), tags=["reading"])
    api = APIRouter(prefix="/api/v1")
    _entities(api, parts)
    _facts(api, parts)
    routes.include_router(api)

    @routes.get("/healthz", response_model=Health, responses={})
    def healthz() -> Health:
        """Whether the centre runs, and whether it has its broker."""
        return Health(status="ok", broker=parts.broker_up())

    return routes


def _entities(routes: APIRouter, parts: Parts) -> None:
    anybody = [Depends(allow(parts.principals, ANYBODY))]

    @routes.get("/tickets/{id}", dependencies=anybody)
    def ticket(id: str) -> TicketView:
        with parts.readers.connect() as connection:
            return reading.ticket(connection, id)

    @routes.get("/visits/{id}", dependencies=anybody)
    def visit(id: str) -> VisitView:
        with parts.readers.connect() as connection:
            return reading.visit(connection, id)

    @routes.get("/cases/{id}", dependencies=anybody)
    def case(id: str) -> CaseView:
        with parts.readers.connect() as connection:
            return reading.case(connection, id)

    @routes.get("/check/{code}")
    def check(code: str) -> CheckView:
        """核验: whether a printed sheet is real; for everybody, without a token."""
        with parts.readers.connect() as connection:
            return checks.look_up(connection, code.strip().upper())

    @routes.get("/cases", dependencies=anybody)
    def cases(after: str = "", limit: Limit = 100) -> CasePage:
        """`after` is the id of a case, or empty to begin."""
        with parts.readers.connect() as connection:
            return reading.cases(connection, after, limit)

    @routes.get("/windows", dependencies=anybody)
    def windows() -> WindowsView:
        with parts.readers.connect() as connection:
            return hall.windows(connection, parts.places.all(), parts.now(), parts.catalogue)


def _facts(routes: APIRouter, parts: Parts) -> None:
    anybody = Annotated[Actor, Depends(allow(parts.principals, ANYBODY))]

    @routes.get("/facts")
    def stored(
        actor: anybody,
        terminal: str | None = None,
        after: Cursor = 0,
        limit: Limit = 100,
        purpose: Purpose = None,
    ) -> FactPage:
        """Stored facts in the order of their COMMIT; personal data sealed unless opened."""
        opened = None
        if purpose is not None and purpose.strip() and actor.role in OPENS_DATA:
            opened = facts.Openings(parts.opener)
        with parts.readers.connect() as connection:
            page = facts.page(
                connection, after=after, limit=limit, terminal=terminal, opened=opened
            )
        if opened is not None and purpose is not None and opened.facts:
            _note(parts, actor, opened.facts, purpose.strip())
        return page

    @routes.get("/quarantine")
    def quarantine(
        actor: anybody, terminal: str | None = None, after: Cursor = 0, limit: Limit = 100
    ) -> FactPage:
        """Messages that could not be decoded, opened or placed, each with its reason."""
        with parts.readers.connect() as connection:
            return facts.page(
                connection, after=after, limit=limit, terminal=terminal, state=facts.QUARANTINED
            )


def _note(parts: Parts, actor: Actor, opened: list[str], purpose: str) -> None:
    """The trail is kept before the answer leaves; if it cannot be kept, nothing leaves."""
    parts.writer.submit(
        lambda connection: facts.note_openings(
            Context(connection, parts.now(), actor), opened, purpose
        )
    ).result()
