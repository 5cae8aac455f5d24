"""Documents (材料) by the pages that windows took of them; what the trays know suffices for it."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from central.domain.errors import Unknown
from central.service.context import Context
from central.store import schema
from hal.events.envelope import fact_type

CAPTURED = fact_type("document", "captured")
_GOOD = "good"
_LAST = 1 << 31  # a page without a number comes after those that have one


@dataclass(frozen=True)
class Document:
    """`pages`: the names of its good pages, in their order, each once."""

    id: str
    pages: tuple[str, ...]


def find(connection: Connection, document: str) -> Document:
    """A document that was captured in a visit; Unknown if it has no good page."""
    tray, fact = schema.tray, schema.fact
    query = (
        select(tray.c.masked, tray.c.visit, fact.c.cursor)
        .join(fact, fact.c.id == tray.c.fact_id)
        .where(tray.c.type == CAPTURED, func.json_extract(tray.c.masked, "$.document") == document)
    )
    found: list[tuple[str, int, int, str]] = []
    for masked, visit, cursor in connection.execute(query):
        for page in msgspec.json.decode(masked)["pages"]:
            if page["verdict"] == _GOOD:
                # Visits are ULIDs: an earlier one's pages come first.
                found.append((visit, page.get("page") or _LAST, cursor, page["hash"]))
    if not found:
        raise Unknown("unknown_document", "This document has no good page.", "该材料没有合格页面。")
    return Document(document, tuple(dict.fromkeys(each[-1] for each in sorted(found))))


def note_opened(context: Context, document: Document, purpose: str) -> None:
    """Put into the trail that the actor saw this document, and what for (查阅目的)."""
    context.audit("document.opened", document.id, purpose=purpose, pages=len(document.pages))
