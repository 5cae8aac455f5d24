"""The route that sets the centre's time, where `ow-central serve --clock manual` asked for it."""

from datetime import datetime
from ipaddress import ip_address

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from central.clock import ManualClock
from central.domain.errors import Incorrect
from central.service.moments import written
from central.service.views import View
from central.web import problems
from central.web.parts import Parts
from central.web.problems import Forbidden

MOST_S = 400 * 366 * 86_400.0


class SetClock(BaseModel):
    """Either the moment (`now`, RFC 3339), or seconds to go on by (`advance_s`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    now: AwareDatetime | None = None
    advance_s: float | None = Field(default=None, ge=-MOST_S, le=MOST_S)

    @model_validator(mode="after")
    def one_of_both(self) -> "SetClock":
        if (self.now is None) == (self.advance_s is None):
            raise ValueError("send either now or advance_s")
        return self


class ClockView(View):
    """The moment at which the centre's clock stands."""

    now: str


def router(parts: Parts) -> APIRouter:
    """`POST /api/v1/clock` if the clock is set by hand, else nothing."""
    routes = APIRouter(prefix="/api/v1", responses=problems.documented(), tags=["clock"])
    clock = parts.clock
    if clock is None:
        return routes

    @routes.post("/clock", response_model=ClockView)
    def set_clock(request: Request, body: SetClock) -> ClockView:
        """Set the centre's time; only from this machine, and never in production."""
        if request.client is None or not ip_address(request.client.host).is_loopback:
            raise Forbidden(403, "not_loopback", "Set the clock from this machine. 仅限本机设置。")
        return ClockView(now=written(_follow(clock, body)))

    return routes


def _follow(clock: ManualClock, body: SetClock) -> datetime:
    try:
        return clock.set(body.now) if body.now is not None else clock.advance(body.advance_s or 0)
    except OverflowError:
        raise Incorrect(
            "moment_unknown", "The calendar does not reach that far.", "时间超出范围。"
        ) from None
