from typing import Any

import pytest

COMMANDS = {
    "/tickets": {"kiosk", "hall"},
    "/windows/pzh01-w01/call": {"teller"},
    "/cases": {"teller"},
    "/cases/X/accept": {"teller"},
    "/cases/X/decide": {"teller"},
    "/cases/X/complete": {"teller"},
    "/cases/X/deliver": {"teller"},
    "/visits/X/rating-request": {"teller"},
    "/visits/X/close": {"teller"},
    "/visits/X/print": {"teller"},
    "/visits/X/party": {"teller"},
    "/visits/X/confirm": {"teller"},
    "/windows/pzh01-w01/pause": {"teller"},
    "/windows/pzh01-w01/resume": {"teller"},
    "/left-cards/X/taken-out": {"teller", "hall"},
}
ROLES = {"kiosk", "teller", "hall", "auditor", "observer"}


def test_one_visit_from_the_number_to_the_close(caller: Any, hall: Any) -> None:
    """A citizen is served by the routes alone, with the answers that the interface promises."""
    taken = caller.post("/tickets", "kiosk", {"site": "pzh01"})
    assert (taken.status_code, taken.json()["number"]) == (201, "A001")
    called = caller.post("/windows/pzh01-w01/call", "teller")
    assert called.status_code == 200
    visit = called.json()["visit"]["id"]
    hall.identity(visit)
    opened = caller.post("/cases", "teller", {"visit": visit, "item_code": "SB-L1"})
    assert (opened.status_code, opened.json()["state"]) == (201, "OPENED")
    case = opened.json()["id"]
    hall.scan(visit, taken.json()["barcode"])
    for step, body, state in (
        ("accept", {}, "ACCEPTED"),
        ("decide", {"outcome": "approved"}, "DECIDED"),
        ("complete", {}, "COMPLETED"),
        ("deliver", {}, "DELIVERED"),
    ):
        answer = caller.post(f"/cases/{case}/{step}", "teller", body)
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    printed = caller.post(f"/visits/{visit}/print", "teller", {"kind": "receipt"})
    assert (printed.status_code, len(printed.json()["slips"])) == (202, 1)
    asked = caller.post(f"/visits/{visit}/rating-request", "teller")
    assert (asked.status_code, set(asked.json())) == (202, {"visit", "request", "order", "state"})
    pending = caller.post(f"/visits/{visit}/close", "teller")
    assert (pending.status_code, pending.json()["code"]) == (409, "rating_pending")
    hall.clock.advance(seconds=61)
    closed = caller.post(f"/visits/{visit}/close", "teller")
    assert (closed.status_code, closed.json()["state"]) == (200, "CLOSED")
    found = caller.get(f"/api/v1/cases/{case}").json()
    assert [(event["from"], event["to"]) for event in found["events"]] == [
        (None, "OPENED"),
        ("OPENED", "ACCEPTED"),
        ("ACCEPTED", "DECIDED"),
        ("DECIDED", "COMPLETED"),
        ("COMPLETED", "DELIVERED"),
    ]


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_is_for_its_roles(caller: Any, path: str) -> None:
    """Nobody commands without a token, and no role what is another's."""
    denied = {role for role in ROLES if caller.post(path, role).status_code == 403}
    assert denied == ROLES - COMMANDS[path]
    for token in ("nobody", ""):
        answer = caller.post(path, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_cookie_is_no_token_for_commands(client: Any) -> None:
    """Another site's page cannot make a teller's browser command: only the header counts."""
    client.cookies.set("onewindow", "kiosk-token")
    answer = client.post(
        "/api/v1/tickets", json={"site": "pzh01"}, headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 401


def test_a_repeat_is_answered_from_the_first(caller: Any, store: Any) -> None:
    """The same key gives the same bytes and says that they are a replay."""
    first = caller.post("/tickets", "kiosk", {"site": "pzh01"}, key="once")
    again = caller.post("/tickets", "kiosk", {"lane": "A", "site": "pzh01"}, key="once")
    assert (again.status_code, again.content) == (201, first.content)
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert store.rows("SELECT count(*) FROM ticket") == [(1,)]


def test_a_key_used_for_something_else_is_refused(caller: Any) -> None:
    """The same key with another body is 422, never the old answer."""
    caller.post("/tickets", "kiosk", {"site": "pzh01"}, key="once")
    answer = caller.post("/tickets", "kiosk", {"site": "pzh01", "lane": "B"}, key="once")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 256}])
def test_a_command_needs_a_key(client: Any, headers: dict[str, str]) -> None:
    """Without a usable key nothing is carried out: 400."""
    headers = {"Authorization": "Bearer kiosk-token", **headers}
    answer = client.post("/api/v1/tickets", json={"site": "pzh01"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("path", "role", "body", "status", "code"),
    [
        ("/tickets", "kiosk", {"site": "mars"}, 404, "unknown_site"),
        ("/tickets", "kiosk", {"site": "pzh01", "lane": "aa"}, 422, "invalid_request"),
        ("/tickets", "kiosk", {"site": "pzh01", "lain": "A"}, 422, "invalid_request"),
        ("/windows/pzh01-w09/call", "teller", {}, 404, "unknown_window"),
        ("/windows/pzh01-w01/call", "teller", {}, 409, "no_ticket"),
        ("/cases", "teller", {"visit": "X", "item_code": "SB-L1"}, 404, "unknown_visit"),
        ("/cases/X/accept", "teller", {}, 404, "unknown_case"),
        ("/cases/X/decide", "teller", {"outcome": "refused"}, 422, "invalid_request"),
        ("/visits/X/close", "teller", {}, 404, "unknown_visit"),
        ("/visits/X/party", "teller", {"fact": "F", "party": "agent"}, 404, "unknown_visit"),
        ("/visits/X/party", "teller", {"fact": "F", "party": "king"}, 422, "invalid_request"),
        ("/windows/pzh01-w01/pause", "teller", {}, 409, "not_signed_in"),
        ("/windows/pzh01-w01/resume", "teller", {}, 409, "not_signed_in"),
        ("/left-cards/X/taken-out", "hall", {}, 404, "unknown_left_card"),
        ("/nothing", "teller", {}, 404, "not_found"),
    ],
)
def test_every_refusal_is_a_problem(
    caller: Any, hall: Any, path: str, role: str, body: Any, status: int, code: str
) -> None:
    """Errors have one shape, a code for programs and one sentence for people."""
    answer = caller.post(path, role, body)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)


def test_what_was_sent_is_not_repeated_in_an_error(caller: Any) -> None:
    """A number typed into the wrong field does not come back in the answer."""
    answer = caller.post("/tickets", "kiosk", {"site": "11010119000101002X"})
    assert answer.status_code == 422
    assert "11010119000101002X" not in answer.text


def test_a_centre_that_stops_asks_to_come_again(caller: Any, store: Any) -> None:
    """A command that comes too late is 503 with a moment to wait, not an error of the caller."""
    store.writer.stop()
    answer = caller.post("/tickets", "kiosk", {"site": "pzh01"})
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert answer.headers["retry-after"] == "2"
