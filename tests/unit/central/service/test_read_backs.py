"""An application read back to the citizen: composed, kept, ordered, answered, each exactly once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from central.domain.errors import RuleError
from central.service import confirming, reading, returns, terminals
from central.service.papers import Papers
from central.service.received import Unplaceable
from hal.events.envelope import SEALED, Fact, encode_fact
from hal.events.facts import (
    IdentityRead,
    OrderRefused,
    SheetConfirmed,
    SheetDisputed,
    SheetExpired,
    SignatureGiven,
)
from hal.events.status import About

READ = IdentityRead(
    document="resident",
    name="示例",
    number="11010519491231002X",
    sex="2",
    birth_date="1949-12-31",
    valid_until="long",
    address="示例市旧址路1号",
    new_address="示例市新址路2号",
)
PURPOSE = "核对申请"


@dataclass
class Counter:
    """A window with a screen where somebody with a case stands."""

    hall: Any
    store: Any
    shelf: Any
    papers: Papers
    visit: str
    case: str

    def confirm(self, who: str = "teller", purpose: str = PURPOSE, **more: Any) -> Any:
        asked = {"visit_id": self.visit, "case_id": self.case, "sign": True, **more}
        return self.hall.act(
            lambda context: confirming.confirm(context, self.papers, purpose=purpose, **asked), who
        )

    def refused(self, **more: Any) -> str:
        with pytest.raises(RuleError) as refusal:
            self.confirm(**more)
        return refusal.value.code

    def read_backs(self) -> Any:
        with self.store.readers.connect() as connection:
            return reading.case(connection, self.case).read_backs

    def tray(self, type: str) -> Any:
        with self.store.readers.connect() as connection:
            tray = reading.visit(connection, self.visit).tray
        return [thing for thing in tray if thing.type == f"cn.onewindow.{type}.v1"]


def tell_about(store: Any, clock: Any, *understood: str) -> None:
    about = About(version="1", devices=[], facts=[], orders=list(understood), hash="")
    store.do(lambda link: terminals.note_about(link, "pzh01-w01", "pzh01", about, clock.now()))


@pytest.fixture
def counter(
    hall: Any, store: Any, clock: Any, put_fact: Callable[..., None], shelf: Any
) -> Counter:
    visit = hall.visit().visit.id
    fact = hall.fact("identity.read", READ, visit)
    envelope = Fact(
        id=fact,
        source="/pzh01/pzh01-w01/identity",
        type="cn.onewindow.identity.read.v1",
        time=clock.now().isoformat(),
        specversion="1.0",
        datacontenttype=SEALED,
        sequence="1",
        epoch="E1",
        boot="B1",
        mono="1",
        clock="synced",
        dataclass="personal",
        data=msgspec.Raw(b"{}"),
    )
    put_fact(id=fact, envelope=encode_fact(envelope))
    case = hall.open_case(visit).id
    tell_about(store, clock, "screen/confirm")
    papers = Papers(lambda _: msgspec.json.encode(READ), shelf.keep, "示例市政务服务中心")
    return Counter(hall, store, shelf, papers, visit, case)


def test_the_application_says_what_the_citizen_said_of_himself(counter: Counter) -> None:
    """All rows of the document that say something, the item, the day; kept for that window."""
    counter.confirm()
    ((sheet, terminal),) = counter.shelf.sheets
    assert terminal == "pzh01-w01"
    assert (sheet.title, sheet.issuer) == ("个人查询", "示例市政务服务中心")
    assert sheet.number == "PZH01-20261123-00001"
    assert {row.label: row.value for row in sheet.rows} == {
        "姓名": "示例",
        "性别": "女",
        "出生日期": "1949-12-31",
        "证件类型": "居民身份证",
        "证件号码": "11010519491231002X",
        "证件有效期至": "长期",
        "住址": "示例市新址路2号",
        "办理事项": "个人查询",
        "申请日期": "2026-11-23",
        "核对时间": "2026-11-23 09:00:00",
    }


def test_the_order_and_the_trail_name_no_person(counter: Counter) -> None:
    """`screen/confirm` carries the hash; the trail says who opened which fact, and what for."""
    view = counter.confirm(sign=False)
    ((device, verb, body),) = counter.store.rows(
        "SELECT device, verb, body FROM order_outbox WHERE id = ?", view.order
    )
    assert (device, verb) == ("screen", "confirm")
    assert json.loads(body)["data"] == {"sheet": view.sheet, "sign": False}
    opened = counter.store.rows("SELECT who, detail FROM audit WHERE what = 'fact.opened'")
    assert [(who, json.loads(detail)) for who, detail in opened] == [
        ("teller", {"purpose": PURPOSE})
    ]
    whole = repr(counter.store.rows("SELECT * FROM audit")) + body.decode()
    for secret in ("示例市", READ.number):
        assert secret not in whole


def test_it_is_refused_with_the_reason(counter: Counter, hall: Any, clock: Any) -> None:
    """Somebody else, no purpose, no screen, away, closed: nothing is kept, ordered or opened."""
    assert counter.refused(who="colleague") == "not_signed_in"
    assert counter.refused(purpose=" ") == "purpose_missing"
    tell_about(counter.store, clock, "screen/show")
    assert counter.refused() == "no_screen"
    hall.state("lost")
    assert counter.refused() == "window_offline"
    hall.state("ready")
    other = hall.visit("pzh01-w02").visit.id
    assert counter.refused(visit_id=other) == "foreign_case"
    hall.close(counter.visit)
    assert counter.refused() == "visit_closed"
    assert counter.shelf.sheets == []
    assert counter.store.rows("SELECT 1 FROM audit WHERE what = 'fact.opened'") == []


def test_without_the_applicant_or_a_disk_nothing_is_ordered(counter: Counter) -> None:
    """A document that is not there or does not open, a full disk: a reason, and no order."""
    counter.shelf.full = True
    assert counter.refused() == "sheet_not_kept"

    def shut(_: Fact) -> bytes:
        raise ValueError("the box does not open")

    counter.papers = Papers(shut, counter.shelf.keep)
    counter.shelf.full = False
    assert counter.refused() == "identity_unopenable"
    counter.store.do(lambda link: link.exec_driver_sql("DELETE FROM fact"))
    assert counter.refused() == "identity_missing"
    assert counter.store.rows("SELECT 1 FROM order_outbox WHERE verb = 'confirm'") == []
    assert counter.store.rows("SELECT 1 FROM audit WHERE what = 'fact.opened'") == []


def test_confirmed_and_signed(counter: Counter, hall: Any, clock: Any) -> None:
    """The case says when, and by which picture; both lie in the tray as the case's."""
    view = counter.confirm()
    clock.advance(seconds=20)
    hall.fact("sheet.confirmed", SheetConfirmed(shown_hash=view.sheet), counter.visit)
    clock.advance(seconds=10)
    signed = SignatureGiven(
        shown_hash=view.sheet, strokes_hash="a" * 64, picture="b" * 64, size_bytes=900
    )
    hall.fact("signature.given", signed, counter.visit)
    (found,) = counter.read_backs()
    assert (found.state, found.sheet) == ("CONFIRMED", view.sheet)
    assert found.answered_at == "2026-11-23T09:00:20.000000+08:00"
    assert found.signed_at == "2026-11-23T09:00:30.000000+08:00"
    assert found.picture == "b" * 64
    (signature,) = counter.tray("signature.given")
    assert signature.masked == {"sheet": view.sheet, "picture": "b" * 64, "size_bytes": 900}
    assert signature.placed_case == counter.case
    assert "a" * 64 not in repr(counter.tray("signature.given"))


def test_disputed_by_labels_and_asked_anew(counter: Counter, hall: Any, clock: Any) -> None:
    """What is wrong stays with the case; the next asking is another sheet and another row."""
    first = counter.confirm()
    wrong = SheetDisputed(shown_hash=first.sheet, rows=["住址"])
    hall.fact("sheet.disputed", wrong, counter.visit)
    clock.advance(seconds=1)
    second = counter.confirm()
    hall.fact("sheet.confirmed", SheetConfirmed(shown_hash=second.sheet), counter.visit)
    assert [(each.state, each.disputed) for each in counter.read_backs()] == [
        ("DISPUTED", ["住址"]),
        ("CONFIRMED", []),
    ]
    assert counter.shelf.sheets[0] != counter.shelf.sheets[1]
    (item,) = counter.tray("sheet.disputed")
    assert item.masked == {"sheet": first.sheet, "rows": ["住址"]}


def test_disputed_when_it_was_to_be_signed(counter: Counter, hall: Any) -> None:
    """有误 beside the signature field takes the confirmation back."""
    view = counter.confirm()
    hall.fact("sheet.confirmed", SheetConfirmed(shown_hash=view.sheet), counter.visit)
    hall.fact("sheet.disputed", SheetDisputed(shown_hash=view.sheet), counter.visit)
    assert [each.state for each in counter.read_backs()] == ["DISPUTED"]


def test_an_answer_that_crosses_a_newer_asking_counts(counter: Counter, hall: Any) -> None:
    """The older is confirmed before the newer is there: the fact is right about the older."""
    first, second = counter.confirm(), counter.confirm()
    assert [each.reason for each in counter.read_backs()] == ["replaced", None]
    hall.fact("sheet.confirmed", SheetConfirmed(shown_hash=first.sheet), counter.visit)
    replaced = SheetExpired(shown_hash=first.sheet, reason="replaced")
    hall.fact("sheet.expired", replaced, counter.visit)
    states = {each.sheet: each.state for each in counter.read_backs()}
    assert states == {first.sheet: "CONFIRMED", second.sheet: "ASKED"}


@pytest.mark.parametrize("reason", ["no_answer", "closed", "unavailable"])
def test_nobody_answered(counter: Counter, hall: Any, reason: Any) -> None:
    """The case says why, also after the visit was closed."""
    view = counter.confirm()
    hall.close(counter.visit)
    expired = SheetExpired(shown_hash=view.sheet, reason=reason)
    hall.fact("sheet.expired", expired, counter.visit)
    (found,) = counter.read_backs()
    assert (found.state, found.reason) == ("UNANSWERED", reason)


def test_confirmed_and_never_signed(counter: Counter, hall: Any) -> None:
    """What was confirmed stays so; why the signature is missing stands beside it."""
    view = counter.confirm()
    hall.fact("sheet.confirmed", SheetConfirmed(shown_hash=view.sheet), counter.visit)
    expired = SheetExpired(shown_hash=view.sheet, reason="no_answer")
    hall.fact("sheet.expired", expired, counter.visit)
    (found,) = counter.read_backs()
    assert (found.state, found.reason, found.signed_at) == ("CONFIRMED", "no_answer", None)


def test_an_order_that_never_reached_the_screen(counter: Counter, hall: Any) -> None:
    """Refused by the terminal, or out of time on its way: nobody is waited for."""
    refused = counter.confirm()
    told = OrderRefused(order=refused.order, reason="unavailable")
    hall.fact("order.refused", told, counter.visit)
    late = counter.confirm().order

    def run_out(context: Any) -> None:
        query = "SELECT * FROM order_outbox WHERE id = ?"
        row = context.connection.exec_driver_sql(query, (late,)).mappings().one()
        returns.expired(context, row)

    hall.act(run_out)
    assert [each.reason for each in counter.read_backs()] == ["unavailable", "expired"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("sheet.confirmed", SheetConfirmed(shown_hash="f" * 64)),
        ("sheet.disputed", SheetDisputed(shown_hash="f" * 64, rows=["住址"])),
        ("sheet.expired", SheetExpired(shown_hash="f" * 64, reason="closed")),
        ("signature.given", SignatureGiven(shown_hash="f" * 64, strokes_hash="a" * 64)),
    ],
)
def test_a_sheet_that_was_never_asked_about(
    counter: Counter, hall: Any, kind: str, data: Any
) -> None:
    """Such a fact is set aside with its reason and leaves nothing in the tray."""
    counter.confirm()
    before = len(counter.tray(kind))
    with pytest.raises(Unplaceable, match="unknown_sheet"):
        hall.fact(kind, data, counter.visit)
    assert len(counter.tray(kind)) == before
    assert counter.read_backs()[0].state == "ASKED"


def test_another_window_answers_for_no_sheet_of_this_one(counter: Counter, hall: Any) -> None:
    """The hash alone does not do: the visit is the one that was asked, at its own window."""
    view = counter.confirm()
    other = hall.visit("pzh01-w02").visit.id
    with pytest.raises(Unplaceable, match="unknown_sheet"):
        hall.fact("sheet.confirmed", SheetConfirmed(shown_hash=view.sheet), other, "pzh01-w02")
    assert counter.read_backs()[0].state == "ASKED"


def test_a_value_in_the_place_of_a_label_is_not_kept(counter: Counter, hall: Any) -> None:
    """A terminal that tells more than labels does not bring it into the database."""
    view = counter.confirm()
    told = SheetDisputed(shown_hash=view.sheet, rows=["住址", "示例市旧址路1号", "示例"])
    hall.fact("sheet.disputed", told, counter.visit)
    assert counter.read_backs()[0].disputed == ["住址", "其他"]
    counter.store.writer.stop()
    kept = b"".join(path.read_bytes() for path in counter.store.path.parent.glob("centre.db*"))
    assert "示例市旧址路1号".encode() not in kept
