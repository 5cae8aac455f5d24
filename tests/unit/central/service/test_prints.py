"""Slips of a visit: numbers only, each with an id of its own, a later copy voids the earlier."""

import json
from typing import Any

import pytest

from central.domain.errors import Refused, Unknown
from central.service import prints, terminals
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
