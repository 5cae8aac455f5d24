"""Orders, the centre's wishes to a terminal, and receipts, its word that facts are kept.

Source: the contract between terminal and centre, version 1, "Orders", "Receipts and gaps".
"""

from typing import Annotated, Literal, TypeVar

import msgspec

from hal.events.facts import Party

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


class PrintSlip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`{printer}/print`: a slip without personal data. `slip` is its id, as in `slip.printed`."""

    slip: str
    kind: Literal["ticket", "receipt"]
    title: Annotated[str, msgspec.Meta(max_length=40)]
    lines: Annotated[list[str], msgspec.Meta(max_length=40)] = []
    barcode: str | None = None
    qr: str | None = None
    copies: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1


class PrintSheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`{printer}/print-sheet`: an A4 sheet (回执, 告知书, 证明), fetched from the centre.

    What is printed is personal and so does not travel in the order: GET `/api/v1/sheets/{sheet}` at
    the media listener, with the terminal's certificate. `sheet` is the SHA-256 of its bytes.
    """

    slip: str
    kind: Literal["receipt", "notice", "certificate"]
    sheet: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    copies: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1


class PreviewPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`{camera}/preview`: show what lies under the camera on the terminal's page for a while."""

    duration_s: Seconds = 30.0


class ShowService(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`screen/show`: who serves here, and what is promised (三亮明: 身份, 承诺, 标准)."""

    teller: Annotated[str, msgspec.Meta(max_length=40)]
    post: Annotated[str, msgspec.Meta(max_length=40)] = ""
    promises: Annotated[list[str], msgspec.Meta(max_length=8)] = []


class ConfirmSheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`screen/confirm`: read the application back to the citizen (免填单), with a signature or not.

    `sheet` as of PrintSheet. Answered by `sheet.confirmed` and `signature.given`.
    """

    sheet: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    sign: bool = True
    timeout_s: Seconds = 300.0


class SetLights(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`{lamps}/set`: one light of the window, until the next set or the end of the visit.

    The rates are words of CEN XFS4IoT, Lights interface. A red light that calls for help stays.
    """

    colour: Literal["red", "yellow", "green"]
    flash_rate: Literal["off", "slow", "medium", "quick", "continuous"]


class AcceptParty(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`visit/party`: the person whose document differed (证卡不一致) has this role in the visit."""

    party: Party


class Announce(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`{voice}/announce`: say this aloud, numbers only and never a name (语音叫号)."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Pause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`terminal/pause`: 暂停服务. Refused while a visit is open or a card lies inside."""


class Resume(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`terminal/resume`: 恢复服务."""


class Identify(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`terminal/identify`: blink, so that a technician finds the window."""

    duration_s: Seconds = 10.0


class Reserve(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`terminal/reserve`: numbers to give out while the centre is away (预留号段).

    `first` to `last`, both included, of `lane` on `day` (`YYYY-MM-DD`, the hall's). A later block
    of the same lane and day takes the place of an earlier one that is used up; else it is added.
    """

    lane: Annotated[str, msgspec.Meta(pattern="^[A-Z]$")]
    day: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    first: Annotated[int, msgspec.Meta(ge=1)]
    last: Annotated[int, msgspec.Meta(ge=1)]


class OfflineItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A service item (业务办理项) that may be taken in without the centre. `devices` are roles."""

    code: str
    name: str
    devices: list[str] = []


class Configure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`terminal/configure`: what a window needs to know to work alone. Replaces what was before.

    `items`: all that the catalogue of `catalogue_version` allows offline. `window`: its number.
    """

    catalogue_version: str
    items: list[OfflineItem]
    window: int | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every fact of `epoch` up to and including `committed` is kept for ever.

    `missing`: closed ranges below the highest sequence seen that the centre still wants. `at`: the
    centre's time (RFC 3339) when it said so, for a terminal that has no clock of its own.
    """

    epoch: str
    committed: Annotated[int, msgspec.Meta(ge=0)]
    missing: list[tuple[int, int]] = []
    at: str | None = None


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
