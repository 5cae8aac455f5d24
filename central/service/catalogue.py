"""The catalogue of service items (事项目录): what the window does, and at which risk."""

import csv
import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from central.domain.case import Risk
from central.domain.errors import Unknown

_RISKS = {"低": Risk.LOW, "中": Risk.MEDIUM, "高": Risk.HIGH}
_INDIVIDUAL = "个人"
_ANSWERS = {"是": True, "否": False, "": False}
_ROLES = {
    "社保卡读卡器": "card",
    "身份证阅读器": "identity",
    "条码枪": "code",
    "高拍仪": "document",
    "评价器": "rating",
    "凭条打印机": "slip",
}
_NEVER_ALONE = ("挂失", "启用", "账户", "支付", "发放")
"""Reporting a card lost, activating one, account changes and payments need the centre."""
_COLUMNS = ("item_code", "item_name", "applicant", "risk_class")


class CatalogueError(ValueError):
    """The table cannot be used; the text says which line is wrong and what belongs there."""


@dataclass(frozen=True)
class Item:
    """One service item (业务办理项). `for_individuals`: a person may apply (申请主体 个人).

    `devices`: the roles of those it is taken in with. `offline`: also while the centre is away.
    """

    code: str
    name: str
    risk: Risk
    for_individuals: bool
    devices: frozenset[str] = frozenset()
    offline: bool = False

    @property
    def alone(self) -> bool:
        """Whether a window may take it in by itself: offline, low risk, for a person."""
        return self.offline and self.risk is Risk.LOW and self.for_individuals


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

    @property
    def alone(self) -> list[Item]:
        """What a window may take in without the centre, in the table's order."""
        return [item for item in self.items.values() if item.alone]

    def possible(self, able: Collection[str]) -> int:
        """How many items can be taken in with devices of the roles `able`."""
        return sum(item.devices <= frozenset(able) for item in self.items.values())


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
    return Item(
        code,
        name,
        _RISKS[risk],
        _INDIVIDUAL in applicant.split("/"),
        _devices(line, row.get("devices") or ""),
        _offline(line, name, row.get("offline") or ""),
    )


def _devices(line: int, words: str) -> frozenset[str]:
    """`身份证阅读器;高拍仪` → the roles of these devices."""
    roles = set()
    for word in filter(None, words.split(";")):
        if word not in _ROLES:
            known = ", ".join(_ROLES)
            raise CatalogueError(f"line {line}: devices must be of {known}, not {word}")
        roles.add(_ROLES[word])
    return frozenset(roles)


def _offline(line: int, name: str, word: str) -> bool:
    if word not in _ANSWERS:
        raise CatalogueError(f"line {line}: offline must be 是 or 否, not {word}")
    if _ANSWERS[word] and any(never in name for never in _NEVER_ALONE):
        raise CatalogueError(f"line {line}: offline must be 否: {name} needs the centre")
    return _ANSWERS[word]
