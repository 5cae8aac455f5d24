"""The terminal's page over HTTP."""

import logging
import socket
from typing import Any

import pytest

from firmware.page.server import MOST_BODY_BYTES, PageServer
from firmware.unconfigured import Unconfigured, Way

PAGES = ["/", "/work", "/api/status", "/api/diagnosis", "/page.css", "/work.js"]
WISHES: list[tuple[str, dict[str, str], str]] = [
    ("open", {"item": "social-101"}, "open"),
    ("party", {"party": "agent"}, "party agent"),
    ("rating", {}, "rating"),
    ("page", {}, "page"),
    ("close", {"reason": "left"}, "close left"),
]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_without_the_token(page: Any, path: str) -> None:
    """Neither page nor status; the answer says in both languages what to do."""
    with page.client() as client:
        answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert "ow-terminal page" in answer.json()["message_zh"]
    assert "ow-terminal page" in answer.json()["message_en"]


@pytest.mark.parametrize("path", PAGES)
def test_everything_with_it(page: Any, path: str) -> None:
    """And nothing of it may be embedded, cached, or bring anything from elsewhere."""
    with page.allowed() as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_preview_is_a_picture_while_somebody_asked_for_one(page: Any) -> None:
    """With the token only; without a preview a problem says so, and the status shows which."""
    with page.allowed() as client:
        answer = client.get("/api/preview")
        assert (answer.status_code, answer.json()["code"]) == (404, "preview")
        assert client.get("/api/status").json()["preview"] is False
        page.frames.append(b"\xff\xd8 the desk")
        answer = client.get("/api/preview?1")
        assert (answer.headers["content-type"], answer.content) == ("image/jpeg", page.frames[-1])
        assert answer.headers["cache-control"] == "no-store"
        assert client.get("/api/status").json()["preview"] is True
    with page.client() as client:
        assert client.get("/api/preview").status_code == 401


def test_a_refusal_says_that_it_ends_the_connection(page: Any) -> None:
    """Whoever is refused may ask again at once; an answer that is none ends nothing."""
    with page.client() as client:
        for _ in range(20):
            assert client.get("/").headers["connection"] == "close"
        assert "connection" not in client.get("/metrics").headers


def test_figures_need_no_token(page: Any) -> None:
    """A monitoring system on the machine reads them as they are."""
    with page.client() as client:
        answer = client.get("/metrics")
    assert (answer.status_code, answer.text) == (200, "onewindow_outbox_depth 3.0\n")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_the_address_with_the_token_lets_in(page: Any) -> None:
    """The token becomes a cookie that scripts cannot read, and leaves the address."""
    with page.client() as client:
        answer = client.get(f"/work?token={page.token}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/work")
        assert {"HttpOnly", "SameSite=Strict"} <= set(answer.headers["set-cookie"].split("; "))
        assert client.get("/api/status").status_code == 200
        assert client.get("/?token=wrong").status_code == 200
    with page.client() as client:
        assert client.get("/?token=wrong").status_code == 401


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/local/page"])
def test_another_host_is_refused(page: Any, path: str) -> None:
    """A name that was made to lead here gets nothing, not even figures."""
    with page.allowed() as client:
        answer = client.request(
            "POST" if "local" in path else "GET", path, headers={"Host": "evil.example:80"}
        )
    assert (answer.status_code, answer.json()["code"]) == (421, "host")
    assert page.window.done == []


def test_the_status_has_what_the_pages_show(page: Any) -> None:
    """Devices with their remedies, health, line, and the window's own status."""
    with page.allowed() as client:
        told = client.get("/api/status").json()
    assert (told["terminal"], told["line"], told["health"]["outbox_depth"]) == (
        "pzh01-w01",
        False,
        3,
    )
    assert [device["device"] for device in told["devices"] if device["state"] == "offline"] == [
        "camera"
    ]
    assert told["local"]["items"][1]["missing"] == ["document"]


def test_each_wish_reaches_the_window(page: Any) -> None:
    """Open, whose document, rating, page, close; each answered by the status that follows."""
    with page.allowed() as client:
        answers = [client.post(f"/api/local/{verb}", json=body) for verb, body, _ in WISHES]
    assert [answer.status_code for answer in answers] == [200] * len(WISHES)
    assert page.window.done == [done for _, _, done in WISHES]
    assert [answer.json()["pages"] for answer in answers] == [0, 0, 0, 1, 0]


def test_a_refusal_is_told_with_its_remedy(page: Any) -> None:
    """As a problem with code and both sentences."""
    with page.allowed() as client:
        answer = client.post("/api/local/open", json={"item": "social-107"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "item")
    assert (problem["message_zh"], problem["message_en"]) == (
        "此业务不能离线办理。",
        "Choose another item.",
    )


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("open", b""),
        ("open", b"{}"),
        ("open", b'{"item": "social-101", "number": "1"}'),
        ("open", b"\xff"),
        ("party", b'{"party": "nobody"}'),
        ("close", b'{"reason": "bored"}'),
        ("rating", b'{"level": 5}'),
        ("page", b"x" * (MOST_BODY_BYTES + 1)),
    ],
)
def test_what_is_no_wish_does_nothing(page: Any, verb: str, body: bytes) -> None:
    """A body that is not as it should be is refused before the window hears of it."""
    with page.allowed() as client:
        answer = client.post(f"/api/local/{verb}", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "body")
    assert page.window.done == []


def test_another_pages_wish_does_nothing(page: Any) -> None:
    """A browser sends the cookie by itself; without our Origin that is not enough."""
    with page.client() as client:
        client.get(f"/?token={page.token}")
        strange = client.post("/api/local/page", headers={"Origin": "http://evil.example"})
        ours = client.post("/api/local/page", headers={"Origin": page.address})
    assert (strange.status_code, strange.json()["code"]) == (403, "origin")
    assert (ours.status_code, page.window.done) == (200, ["page"])


@pytest.mark.parametrize(("method", "path"), [("GET", "/etc/passwd"), ("POST", "/api/local/read")])
def test_what_is_not_there_is_told_so(page: Any, method: str, path: str) -> None:
    """Nothing but what is listed is served."""
    with page.allowed() as client:
        assert client.request(method, path).status_code == 404


def test_a_taken_port_is_a_warning(page: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The window works without its page."""
    port = int(page.address.rpartition(":")[2])
    with caplog.at_level(logging.WARNING):
        second = PageServer("127.0.0.1", port, page.token, None)  # type: ignore[arg-type]
        assert not second.start()
        second.stop()
    assert "the terminal's page cannot be opened" in caplog.messages


def test_no_port_is_no_page() -> None:
    """Port 0 opens nothing and warns of nothing."""
    server = PageServer("127.0.0.1", 0, "secret", None)  # type: ignore[arg-type]
    assert not server.start()
    server.stop()


def test_a_browser_that_goes_away_harms_nothing(page: Any) -> None:
    """Half a request, then the end of the connection: the next one is answered."""
    port = int(page.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HT")
    with page.allowed() as client:
        assert client.get("/api/status").status_code == 200


def test_a_device_that_nobody_configured_is_told(page: Any) -> None:
    """With its id, its place, and the lines that would add it; none while all are known."""
    with page.allowed() as client:
        assert client.get("/api/status").json()["unconfigured"] == []
        way = Way("serial", "/dev/serial/by-path/p0", ("id_serial",), 'driver = "…"')
        page.unknown.append(Unconfigured("1-1.2", "10c4:ea60", "Sim", "Bridge", (way,)))
        (told,) = client.get("/api/status").json()["unconfigured"]
    assert (told["usb_id"], told["place"], told["product"]) == ("10c4:ea60", "1-1.2", "Bridge")
    assert told["ways"][0]["toml"] == 'driver = "…"'
