from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hal.events.envelope import PLAIN, SEALED, Fact, encode_fact

READS = (
    *("/api/v1/tickets/X", "/api/v1/visits/X", "/api/v1/cases/X", "/api/v1/cases"),
    *("/api/v1/windows", "/api/v1/facts", "/api/v1/quarantine"),
    *("/api/v1/terminals/X", "/api/v1/left-cards"),
)


def envelope(id: str, data: object, *, personal: bool = False) -> bytes:
    return encode_fact(
        Fact(
            specversion="1.0",
            id=id,
            source="/hall/1/pzh01/pzh01-w01/identity",
            type="cn.onewindow.identity.read.v1",
            time="2026-11-23T09:00:00.000000+08:00",
            datacontenttype=SEALED if personal else PLAIN,
            sequence="1",
            epoch="E1",
            boot="B1",
            mono="1",
            clock="synced",
            dataclass="personal" if personal else "operational",
            data=msgspec.Raw(msgspec.json.encode(data)),
        )
    )


@pytest.fixture
def sealed(put_fact: Callable[..., None], keyring: Any) -> None:
    """One sealed fact that the keyring opens, and one whose box it does not."""
    for sequence, id in enumerate(("F1", "F2"), start=1):
        box = {"kid": "dev1", "box": f"box-{id}"}
        put_fact(
            id=id,
            terminal="pzh01-w01",
            epoch="E1",
            sequence=sequence,
            envelope=envelope(id, box, personal=True),
        )
    keyring.boxes["F1"] = '{"name":"张三"}'.encode()


@pytest.mark.parametrize("path", READS)
def test_reading_needs_a_token_of_any_role(caller: Any, path: str) -> None:
    """Every role may read, nobody without one."""
    assert caller.get(path, "nobody").status_code == 401
    roles = ("kiosk", "teller", "hall", "auditor", "observer")
    expected = 404 if path.endswith("/X") else 200
    assert [caller.get(path, role).status_code for role in roles] == [expected] * 5


def test_facts_are_paged_by_the_cursor_of_their_commit(
    caller: Any, put_fact: Callable[..., None]
) -> None:
    """`next` leads through all facts, in order, each once; at the end it stays where it is."""
    for n in range(1, 6):
        put_fact(id=f"F{n}", terminal=f"pzh01-w0{n % 2}", epoch="E1", sequence=100 - n)
    seen, after = [], 0
    while items := (page := caller.get(f"/api/v1/facts?after={after}&limit=2").json())["items"]:
        assert len(items) <= 2
        seen += [item["id"] for item in items]
        after = page["next"]
    assert seen == ["F1", "F2", "F3", "F4", "F5"]
    assert page == {"items": [], "next": after}
    only = caller.get("/api/v1/facts?terminal=pzh01-w01").json()["items"]
    assert [item["id"] for item in only] == ["F1", "F3", "F5"]


def test_a_fact_has_the_promised_fields(caller: Any, put_fact: Callable[..., None]) -> None:
    """Other people's programs rely on these names."""
    put_fact(
        id="F1",
        terminal="pzh01-w01",
        epoch="E1",
        sequence=7,
        type="cn.onewindow.key.pressed.v1",
        time="T",
        visit="V",
        device="keys",
        envelope=envelope("F1", {"key": "help"}),
    )
    assert caller.get("/api/v1/facts").json()["items"] == [
        {
            "cursor": 1,
            "terminal": "pzh01-w01",
            "epoch": "E1",
            "sequence": 7,
            "id": "F1",
            "type": "cn.onewindow.key.pressed.v1",
            "device": "keys",
            "time": "T",
            "visit": "V",
            "stored_at": "2026-11-23T09:00:00.000000+08:00",
            "state": "applied",
            "reason": None,
            "data": {"key": "help"},
        }
    ]


@pytest.mark.usefixtures("sealed")
def test_personal_data_opens_only_for_a_purpose_of_the_auditor(caller: Any, store: Any) -> None:
    """Another role, or no purpose, sees the box; each opening is in the trail with its purpose."""
    box = {"kid": "dev1", "box": "box-F1"}
    for role, query in (("teller", "?purpose=curious"), ("auditor", ""), ("auditor", "?purpose=")):
        assert caller.get(f"/api/v1/facts{query}", role).json()["items"][0]["data"] == box
    assert store.rows("SELECT count(*) FROM audit") == [(0,)]
    items = caller.get("/api/v1/facts?purpose=complaint+12", "auditor").json()["items"]
    assert [item["data"] for item in items] == [
        {"name": "张三"},
        {"kid": "dev1", "box": "box-F2"},
    ]
    assert store.rows("SELECT who, what, subject, detail FROM audit") == [
        ("auditor", "fact.opened", "F1", '{"purpose":"complaint 12"}')
    ]


@pytest.mark.usefixtures("sealed")
def test_nothing_is_opened_that_cannot_be_recorded(caller: Any, store: Any) -> None:
    """When the trail cannot be written the data does not leave."""
    store.writer.stop()
    answer = caller.get("/api/v1/facts?purpose=complaint", "auditor")
    assert answer.status_code == 503
    assert "张三" not in answer.text


def test_the_quarantine_shows_what_could_not_be_placed(
    caller: Any, put_fact: Callable[..., None]
) -> None:
    """Broken messages are shown with their reason, even those of which nothing can be read."""
    put_fact(id="F1")
    put_fact(state="quarantined", reason="undecodable", envelope=b"\xff")
    (item,) = caller.get("/api/v1/quarantine").json()["items"]
    assert (item["state"], item["reason"], item["data"]) == ("quarantined", "undecodable", None)
    assert len(caller.get("/api/v1/facts").json()["items"]) == 2


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "after=-1", "after=x", f"after={1 << 64}"]
)
def test_a_senseless_page_is_refused(caller: Any, query: str) -> None:
    """A page that cannot be is a problem, not an empty answer."""
    answer = caller.get(f"/api/v1/facts?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_visit_shows_all_that_belongs_to_it(caller: Any, hall: Any) -> None:
    """Ticket, masked tray, cases and rating stand in one answer."""
    called = hall.visit()
    fact = hall.identity(called.visit.id)
    case = hall.open_case(called.visit.id)
    request = hall.ask(called.visit.id)
    found = caller.get(f"/api/v1/visits/{called.visit.id}").json()
    assert found["ticket"]["number"] == "A001"
    assert found["ticket"]["state"] == "SERVING"
    assert found["tray"] == [
        {
            "fact": fact,
            "type": "cn.onewindow.identity.read.v1",
            "masked": {
                "document": "resident",
                "name": "张*",
                "number": "1101**********002X",
                "expired": None,
            },
            "placed_case": case.id,
            "party": "applicant",
        }
    ]
    assert [each["id"] for each in found["cases"]] == [case.id]
    assert found["rating"] == {"request": request, "state": "OFFERED", "level": None}


def test_cases_are_paged_in_the_order_of_their_opening(caller: Any, hall: Any) -> None:
    """`next` leads through all cases, each once, even of the same moment."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    opened = {hall.open_case(visit).id for _ in range(5)}
    seen, after = [], ""
    while items := (page := caller.get(f"/api/v1/cases?after={after}&limit=2").json())["items"]:
        seen += [item["id"] for item in items]
        after = page["next"]
    assert len(seen) == 5
    assert set(seen) == opened


def test_the_windows_show_who_is_served(caller: Any, hall: Any) -> None:
    """Each registered window, the number at it, and how many wait."""
    hall.visit("pzh01-w02")
    hall.take()
    hall.take("B")
    found = caller.get("/api/v1/windows").json()
    assert [
        (item["window"], item["visit"] and item["visit"]["ticket"]) for item in found["items"]
    ] == [
        (1, None),
        (2, "A001"),
    ]
    assert found["queue"] == [
        {"site": "pzh01", "lane": "A", "waiting": 1},
        {"site": "pzh01", "lane": "B", "waiting": 1},
    ]


def test_health_needs_no_token(client: Any) -> None:
    """A watchdog sees whether the centre has its broker."""
    assert client.get("/healthz").json() == {"status": "ok", "broker": True}


def test_the_interface_describes_itself(client: Any) -> None:
    """OpenAPI names every route, the key of commands, and the shape of problems."""
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        *("/healthz", "/api/v1/tickets", "/api/v1/tickets/{id}", "/api/v1/windows"),
        *("/api/v1/windows/{terminal}/sign-in", "/api/v1/windows/{terminal}/sign-out"),
        *("/api/v1/windows/{terminal}/call", "/api/v1/cases", "/api/v1/cases/{id}"),
        *(f"/api/v1/cases/{{id}}/{step}" for step in ("accept", "decide", "complete", "deliver")),
        *("/api/v1/visits/{id}", "/api/v1/visits/{id}/rating-request"),
        *("/api/v1/visits/{id}/capture", "/api/v1/visits/{id}/party"),
        *("/api/v1/visits/{id}/print", "/api/v1/visits/{id}/confirm", "/api/v1/check/{code}"),
        *("/api/v1/windows/{terminal}/pause", "/api/v1/windows/{terminal}/resume"),
        *("/api/v1/left-cards", "/api/v1/left-cards/{fact}/taken-out"),
        *("/api/v1/terminals/{terminal}", "/api/v1/terminals/{terminal}/log"),
        *("/api/v1/visits/{id}/close", "/api/v1/facts", "/api/v1/quarantine"),
        "/api/v1/documents/{document}.pdf",
    }
    take = paths["/api/v1/tickets"]["post"]
    assert [(each["name"], each["required"]) for each in take["parameters"]] == [
        ("Idempotency-Key", True)
    ]
    assert list(take["responses"]["409"]["content"]) == ["application/problem+json"]
    assert take["security"]
