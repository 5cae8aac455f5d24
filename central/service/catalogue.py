"""The catalogue of service items (事项目录): what the window does, and at which risk."""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

from central.domain.case import Risk
from central.domain.errors import Unknown

_RISKS = {"低": Risk.LOW, "中": Risk.MEDIUM, "高": Risk.HIGH}
_INDIVIDUAL = "个人"
_COLUMNS = ("item_code", "item_name", "applicant", "risk_class")


class CatalogueError(ValueError):
    """The table cannot be used; the text says which line is wrong and what belongs there."""


@dataclass(frozen=True)
class Item:
    """One service item (业务办理项). `for_individuals`: a person may apply (申请主体 个人)."""

    code: str
    name: str
    risk: Risk
    for_individuals: bool


@dataclass(frozen=True)
class Catalogue:
    """All items; `version` is pinned in every case that is opened under it."""

    version: str
    items: Mapping[str, Item]

    def item(self, code: str) -> Item:
        """The item called `code`; Unknown if the catalogue has none."""
        try:
            return self.items[code]
        except KeyError:
            raise Unknown(
                "unknown_item", "The catalogue has no item of this code.", "事项目录中无此事项。"
            ) from None


def read_catalogue(data: bytes) -> Catalogue:
    """Read the CSV table; CatalogueError names the first line that is wrong."""
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except UnicodeDecodeError:
        raise CatalogueError("the catalogue is not UTF-8; save it as UTF-8") from None
    items: dict[str, Item] = {}
    for line, row in enumerate(rows, start=2):
        item = _item(line, row)
        if item.code in items:
            raise CatalogueError(f"line {line}: item_code {item.code} stands there twice")
        items[item.code] = item
    if not items:
        raise CatalogueError("the catalogue has no items")
    return Catalogue(hashlib.sha256(data).hexdigest()[:12], items)


def _item(line: int, row: Mapping[str, str | None]) -> Item:
    for column in _COLUMNS:
        if not row.get(column):
            raise CatalogueError(f"line {line}: column {column} is empty or missing")
    code, name, applicant, risk = (str(row[column]) for column in _COLUMNS)
    if risk not in _RISKS:
        raise CatalogueError(f"line {line}: risk_class must be 低, 中 or 高, not {risk}")
    return Item(code, name, _RISKS[risk], _INDIVIDUAL in applicant.split("/"))
