"""The visit's tray (待归入材料): personal facts, by their masks, until they are placed."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.engine import Connection

from central.domain.errors import Refused, Unknown
from central.domain.mask import mask_name, mask_number, mask_tail
from central.service import papers, records
from central.store import schema
from hal.events.envelope import fact_type
from hal.events.facts import (
    CardRead,
    CodeScanned,
    Data,
    DocumentCaptured,
    IdentityRead,
    Party,
    Placed,
    SheetConfirmed,
    SheetDisputed,
    SignatureGiven,
)

IDENTITY = fact_type("identity", "read")
CARD = fact_type("card", "read")
APPLICANT = "applicant"  # 申请人
MISMATCH = "party_mismatch"

_P = TypeVar("_P", bound=Data)


def put(connection: Connection, fact: str, type: str, visit: str, data: Placed) -> None:
    """Lay what a device read into the tray of `visit`; only its mask is kept."""
    connection.execute(
        insert(schema.tray).values(
            fact_id=fact,
            visit=visit,
            type=type,
            masked=msgspec.json.encode(masked(data)).decode(),
            case_id=data.case,
            party=data.party,
        )
    )


def differs(connection: Connection, visit: str, data: Placed) -> bool:
    """Whether a card is of another person than one that was read in this visit before (证卡不一致).

    Only masks are kept, so two people whose masks are equal are not told apart here; the window
    compares the whole numbers.
    """
    if not isinstance(data, IdentityRead | CardRead):
        return False
    query = select(schema.tray.c.masked).where(
        schema.tray.c.visit == visit, schema.tray.c.type.in_((IDENTITY, CARD))
    )
    mine = masked(data)
    return any(
        _differ(mine, msgspec.json.decode(known)) for known in connection.scalars(query).all()
    )


def _differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    numbers = one["number"], other["number"]
    if all(number.strip("*") for number in numbers):
        return bool(numbers[0] != numbers[1])
    names = one["name"], other["name"]
    return all(name.strip("*") for name in names) and bool(names[0] != names[1])


def masked(data: Data) -> dict[str, Any]:
    """What of a personal payload may be shown and kept; nothing for kinds without a rule."""
    rule = _RULES.get(type(data))
    return rule(data) if rule else {}


def find_applicant(connection: Connection, visit: str, chosen: str | None) -> RowMapping:
    """The identity in the tray that is the applicant's, `chosen` by its fact or the only one.

    Refused when none was read, or when two different documents lie there and none was chosen.
    One that is unlike those before it (证卡不一致) is nobody's until its role is chosen.
    """
    query = select(schema.tray).where(schema.tray.c.visit == visit, schema.tray.c.type == IDENTITY)
    rows = connection.execute(query).mappings().all()
    mine = [row for row in rows if row["party"] in (None, APPLICANT)]
    if chosen is not None:
        mine = [row for row in mine if row["fact_id"] == chosen]
    if not mine:
        raise Refused(
            "identity_missing",
            "Read the applicant's identity card first.",
            "请先读取申请人的居民身份证。",
        )
    mine = [row for row in mine if row["party"] == APPLICANT] or mine
    if len({row["masked"] for row in mine}) > 1:
        raise Refused(
            "applicant_not_chosen",
            "Different people's documents were read; say which fact is the applicant's.",
            "已读取多人证件,请选择申请人。",
        )
    unlike = _unlike(connection, visit)
    if chosen is None and all(row["fact_id"] in unlike for row in mine):
        raise Refused(
            "party_not_chosen",
            "The documents read here are of different people; choose this person's role first.",
            "证卡不一致,请先选择该人员的身份(申请人、代办人等)。",
        )
    return mine[0]


def _unlike(connection: Connection, visit: str) -> set[str]:
    """Documents of other people than those before them, of whom nobody has said who they are."""
    return {
        note["fact"]
        for note in records.notes_of(connection, visit)
        if note["what"] == MISMATCH and "resolved" not in note
    }


def choose(connection: Connection, visit: str, fact: str, party: Party) -> None:
    """Give the person whose document `fact` read a role in the visit.

    Unknown if no document was read by this fact in this visit.
    """
    table = schema.tray
    rows = update(table).where(
        table.c.visit == visit, table.c.fact_id == fact, table.c.type.in_((IDENTITY, CARD))
    )
    if connection.execute(rows.values(party=party)).rowcount == 0:
        raise Unknown(
            "unknown_document", "No document was read by this fact here.", "本次服务无此证件记录。"
        )
    records.resolve_note(connection, visit, MISMATCH, party, fact)
    follow(connection, visit, fact, party)


def follow(connection: Connection, visit: str, fact: str, party: Party) -> None:
    """The role of who is in `fact` is theirs also where they were read before it was chosen."""
    table = schema.tray
    query = select(table).where(table.c.visit == visit, table.c.type.in_((IDENTITY, CARD)))
    rows = {row["fact_id"]: row for row in connection.execute(query).mappings()}
    if fact not in rows:
        return
    mine = msgspec.json.decode(rows[fact]["masked"])
    for other in _unlike(connection, visit) & rows.keys():
        if not _differ(mine, msgspec.json.decode(rows[other]["masked"])):
            told = update(table).where(table.c.fact_id == other)
            connection.execute(told.values(party=party))
            records.resolve_note(connection, visit, MISMATCH, party, other)


def place(connection: Connection, visit: str, fact: str, case: str) -> None:
    """Say that a fact is the applicant's, and the case it was first used for."""
    records.resolve_note(connection, visit, MISMATCH, APPLICANT, fact)
    connection.execute(
        update(schema.tray)
        .where(schema.tray.c.fact_id == fact, schema.tray.c.case_id.is_(None))
        .values(case_id=case, party=APPLICANT)
    )


def belongs(connection: Connection, fact: str, case: str) -> None:
    """Say which case a fact is of that names none itself."""
    row = update(schema.tray).where(schema.tray.c.fact_id == fact, schema.tray.c.case_id.is_(None))
    connection.execute(row.values(case_id=case))


def _identity(data: IdentityRead) -> dict[str, Any]:
    return {
        "document": data.document,
        "name": mask_name(data.name),
        "number": mask_number(data.number),
        "expired": data.expired,
    }


def _card(data: CardRead) -> dict[str, Any]:
    return {
        "name": mask_name(data.name or ""),
        "number": mask_number(data.social_security_number or ""),
        "card_number": mask_tail(data.card_number or ""),
    }


def _code(data: CodeScanned) -> dict[str, Any]:
    return {
        "kind": data.kind,
        "integrity": data.integrity,
        "text": mask_tail(data.text or data.bytes_hex or ""),
    }


def _document(data: DocumentCaptured) -> dict[str, Any]:
    pages = [{"hash": page.hash, "verdict": page.verdict, "page": page.page} for page in data.pages]
    return {"document": data.document, "pages": pages, "codes": len(data.codes)}


def _confirmed(data: SheetConfirmed) -> dict[str, Any]:
    return {"sheet": data.shown_hash}


def _disputed(data: SheetDisputed) -> dict[str, Any]:
    return {"sheet": data.shown_hash, "rows": papers.labels(data.rows)}


def _signature(data: SignatureGiven) -> dict[str, Any]:
    return {"sheet": data.shown_hash, "picture": data.picture, "size_bytes": data.size_bytes}


_RULES: dict[type[Data], Callable[[Any], dict[str, Any]]] = {
    IdentityRead: _identity,
    CardRead: _card,
    CodeScanned: _code,
    DocumentCaptured: _document,
    SheetConfirmed: _confirmed,
    SheetDisputed: _disputed,
    SignatureGiven: _signature,
}
