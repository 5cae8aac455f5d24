"""What each kind of fact carries. One table, `FACTS`, is the whole vocabulary.

Source: the contract between terminal and centre, version 1, "Facts". Field names are the
contract's; Chinese business terms stand beside them. Dates are `YYYY-MM-DD`, as the document
prints them; "long" is 长期. Hashes are SHA-256 in lower-case hex.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from hal.events.envelope import DataClass, EnvelopeError

Count = Annotated[int, msgspec.Meta(ge=0)]
Level = Annotated[int, msgspec.Meta(ge=1, le=5)]
Key = Literal["call_next", "recall", "finish", "pause", "resume", "transfer", "help"]
Party = Literal["applicant", "agent", "principal", "bystander"]  # 申请人 代办人 被代办人 旁人


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every payload: immutable, absent fields are not written."""


class Placed(Data, frozen=True, kw_only=True):
    """A payload that may already say to which case and party of the visit it belongs."""

    case: str | None = None
    party: Party | None = None


class CardPresented(Data, frozen=True, kw_only=True):
    """A social-security card (社会保障卡) was put into the slot."""

    slot: str
    atr_family: str | None = None


class CardRemoved(Data, frozen=True, kw_only=True):
    slot: str


class CardLeft(Data, frozen=True, kw_only=True):
    """A visit closed while the card was still inside (遗留卡)."""

    slot: str


class CardRead(Placed, frozen=True, kw_only=True):
    """What a social-security card told. `withheld` names the tags that the card refused."""

    scheme: str | None = None
    generation: str | None = None
    card_number: str | None = None
    social_security_number: str | None = None
    name: str | None = None
    name_extension: str | None = None
    sex: str | None = None
    nation: str | None = None
    birth_date: str | None = None
    birthplace: str | None = None
    issuer: str | None = None
    issued_on: str | None = None
    valid_until: str | None = None
    area_code: str | None = None
    withheld: list[str] = []


class IdentityRead(Placed, frozen=True, kw_only=True):
    """What a resident-ID reader read. `sex` is the GB/T 2261.1 code, `nation` GB 3304's.

    `valid_until` is a date or "long" (长期). `photo` are the 1024 WLT bytes as they came, in
    base64url without padding, `photo_hash` is their hash; see hal.events.photo. `new_address` was
    written to the card later (追加住址). `fingerprint_present` is absent if nobody asked the card.
    """

    document: Literal["resident", "hmt", "foreign_2017", "foreign_2023"]
    name: str
    number: str
    birth_date: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    number_valid: bool | None = None
    expired: bool | None = None
    fingerprint_present: bool | None = None
    photo_hash: str | None = None
    sex: str | None = None
    nation: str | None = None
    address: str | None = None
    issuer: str | None = None
    name_foreign: str | None = None
    nationality: str | None = None
    pass_number: str | None = None
    issue_count: str | None = None
    version: str | None = None
    linked_number: str | None = None
    new_address: str | None = None
    photo: str | None = None


class CodeScanned(Placed, frozen=True, kw_only=True):
    """What a barcode gun sent: `text`, or `bytes_hex` where the bytes are no text."""

    kind: Literal["ticket", "case", "material", "e_card", "unknown"] = "unknown"
    integrity: Literal["ok", "dropped", "layout", "timeout"] = "ok"
    symbology: str | None = None
    text: str | None = None
    bytes_hex: str | None = None
    aim_id: str | None = None


class Page(Data, frozen=True, kw_only=True):
    """One page of a captured document; `verdict` is why it was taken or refused.

    `page` counts the good pages of the document in its visit from 1, in the order in which they
    were taken. `upright` is how sure it is that the page stands upright: 1, surely, to −1, surely
    upside down; 0 if nobody can tell.
    """

    hash: str
    size_bytes: Count
    width_px: Count
    height_px: Count
    dpi: float
    sharpness: float
    glare: float
    skew_deg: float
    verdict: str
    page: Annotated[int, msgspec.Meta(ge=1)] | None = None
    upright: float | None = None


class DocumentCaptured(Placed, frozen=True, kw_only=True):
    document: str
    pages: list[Page]
    codes: list[str] = []


class SheetConfirmed(Placed, frozen=True, kw_only=True):
    """The citizen confirmed what the customer screen showed; `shown_hash` is of that."""

    shown_hash: str


class SheetDisputed(Placed, frozen=True, kw_only=True):
    """The citizen says that something on the sheet is wrong (有误). `rows`: labels, not values."""

    shown_hash: str
    rows: list[str] = []


class SheetExpired(Data, frozen=True, kw_only=True):
    """A sheet was asked about and not answered for.

    `reason`: `no_answer` in time, `closed` the visit ended first, `replaced` by a newer sheet,
    `unavailable` the terminal did not get the sheet.
    """

    shown_hash: str
    reason: Literal["no_answer", "closed", "replaced", "unavailable"]


class SignatureGiven(Placed, frozen=True, kw_only=True):
    """The citizen signed by hand what was shown (docs/protocols/signature.md).

    `strokes_hash` is of the canonical strokes. `picture` names the sealed picture that carries
    them, uploaded as a page is; `size_bytes` is its size, sealed.
    """

    shown_hash: str
    strokes_hash: str
    picture: str | None = None
    size_bytes: Count | None = None


class RatingGiven(Data, frozen=True, kw_only=True):
    """A citizen pressed a level: 5 非常满意, 4 满意, 3 基本满意, 2 不满意, 1 非常不满意.

    `request` is the order's nonce. `raw_key` is the key as the device names it. `replaces` is the
    level of an earlier press within 8 s that this one takes the place of.
    """

    request: str
    level: Level
    raw_key: str | None = None
    latency_ms: Count | None = None
    replaces: Level | None = None


class RatingExpired(Data, frozen=True, kw_only=True):
    """Nobody pressed in time (未评价)."""

    request: str


class KeyPressed(Data, frozen=True, kw_only=True):
    key: Key
    raw_key: str | None = None


class SlipPrinted(Data, frozen=True, kw_only=True):
    slip: str
    kind: str
    copies: Count
    verdict: Literal["printed", "failed", "unknown"]


class TicketIssued(Data, frozen=True, kw_only=True):
    """A reserved number was given out while the centre was away.

    `ticket` is the ticket's ULID, `number` what the citizen was told, `day` the hall's day of the
    reserved block.
    """

    ticket: str
    number: str
    lane: str
    day: str


class VisitOpened(Data, frozen=True, kw_only=True):
    """A terminal opened a visit by itself; the fact's subject names it.

    `item` is the service item (业务办理项) chosen at the window. The nonce of a rating asked for in
    such a visit is the visit's own id.
    """

    ticket: str
    item: str | None = None


class VisitClosed(Data, frozen=True, kw_only=True):
    """A terminal closed a visit by itself: a local one, or the centre's while the centre was away.

    `reason`: `finished`, `left` (the citizen went), `idle` (untouched too long).
    """

    reason: Literal["finished", "left", "idle"]


class OrderDone(Data, frozen=True, kw_only=True):
    """The terminal carried out an order; `result` depends on the verb."""

    order: str
    result: dict[str, Any] = {}


RefusalReason = Literal[
    "expired", "unknown_verb", "unknown_device", "invalid", "wrong_visit", "unavailable", "busy"
]


class OrderRefused(Data, frozen=True, kw_only=True):
    """The terminal will not carry out an order. `detail` is for a log, never personal."""

    order: str
    reason: RefusalReason
    detail: str = ""


class DeviceChanged(Data, frozen=True, kw_only=True):
    """device.lost, device.returned, device.degraded: XFS state, cause, and what to do."""

    state: str
    cause: str
    remedy: str


class DeviceRecovery(Data, frozen=True, kw_only=True):
    """A rung of the recovery ladder was tried: reopen, restart_daemon, power_cycle, technician."""

    rung: Literal["reopen", "restart_daemon", "power_cycle", "technician"]
    state: str
    cause: str
    remedy: str


class TerminalChanged(Data, frozen=True, kw_only=True):
    """terminal.started, terminal.stopping, terminal.updated."""

    version: str
    epoch: str
    outbox_depth: Count
    why: str


@dataclass(frozen=True)
class FactKind:
    """How facts of one type are made: their payload and whether it is personal."""

    payload: type[Data]
    dataclass: DataClass


_OPERATIONAL: dict[str, type[Data]] = {
    "card.presented": CardPresented,
    "card.removed": CardRemoved,
    "card.left": CardLeft,
    "rating.given": RatingGiven,
    "rating.expired": RatingExpired,
    "key.pressed": KeyPressed,
    "slip.printed": SlipPrinted,
    "sheet.expired": SheetExpired,
    "ticket.issued": TicketIssued,
    "visit.opened": VisitOpened,
    "visit.closed": VisitClosed,
    "order.done": OrderDone,
    "order.refused": OrderRefused,
    "device.lost": DeviceChanged,
    "device.returned": DeviceChanged,
    "device.degraded": DeviceChanged,
    "device.recovery": DeviceRecovery,
    "terminal.started": TerminalChanged,
    "terminal.stopping": TerminalChanged,
    "terminal.updated": TerminalChanged,
}
_PERSONAL: dict[str, type[Data]] = {
    "card.read": CardRead,
    "identity.read": IdentityRead,
    "code.scanned": CodeScanned,
    "document.captured": DocumentCaptured,
    "sheet.confirmed": SheetConfirmed,
    "sheet.disputed": SheetDisputed,
    "signature.given": SignatureGiven,
}
FACTS: dict[str, FactKind] = {
    **{name: FactKind(payload, "operational") for name, payload in _OPERATIONAL.items()},
    **{name: FactKind(payload, "personal") for name, payload in _PERSONAL.items()},
}
"""`{role}.{name}` → kind."""

_decoders: dict[type[Data], msgspec.json.Decoder[Data]] = {
    kind.payload: msgspec.json.Decoder(kind.payload) for kind in FACTS.values()
}


def decode_data(kind: str, data: bytes | msgspec.Raw) -> Data:
    """Read the plain payload of a fact of `kind` (`{role}.{name}`).

    EnvelopeError if the kind is unknown or the payload is not what the kind carries. A personal
    payload must have been opened first.
    """
    try:
        decoder = _decoders[FACTS[kind].payload]
    except KeyError:
        raise EnvelopeError(f"no fact is called {kind!r}") from None
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EnvelopeError(f"{kind}: {error}") from error
