"""`POST /api/local/…`: what a person at the window wishes while the centre is away."""

from collections.abc import Callable, Mapping

import msgspec

from firmware.local_desk import CloseReason, LocalStatus
from firmware.page.views import Desk
from hal.events.facts import Party

PREFIX = "/api/local/"


class Open(msgspec.Struct, forbid_unknown_fields=True):
    """`open`: the code of an item allowed offline."""

    item: str


class ChooseParty(msgspec.Struct, forbid_unknown_fields=True):
    """`party`: whose the document is that differed."""

    party: Party


class Close(msgspec.Struct, forbid_unknown_fields=True):
    """`close`: how the visit ended."""

    reason: CloseReason


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """`rating`, `page`: the verb says it all."""


def _open(desk: Desk, body: bytes) -> LocalStatus:
    return desk.open_visit(msgspec.json.decode(body, type=Open).item)


def _party(desk: Desk, body: bytes) -> LocalStatus:
    return desk.choose_party(msgspec.json.decode(body, type=ChooseParty).party)


def _rating(desk: Desk, body: bytes) -> LocalStatus:
    msgspec.json.decode(body or b"{}", type=Nothing)
    return desk.request_rating()


def _page(desk: Desk, body: bytes) -> LocalStatus:
    msgspec.json.decode(body or b"{}", type=Nothing)
    return desk.capture_page()


def _close(desk: Desk, body: bytes) -> LocalStatus:
    return desk.close_visit(msgspec.json.decode(body, type=Close).reason)


WISHES: Mapping[str, Callable[[Desk, bytes], LocalStatus]] = {
    "open": _open,
    "party": _party,
    "rating": _rating,
    "page": _page,
    "close": _close,
}
"""Verb → what it does. msgspec.MsgspecError for a body it cannot use, LocalRefused for a no."""
