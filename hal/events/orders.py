"""Orders, the centre's wishes to a terminal, and receipts, its word that facts are kept.

Source: the contract between terminal and centre, version 1, "Orders", "Receipts and gaps".
"""

from typing import Annotated, TypeVar

import msgspec

_T = TypeVar("_T")

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class OrderError(ValueError):
    """Bytes that are no order or no receipt."""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order. The same `id` again is the same order and has no second effect.

    Times are RFC 3339 with an offset. `by` is the role or person who wishes it, never a name of a
    citizen. `data` depends on the verb.
    """

    id: str
    issued_at: str
    expires_at: str
    by: str
    visit: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class OpenVisit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`visit/open`: from now on facts belong to the order's visit. `ticket` is its number.

    `window` is the number of the window (窗口), `announcement` what is called out in the hall.
    """

    ticket: str
    window: int | None = None
    announcement: str | None = None


class CloseVisit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`visit/close`: no fact belongs to the order's visit any more."""


class RequestRating(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`rating/request`: ask for one of five levels; `request` is the nonce the answer carries."""

    request: str
    timeout_s: Seconds = 30.0


class CancelRating(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`rating/cancel`: stop asking; nothing is reported for `request`."""

    request: str


class CapturePage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`{camera}/capture`: take the page that lies there, as a part of `document`."""

    document: str


class SetLights(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`lights/set`: a colour and an XFS flash rate (off, slow, medium, quick, continuous)."""

    colour: str
    flash_rate: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Every fact of `epoch` up to and including `committed` is kept for ever.

    `missing`: closed ranges below the highest sequence seen that the centre still wants.
    """

    epoch: str
    committed: Annotated[int, msgspec.Meta(ge=0)]
    missing: list[tuple[int, int]] = []


class CentreState(msgspec.Struct, frozen=True, kw_only=True):
    """`centre/1/state`, retained; `lost` is the will. `since` is RFC 3339."""

    state: str
    since: str


def encode(message: msgspec.Struct) -> bytes:
    """JSON bytes of an order, a receipt, a status or any other message of this contract."""
    return msgspec.json.encode(message)


def decode(body: bytes | msgspec.Raw, kind: type[_T]) -> _T:
    """Read a message of `kind`; OrderError says what is wrong. Unknown fields are ignored.

    Numbers may come as text, since 64-bit numbers do in the envelope of a fact.
    """
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OrderError(str(error)) from error
