"""The application read back, and printed sheets, by the routes alone."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.media.sheets import Sheets
from central.service import terminals
from hal.events.envelope import SEALED, Fact, encode_fact
from hal.events.facts import IdentityRead, SheetConfirmed, SheetDisputed, SlipPrinted
from hal.events.sheets import Sheet
from hal.events.status import About, DeviceAbout

READ = IdentityRead(document="resident", name="示例", number="11010519491231002X")
WINDOW = "pzh01-w01"


@pytest.fixture
def opened(
    caller: Any, hall: Any, store: Any, keyring: Any, put_fact: Callable[..., None]
) -> tuple[str, str]:
    """A visit and its case, at a window with a screen and an A4 printer."""
    printer = DeviceAbout(device="a4", role="slip", driver="printer_cups", essential=False)
    about = About(
        version="1",
        devices=[printer],
        facts=[],
        orders=["a4/print-sheet", "screen/confirm"],
        hash="",
    )
    now: datetime = hall.clock.now()
    store.do(lambda link: terminals.note_about(link, WINDOW, "pzh01", about, now))
    visit = hall.visit().visit.id
    fact = hall.fact("identity.read", READ, visit)
    envelope = Fact(
        specversion="1.0",
        id=fact,
        source="/pzh01/pzh01-w01/identity",
        type="cn.onewindow.identity.read.v1",
        time=now.isoformat(),
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
    keyring.boxes[fact] = msgspec.json.encode(READ)
    return visit, hall.open_case(visit).id


def test_read_back_by_the_routes(
    caller: Any, hall: Any, opened: tuple[str, str], seal_key: X25519PrivateKey, tmp_path: Any
) -> None:
    """The sheet lies sealed for the terminal by the hash of the answer; the case tells the rest."""
    visit, case = opened
    body = {"case": case, "purpose": "核对申请"}
    answer = caller.post(f"/visits/{visit}/confirm", "teller", body, key="one")
    again = caller.post(f"/visits/{visit}/confirm", "teller", body, key="one")
    assert (answer.status_code, answer.json()["sign"]) == (202, True)
    assert again.json() == answer.json()
    sheet = answer.json()["sheet"]
    kept = Sheets(tmp_path / "sheets", {"dev1": seal_key}).read(sheet, WINDOW)
    assert kept is not None
    assert msgspec.json.decode(kept, type=Sheet).rows[0].value == "示例"
    hall.fact("sheet.confirmed", SheetConfirmed(shown_hash=sheet), visit)
    (read,) = caller.get(f"/api/v1/cases/{case}").json()["read_backs"]
    assert (read["state"], read["sheet"]) == ("CONFIRMED", sheet)


def test_what_is_wrong_is_said_in_both_languages(caller: Any, opened: tuple[str, str]) -> None:
    """422 without a purpose; 409 for a visit of another window, by code and sentence."""
    visit, case = opened
    for purpose, status in (("", 422), (None, 422)):
        body = {"case": case, "purpose": purpose}
        assert caller.post(f"/visits/{visit}/confirm", "teller", body).status_code == status
    caller.post(f"/visits/{visit}/close", "teller")
    refused = caller.post(f"/visits/{visit}/confirm", "teller", {"case": case, "purpose": "核对"})
    assert (refused.status_code, refused.json()["code"]) == (409, "visit_closed")
    assert "本次服务已结束" in refused.json()["detail"]


def test_anybody_checks_a_printed_sheet(
    caller: Any, client: Any, store: Any, opened: tuple[str, str]
) -> None:
    """受理回执 is printed; its code tells the item and the day to whoever asks, no token needed."""
    visit, case = opened
    caller.post(f"/cases/{case}/accept", "teller")
    answer = caller.post(f"/visits/{visit}/print", "teller", {"kind": "receipt-sheet"})
    assert (answer.status_code, len(answer.json()["slips"])) == (202, 1)
    ((code,),) = store.rows("SELECT code FROM check_code")
    found = client.get(f"/api/v1/check/{code.lower()}")
    assert found.json() == {"item_name": "个人查询", "applied_on": "2026-11-23"}
    unknown = client.get("/api/v1/check/2222222222222222")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_check_code")
    (slip,) = caller.get(f"/api/v1/visits/{visit}").json()["prints"]
    assert (slip["kind"], slip["verdict"]) == ("receipt-sheet", None)


def test_the_live_page_says_how_it_stands(caller: Any, hall: Any, opened: tuple[str, str]) -> None:
    """Being read, what is wrong by its label, a print of which nobody knows: in two languages."""
    visit, case = opened

    def page() -> str:
        text: str = caller.get("/").text
        return text

    asked = caller.post(f"/visits/{visit}/confirm", "teller", {"case": case, "purpose": "核对"})
    assert "核对中" in page()
    told = SheetDisputed(shown_hash=asked.json()["sheet"], rows=["住址"])
    hall.fact("sheet.disputed", told, visit)
    caller.post(f"/cases/{case}/accept", "teller")
    printed = caller.post(f"/visits/{visit}/print", "teller", {"kind": "receipt-sheet"})
    assert "打印中" in page()
    slip = printed.json()["slips"][0]["slip"]
    lost = SlipPrinted(slip=slip, kind="receipt", copies=0, verdict="unknown")
    hall.fact("slip.printed", lost, visit)
    for words in ("有误", "disputed", "住址", "受理回执", "结果不明,可补打", "print a copy"):
        assert words in page()
