"""Slips of a visit: numbers only, each with an id of its own, a later copy voids the earlier."""

import json
from typing import Any

import pytest

from central.domain import case
from central.domain.errors import Refused, Unknown
from central.service import checks, prints, reading, terminals
from central.service.papers import Papers
from hal.events.facts import IdentityRead, OrderRefused, SlipPrinted
from hal.events.status import About, DeviceAbout

READ = IdentityRead(document="resident", name="示例", number="11010519491231002X")
ORDERS = "SELECT device, verb, body FROM order_outbox WHERE verb = 'print' ORDER BY rowid"


def ordered(store: Any) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for _, _, body in store.rows(ORDERS)]


def test_a_receipt_names_the_case(hall: Any, store: Any) -> None:
    """Ticket and case number, the case's barcode and the time, for sixty seconds; no person."""
    visit = hall.visit().visit.id
    hall.fact("identity.read", READ, visit)
    number = hall.open_case(visit).number
    view = hall.act(lambda context: prints.print_slips(context, visit, "receipt"))
    (slip,) = ordered(store)
    assert [each.case for each in view.slips] == [number]
    assert slip == {
        "slip": view.slips[0].slip,
        "kind": "receipt",
        "title": "业务回执",
        "lines": ["号票 A001", f"办件 {number}", "时间 2026-11-23 09:00"],
        "barcode": f"OW:C:{number}",
    }
    ((body, expires),) = store.rows("SELECT body, expires_at FROM order_outbox WHERE verb='print'")
    assert expires == "2026-11-23T09:01:00.000000+08:00"
    assert not any(word in body for word in ("示例".encode(), READ.number.encode()))


def test_each_case_has_its_receipt(hall: Any, store: Any) -> None:
    """Two cases in one visit are two slips; without a case there is one of the ticket."""
    visit = hall.visit().visit.id
    hall.act(lambda context: prints.print_slips(context, visit, "receipt"))
    hall.fact("identity.read", READ, visit)
    numbers = [hall.open_case(visit).number for _ in range(2)]
    hall.act(lambda context: prints.print_slips(context, visit, "receipt"))
    first, *rest = ordered(store)
    assert first["barcode"].startswith("OW:T:")
    assert [slip["barcode"] for slip in rest] == [f"OW:C:{number}" for number in numbers]
    assert not any("补打" in line for slip in rest for line in slip["lines"])


def test_a_copy_says_so_and_voids_the_one_before(hall: Any, store: Any) -> None:
    """补打: another id, the earlier ids in the answer and the trail; another kind is no copy."""
    visit = hall.visit().visit.id
    first, second, ticket = (
        hall.act(lambda context, kind=kind: prints.print_slips(context, visit, kind)).slips[0]
        for kind in ("receipt", "receipt", "ticket")
    )
    assert (first.voids, second.voids, ticket.voids) == ([], [first.slip], [])
    assert [slip["lines"][-1] for slip in ordered(store)][1] == "补打,此前各份作废"
    assert ordered(store)[2]["title"] == "A001"
    trail = store.rows("SELECT subject, detail FROM audit WHERE what = 'slip.ordered'")
    assert json.loads(dict(trail)[second.slip])["voids"] == [first.slip]


def test_the_printer_that_prints_slips_gets_the_order(hall: Any, store: Any, clock: Any) -> None:
    """Not the A4 printer beside it; and where there is none the teller is told."""
    devices = [
        DeviceAbout(device=name, role="slip", driver=name, essential=False)
        for name in ("a4", "roll")
    ]

    def tell(orders: list[str]) -> None:
        about = About(version="1", devices=devices, facts=[], orders=orders, hash="")
        store.do(lambda link: terminals.note_about(link, "pzh01-w01", "pzh01", about, clock.now()))

    visit = hall.visit().visit.id
    tell(["a4/print-sheet", "roll/print"])
    hall.act(lambda context: prints.print_slips(context, visit, "ticket"))
    assert [device for device, _, _ in store.rows(ORDERS)] == ["roll"]
    tell(["a4/print-sheet"])
    with pytest.raises(Refused) as refusal:
        hall.act(lambda context: prints.print_slips(context, visit, "ticket"))
    assert refusal.value.code == "no_slip_printer"


def test_its_fate_comes_also_after_the_visit(hall: Any, store: Any) -> None:
    """A slip that is told of after the close is kept, and its order answered."""
    visit = hall.visit().visit.id
    slip = hall.act(lambda context: prints.print_slips(context, visit, "ticket")).slips[0]
    hall.close(visit)
    told = SlipPrinted(slip=slip.slip, kind="ticket", copies=0, verdict="failed")
    hall.fact("slip.printed", told, visit)
    refused = OrderRefused(order=slip.order, reason="unavailable", detail="缺纸")
    hall.fact("order.refused", refused, visit)
    rows = store.rows("SELECT state, answer FROM order_outbox WHERE verb = 'print'")
    assert rows == [("refused", "unavailable")]


def test_a_visit_that_is_none(hall: Any) -> None:
    """Nothing is printed for it."""
    with pytest.raises(Unknown):
        hall.act(lambda context: prints.print_slips(context, "none", "receipt"))


def printed(store: Any, visit: str) -> Any:
    with store.readers.connect() as connection:
        return reading.visit(connection, visit).prints


def test_what_became_of_each_slip_stands_in_the_visit(hall: Any, store: Any) -> None:
    """Its verdict once it is told; after `unknown` a copy is printed, which voids the first."""
    visit = hall.visit().visit.id
    first, other = (
        hall.act(lambda context, kind=kind: prints.print_slips(context, visit, kind)).slips[0].slip
        for kind in ("receipt", "ticket")
    )
    told = SlipPrinted(slip=first, kind="receipt", copies=0, verdict="unknown")
    hall.clock.advance(seconds=5)
    hall.fact("slip.printed", told, visit)
    assert [(each.slip, each.verdict) for each in printed(store, visit)] == [
        (first, "unknown"),
        (other, None),
    ]
    copy = hall.act(lambda context: prints.print_slips(context, visit, "receipt")).slips[0].slip
    hall.fact(
        "slip.printed", SlipPrinted(slip=copy, kind="receipt", copies=1, verdict="printed"), visit
    )
    assert [
        (each.voided_by, each.verdict, each.told_at is None) for each in printed(store, visit)
    ] == [
        (copy, "unknown", False),
        (None, None, True),
        (None, "printed", False),
    ]


def test_another_terminal_says_nothing_of_a_slip(hall: Any, store: Any) -> None:
    """Only who was ordered to print it knows; a slip nobody ordered changes nothing."""
    visit = hall.visit().visit.id
    slip = hall.act(lambda context: prints.print_slips(context, visit, "ticket")).slips[0].slip
    for name, terminal in ((slip, "pzh01-w02"), ("none", "pzh01-w01")):
        told = SlipPrinted(slip=name, kind="ticket", copies=1, verdict="printed")
        hall.fact("slip.printed", told, None, terminal)
    assert [each.verdict for each in printed(store, visit)] == [None]


def test_an_acceptance_receipt_and_its_check_code(hall: Any, store: Any, shelf: Any) -> None:
    """受理回执: masked, for accepted cases only; the copy says so and bears the same code."""
    papers = Papers(lambda _: b"", shelf.keep, "示例市政务服务中心")

    def sheets() -> Any:
        return hall.act(lambda context: prints.print_sheets(context, papers, visit)).slips

    visit = hall.visit().visit.id
    hall.fact("identity.read", READ, visit)
    opened = hall.open_case(visit)
    with pytest.raises(Refused) as refusal:
        sheets()
    assert refusal.value.code == "nothing_accepted"
    hall.step(opened.id, case.Command.ACCEPT)
    (first,), (second,) = sheets(), sheets()
    (paper, terminal), (copy, _) = shelf.sheets
    assert (first.case, terminal, paper.title) == (opened.number, "pzh01-w01", "受理回执")
    assert {row.label: row.value for row in paper.rows} == {
        "申请人": "示*",
        "办理事项": "个人查询",
        "申请日期": "2026-11-23",
    }
    assert second.voids == [first.slip]
    assert copy.paragraphs[-1] == "补打,此前各份作废。"
    assert paper.check_code == copy.check_code
    with store.readers.connect() as connection:
        found = checks.look_up(connection, paper.check_code)
    assert found.model_dump() == {"item_name": "个人查询", "applied_on": "2026-11-23"}
    ((device, body),) = store.rows(
        "SELECT device, body FROM order_outbox WHERE verb = 'print-sheet' AND id = ?", first.order
    )
    assert (device, json.loads(body)["data"]["sheet"]) == ("slip", f"{1:064x}")
    assert [each.kind for each in printed(store, visit)] == 2 * ["receipt-sheet"]


def test_a_check_code_that_nobody_gave_out(store: Any) -> None:
    """It is unknown, and nothing else is said."""
    with store.readers.connect() as connection, pytest.raises(Unknown):
        checks.look_up(connection, "2" * checks.LENGTH)
