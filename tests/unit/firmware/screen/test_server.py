"""The customer screen over HTTP: who may come in, what it tells, what is kept of what is done."""

import hashlib
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import hpke

from firmware.screen.server import MOST_BODY_BYTES
from hal.events.facts import RatingGiven, SheetConfirmed, SheetDisputed, SignatureGiven
from hal.events.media import media_info, unpack

PATHS = ["/", "/events", "/screen.js", "/scenes.js", "/signature.js", "/dialogue.js", "/screen.css"]
NAME, NUMBER = "示例甲", "11010519491231002X"
DRAWING = {"width": 600, "height": 200, "strokes": [[[20, 50, 0], [320, 90, 400]]]}
DEADLINE_S = 20.0


@pytest.fixture
def viewer(hall: Any) -> Iterator[Iterator[dict[str, Any]]]:
    """A browser that has the screen open: its frames as they come."""
    with hall.allowed() as client, client.stream("GET", "/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield frames(answer)


def frames(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    lines = answer.iter_lines()
    for line in lines:
        if line == "event: frame":
            yield msgspec.json.decode(next(lines).removeprefix("data: "))


def until(viewer: Iterator[dict[str, Any]], scenery: str) -> dict[str, Any]:
    return next(
        frame
        for frame in viewer
        if frame["scenery"] == scenery and (scenery != "sheet" or frame["sheet"])
    )


def post(hall: Any, verb: str, **body: Any) -> httpx.Response:
    with hall.allowed() as client:
        return client.post(f"/api/{verb}", json=body)


def read_back(hall: Any, viewer: Iterator[dict[str, Any]], **data: Any) -> dict[str, Any]:
    """A visit in which the application is on the screen."""
    until(viewer, "idle")
    hall.order("visit/open", ticket="A001", window=3)
    hall.order("screen/confirm", sheet=hall.sheet, **data)
    return until(viewer, "sheet")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_without_the_token(hall: Any, path: str) -> None:
    """Every program of the machine can knock; the refusal says what to do."""
    with hall.client() as client:
        answer = client.get(path)
    assert answer.status_code == 401
    assert "ow-terminal screen" in answer.json()["message_zh"]


def test_the_address_with_the_token_lets_in_here_only(hall: Any) -> None:
    """Its cookie has a name of its own, since browsers send cookies to every port."""
    with hall.client() as client:
        answer = client.get(f"/?token={hall.token}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert answer.headers["set-cookie"].startswith("ow_screen=")
        assert "HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
        page = client.get("/")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'self'")


def test_a_strange_page_gets_nothing_done(hall: Any) -> None:
    """Neither under another name nor, with the cookie, from another origin."""
    with hall.client(Host="evil.example:80") as client:
        assert client.get("/").status_code == 421
    with hall.client(Cookie=f"ow_screen={hall.token}", Origin="http://evil.example") as client:
        assert client.post("/api/speak", json={}).status_code == 403


def test_an_application_is_confirmed_and_signed(
    hall: Any, viewer: Iterator[dict[str, Any]], seal_key: Any
) -> None:
    """What is read back is whole; two facts and one sealed picture are kept of it, and no more."""
    frame = read_back(hall, viewer)
    assert {"label": "公民身份号码", "value": NUMBER} in frame["sheet"]["rows"]
    assert post(hall, "confirm", sheet=hall.sheet).status_code == 200
    until(viewer, "sign")
    assert post(hall, "sign", sheet=hall.sheet, drawing=DRAWING).status_code == 200
    until(viewer, "serving")
    assert hall.data("sheet.confirmed") == SheetConfirmed(shown_hash=hall.sheet)
    given = hall.data("signature.given")
    assert isinstance(given, SignatureGiven)
    (picture,) = hall.spool.waiting()
    sealed = hall.spool.read(picture)
    assert (given.picture, given.size_bytes) == (picture, len(sealed))
    media = unpack(sealed)
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    png = suite.decrypt(media.box, seal_key, media_info("pzh01-w03", media.media))
    canonical = b'{"height":200,"strokes":[[[20,50,0],[320,90,400]]],"width":600}'
    assert canonical in png
    assert given.strokes_hash == hashlib.sha256(canonical).hexdigest()


def test_nothing_personal_leaves_with_the_visit(
    hall: Any, viewer: Iterator[dict[str, Any]]
) -> None:
    """No later frame has it, and the terminal holds the sheet no longer."""
    read_back(hall, viewer)
    hall.order("visit/close")
    thanks = until(viewer, "thanks")
    assert NAME not in str(thanks)
    assert thanks["ticket"] is thanks["visit"] is None
    assert NAME not in repr(vars(hall.presenter))
    assert hall.kinds() == ["sheet.expired"]


def test_what_is_wrong_is_told_without_what_it_says(
    hall: Any, viewer: Iterator[dict[str, Any]]
) -> None:
    """The labels only; the screen goes back to the visit."""
    read_back(hall, viewer)
    assert post(hall, "dispute", sheet=hall.sheet, rows=["户籍地址"]).status_code == 200
    until(viewer, "serving")
    assert hall.data("sheet.disputed") == SheetDisputed(shown_hash=hall.sheet, rows=["户籍地址"])


def test_a_signature_that_comes_too_late_leaves_no_picture(
    hall: Any, viewer: Iterator[dict[str, Any]]
) -> None:
    """Neither before the confirmation nor after the close; and a dot is none."""
    read_back(hall, viewer)
    assert post(hall, "sign", sheet=hall.sheet, drawing=DRAWING).status_code == 409
    post(hall, "confirm", sheet=hall.sheet)
    dot = {**DRAWING, "strokes": [[[20, 50, 0]]]}
    answer = post(hall, "sign", sheet=hall.sheet, drawing=dot)
    assert (answer.status_code, answer.json()["code"]) == (422, "signature")
    hall.order("visit/close")
    answer = post(hall, "sign", sheet=hall.sheet, drawing=DRAWING)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_asked")
    assert hall.spool.waiting() == []
    assert hall.kinds() == ["sheet.confirmed", "sheet.expired"]


def test_the_screen_rates_beside_the_pad(hall: Any, viewer: Iterator[dict[str, Any]]) -> None:
    """By the nonce that it showed; a press on an older one is refused."""
    hall.order("visit/open", ticket="A001")
    hall.order("rating/request", request="r1")
    assert until(viewer, "rating")["request"] == "r1"
    assert post(hall, "rate", request="r0", level=1).status_code == 409
    assert post(hall, "rate", request="r1", level=6).status_code == 400
    assert post(hall, "rate", request="r1", level=4).status_code == 200
    assert until(viewer, "rated")["level"] == 4
    (fact,) = [fact for fact in hall.facts() if "rating.given" in fact.type]
    assert msgspec.json.decode(fact.data, type=RatingGiven) == RatingGiven(
        request="r1", level=4, raw_key="screen", latency_ms=0
    )


def test_a_sheet_that_cannot_be_had_is_told(hall: Any, viewer: Iterator[dict[str, Any]]) -> None:
    """The teller need not wait; the same sheet can be asked about again."""
    hall.centre.sheets.clear()
    until(viewer, "idle")
    hall.order("visit/open", ticket="A001")
    hall.order("screen/confirm", sheet=hall.sheet)
    until(viewer, "serving")
    hall.settle()
    assert hall.kinds() == ["sheet.expired"]


def test_without_a_viewer_no_sheet_is_asked_about(hall: Any) -> None:
    """A screen that nobody has open answers nothing, and no sheet is fetched for it."""
    hall.order("visit/open", ticket="A001")
    hall.order("screen/confirm", sheet=hall.sheet)
    assert [fact.type for fact in hall.facts()][-1] == "cn.onewindow.order.refused.v1"
    assert hall.centre.asked == []


def test_who_serves_is_shown(hall: Any, viewer: Iterator[dict[str, Any]]) -> None:
    """三亮明, before a visit and in it."""
    hall.order("screen/show", None, teller="示例乙", post="综合窗口", promises=["一次办好"])
    told = next(frame for frame in viewer if frame["service"])
    assert told["service"] == {"teller": "示例乙", "post": "综合窗口", "promises": ["一次办好"]}


def test_the_voice_says_no_more_than_what_to_do(
    hall: Any, viewer: Iterator[dict[str, Any]]
) -> None:
    """A phrase for what is shown, nothing of the sheet, and not again at once."""
    read_back(hall, viewer)
    post(hall, "speak")
    post(hall, "speak")
    assert hall.said == ["请核对"]
    hall.clock.pass_s(4)
    post(hall, "speak")
    assert hall.said == ["请核对"] * 2


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("confirm", b"", 400),
        ("confirm", b'{"sheet":1}', 400),
        ("confirm", b'{"sheet":"x","name":"y"}', 400),
        ("sign", b'{"sheet":"x","drawing":{"width":1}}', 400),
        ("dispute", b"\xff", 400),
        ("rate", b" " * (MOST_BODY_BYTES + 1), 400),
        ("erase", b"{}", 404),
    ],
)
def test_a_wish_that_cannot_be_read_is_refused(
    hall: Any, verb: str, body: bytes, status: int
) -> None:
    """Before it reaches the window."""
    with hall.allowed() as client:
        assert client.post(f"/api/{verb}", content=body).status_code == status
    assert hall.kinds() == []


def test_a_browser_that_goes_away_is_missed(hall: Any) -> None:
    """The window learns that nobody sees its screen, within a beat."""
    port = int(hall.address.rpartition(":")[2])
    request = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    request += f"Authorization: Bearer {hall.token}\r\n\r\n"
    gone: list[bool] = []
    hall.presenter.on_viewed(gone.append)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode())
        assert b"event: frame" in connection.recv(4096) + connection.recv(4096)
    frame = hall.presenter.frame()
    while gone != [True, False]:
        hall.presenter.wait(frame.version, 0.1)
