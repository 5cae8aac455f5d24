"""The routes that change something. Each runs one use case, once per Idempotency-Key."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from central.domain import case
from central.service import cases, confirming, prints, sessions, tickets, visits, windows
from central.service.commands import Request as Command
from central.service.context import Actor, Context
from central.service.places import Place, place_of
from central.service.views import (
    CallView,
    CaptureView,
    CaseView,
    ConfirmView,
    PrintView,
    RatingRequestView,
    SessionView,
    TicketView,
    View,
    VisitView,
)
from central.web import problems
from central.web.bodies import (
    Body,
    Capture,
    ChooseParty,
    Confirm,
    Decide,
    Nothing,
    OpenCase,
    Print,
    TakeTicket,
)
from central.web.parts import Parts
from central.web.principals import SERVES, TAKES_TICKETS
from central.web.security import allow

Key = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,255}$")]
NOTHING = Nothing()


def router(parts: Parts) -> APIRouter:
    """All command routes, below /api/v1."""
    routes = APIRouter(prefix="/api/v1", responses=problems.documented(), tags=["commands"])
    _sessions(routes, parts)
    _queue(routes, parts)
    _cases(routes, parts)
    _visits(routes, parts)
    _parties(routes, parts)
    return routes


def _sessions(routes: APIRouter, parts: Parts) -> None:
    teller = Annotated[Actor, Depends(allow(parts.principals, SERVES))]

    def add(path: str, meaning: str, use_case: Callable[[Context, Place], SessionView]) -> None:
        async def sign(
            request: Request, terminal: str, actor: teller, key: Key, body: Nothing = NOTHING
        ) -> Response:
            place: Place = await run_in_threadpool(place_of, parts.places, terminal)
            asked = command(request, actor, key, body)
            return await run(parts, asked, 200, lambda context: use_case(context, place))

        routes.add_api_route(
            f"/windows/{{terminal}}/{path}",
            sign,
            methods=["POST"],
            name=path,
            response_model=SessionView,
            description=meaning,
        )

    add("sign-in", "签到: serve at this window; one teller to a window.", sessions.sign_in)
    add("sign-out", "签退: not while a visit is open.", sessions.sign_out)


def _queue(routes: APIRouter, parts: Parts) -> None:
    taker = Annotated[Actor, Depends(allow(parts.principals, TAKES_TICKETS))]
    teller = Annotated[Actor, Depends(allow(parts.principals, SERVES))]

    @routes.post("/tickets", status_code=201, response_model=TicketView)
    async def take_ticket(request: Request, actor: taker, key: Key, body: TakeTicket) -> Response:
        """取号: give out the next number of a lane."""
        sites = {place.site for place in parts.places.all()}
        return await run(
            parts,
            command(request, actor, key, body),
            201,
            lambda context: tickets.take_ticket(context, sites, body.site, body.lane),
        )

    @routes.post("/windows/{terminal}/call", response_model=CallView)
    async def call_next(
        request: Request, terminal: str, actor: teller, key: Key, body: Nothing = NOTHING
    ) -> Response:
        """叫号: call the number that waited longest and open its visit at this window."""
        place: Place = await run_in_threadpool(place_of, parts.places, terminal)
        return await run(
            parts,
            command(request, actor, key, body),
            200,
            lambda context: tickets.call_next(context, place),
        )


def _cases(routes: APIRouter, parts: Parts) -> None:
    teller = Annotated[Actor, Depends(allow(parts.principals, SERVES))]

    @routes.post("/cases", status_code=201, response_model=CaseView)
    async def open_case(request: Request, actor: teller, key: Key, body: OpenCase) -> Response:
        """登记: open a case for the person whose identity was read in the visit."""
        return await run(
            parts,
            command(request, actor, key, body),
            201,
            lambda context: cases.open_case(
                context, parts.catalogue, body.visit, body.item_code, body.applicant
            ),
        )

    @routes.post("/cases/{id}/decide", response_model=CaseView)
    async def decide(request: Request, id: str, actor: teller, key: Key, body: Decide) -> Response:
        """审定: the teller decides; a low-risk item has one level."""
        asked = command(request, actor, key, body)
        return await run(parts, asked, 200, _step(id, case.Command.DECIDE))

    def add(step: case.Command, meaning: str) -> None:
        async def advance(
            request: Request, id: str, actor: teller, key: Key, body: Nothing = NOTHING
        ) -> Response:
            return await run(parts, command(request, actor, key, body), 200, _step(id, step))

        routes.add_api_route(
            f"/cases/{{id}}/{step}",
            advance,
            methods=["POST"],
            name=step,
            response_model=CaseView,
            description=meaning,
        )

    add(case.Command.ACCEPT, "受理: take the case in.")
    add(case.Command.COMPLETE, "办结: the case is done.")
    add(case.Command.DELIVER, "送达: the result was handed out.")


def _visits(routes: APIRouter, parts: Parts) -> None:
    teller = Annotated[Actor, Depends(allow(parts.principals, SERVES))]

    @routes.post("/visits/{id}/capture", status_code=202, response_model=CaptureView)
    async def capture_page(
        request: Request, id: str, actor: teller, key: Key, body: Capture
    ) -> Response:
        """高拍: take the page that lies under the camera of the visit's window."""
        return await run(
            parts,
            command(request, actor, key, body),
            202,
            lambda context: visits.capture_page(context, id, body.document),
        )

    @routes.post("/visits/{id}/print", status_code=202, response_model=PrintView)
    async def print_slips(
        request: Request, id: str, actor: teller, key: Key, body: Print
    ) -> Response:
        """打印号票、回执、受理回执: have a printer of the window print it; again is a new copy."""
        return await run(parts, command(request, actor, key, body), 202, _printing(parts, id, body))

    @routes.post("/visits/{id}/rating-request", status_code=202, response_model=RatingRequestView)
    async def request_rating(
        request: Request, id: str, actor: teller, key: Key, body: Nothing = NOTHING
    ) -> Response:
        """请求评价: have the pad ask the citizen, once per visit."""
        return await run(
            parts,
            command(request, actor, key, body),
            202,
            lambda context: visits.request_rating(context, id),
        )

    @routes.post("/visits/{id}/close", response_model=VisitView)
    async def close_visit(
        request: Request, id: str, actor: teller, key: Key, body: Nothing = NOTHING
    ) -> Response:
        """结束服务: end the visit; not while the citizen is being asked."""
        return await run(
            parts,
            command(request, actor, key, body),
            200,
            lambda context: visits.close_visit(context, id),
        )


def _parties(routes: APIRouter, parts: Parts) -> None:
    teller = Annotated[Actor, Depends(allow(parts.principals, SERVES))]

    @routes.post("/visits/{id}/confirm", status_code=202, response_model=ConfirmView)
    async def confirm(
        request: Request, id: str, actor: teller, key: Key, body: Confirm
    ) -> Response:
        """核对确认: read the application of a case back on the customer screen, to be signed."""
        return await run(
            parts,
            command(request, actor, key, body),
            202,
            lambda context: confirming.confirm(
                context, parts.papers, id, body.case, body.purpose, sign=body.sign
            ),
        )

    @routes.post("/visits/{id}/party", response_model=VisitView)
    async def choose_party(
        request: Request, id: str, actor: teller, key: Key, body: ChooseParty
    ) -> Response:
        """证卡不一致: say which role the person of an unlike document has in this visit."""
        return await run(
            parts,
            command(request, actor, key, body),
            200,
            lambda context: windows.choose_party(context, id, body.fact, body.party),
        )


def _printing(parts: Parts, id: str, body: Print) -> Callable[[Context], View]:
    kind = body.kind
    if kind == "receipt-sheet":
        return lambda context: prints.print_sheets(context, parts.papers, id)
    return lambda context: prints.print_slips(context, id, kind)


def _step(id: str, command: case.Command) -> Callable[[Context], View]:
    return lambda context: cases.advance(context, id, command)


def command(request: Request, actor: Actor, key: str, body: Body) -> Command:
    """What was asked, as it is known by its key."""
    return Command(key, actor, request.method, request.url.path, body.model_dump_json())


async def run(
    parts: Parts, asked: Command, status: int, use_case: Callable[[Context], View]
) -> Response:
    """Carry `asked` out once, and answer with what came of it."""
    outcome = await asyncio.wrap_future(parts.commands.submit(asked, status, use_case))
    headers = {"Idempotent-Replay": "true"} if outcome.replayed else {}
    return Response(outcome.answer, outcome.status, headers, media_type="application/json")
