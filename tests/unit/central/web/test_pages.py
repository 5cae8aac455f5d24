import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from central.web.pages import STATIC
from hal.events.facts import FACTS

TOKEN = {"Authorization": "Bearer observer-token"}


class Stream:
    """The events of one open stream, read one at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self, *names: str) -> tuple[str, str, Any]:
        """(id, event, data) of the next event with one of these names."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields.get("event") in names:
                return fields.get("id", ""), fields["event"], json.loads(fields["data"])
            else:
                fields = {}
        raise AssertionError("the stream ended")

    def rest(self) -> list[str]:
        return list(self._lines)


@pytest.fixture
def listen(client: httpx.Client) -> Callable[..., Any]:
    @contextmanager
    def open_stream(query: str = "", **headers: str) -> Iterator[Stream]:
        address = f"/live{query}"
        with client.stream("GET", address, headers={**TOKEN, **headers}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Stream(response)

    return open_stream


def test_the_page_needs_a_token(client: httpx.Client) -> None:
    """Without one there is a page that says how to get in, and no stream."""
    answer = client.get("/")
    assert answer.status_code == 401
    assert "/?token=" in answer.text
    assert client.get("/live").status_code == 401
    assert client.get("/?token=wrong").status_code == 401


def test_a_token_in_the_address_becomes_a_cookie(client: httpx.Client) -> None:
    """The token leaves the address at once and is out of reach for scripts."""
    answer = client.get("/?token=observer-token")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200


def test_the_page_shows_the_hall(
    client: httpx.Client, hall: Any, put_fact: Callable[..., None]
) -> None:
    """Windows, numbers, cases and facts stand on the page before any script has run."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    case = hall.open_case(visit)
    put_fact(
        id="F1",
        terminal="pzh01-w01",
        type="cn.onewindow.identity.read.v1",
        visit=visit,
        sequence=7,
    )
    put_fact(state="quarantined", reason="undecodable")
    text = client.get("/", headers=TOKEN).text
    for shown in ("A001", case.number, "个人查询", "身份证读取", "pzh01-w02", "隔离 undecodable"):
        assert shown in text
    assert 'data-after="2.' in text


def test_no_personal_data_is_shown(
    client: httpx.Client, hall: Any, put_fact: Callable[..., None], listen: Callable[..., Any]
) -> None:
    """Neither the page nor the stream shows a name or a number, not even masked."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    hall.open_case(visit)
    put_fact(id="F1", terminal="pzh01-w01", envelope=b'{"data":{"name":"\xe5\xbc\xa0"}}')
    told = client.get("/", headers=TOKEN).text
    with listen("?after=0.0") as stream:
        for name in ("fact", "case"):
            told += json.dumps(stream.next(name), ensure_ascii=False)
    for secret in ("张", "1101", "002X"):
        assert secret not in told


def test_facts_and_cases_come_as_they_are_committed(
    hall: Any, put_fact: Callable[..., None], listen: Callable[..., Any]
) -> None:
    """A screen that is open learns of each new fact, each step of a case, and the hall."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    with listen() as stream:
        assert stream.next("hall")[2]["items"][0]["visit"]["ticket"] == "A001"
        put_fact(id="F1", terminal="pzh01-w01", visit=visit, sequence=1)
        fact = stream.next("fact")[2]
        assert (fact["cursor"], fact["ticket"], fact["state"]) == (1, "A001", "applied")
        case = hall.open_case(visit)
        told = stream.next("case")[2]
        assert (told["number"], told["state"], told["ticket"]) == (case.number, "OPENED", "A001")
        hall.close(visit)
        while stream.next("hall")[2]["items"][0]["visit"] is not None:
            pass


def test_a_screen_that_was_away_misses_nothing(
    put_fact: Callable[..., None], listen: Callable[..., Any]
) -> None:
    """With the id of the last event it saw, a screen gets all that came since, once each."""
    for n in range(3):
        put_fact(id=f"F{n}")
    with listen("?after=0.0") as stream:
        last = stream.next("fact")[0]
    for n in range(3, 500):
        put_fact(id=f"F{n}")
    with listen("?after=0.0", **{"Last-Event-ID": last}) as stream:
        cursors = [stream.next("fact")[2]["cursor"] for _ in range(499)]
    assert cursors == list(range(2, 501))


def test_a_stream_ends_when_the_centre_stops(listen: Callable[..., Any], bell: Any) -> None:
    """Closing the bell ends the stream cleanly: a screen does not hold the centre up."""
    with listen() as stream:
        stream.next("hall")
        bell.close()
        assert stream.rest() == []


@pytest.mark.parametrize("position", ["", "x", "1", "1.x", "-1.0", "9" * 40 + ".1", "１.0"])
def test_a_senseless_position_begins_now(
    position: str, put_fact: Callable[..., None], listen: Callable[..., Any]
) -> None:
    """A screen that says nonsense about what it saw gets what comes from now on."""
    put_fact(id="F1")
    with listen(f"?after={position}") as stream:
        stream.next("hall")
        put_fact(id="F2")
        assert stream.next("fact")[2]["cursor"] == 2


def test_the_page_has_no_scripts_or_styles_of_its_own(client: httpx.Client) -> None:
    """Everything the page runs comes from /static, so that the strict policy holds."""
    text = client.get("/", headers=TOKEN).text
    assert re.findall(r"<script(?! src=\"/static/)", text) == []
    assert re.findall(r"<style|style=|\son[a-z]+=", text) == []
    for path in re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
        assert client.get(path).status_code == 200


def test_the_script_only_ever_sets_text(client: httpx.Client) -> None:
    """No markup is made from what the server sends."""
    script = (STATIC / "live.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", script)


def test_every_kind_of_fact_has_its_words(client: httpx.Client) -> None:
    """Each fact of the contract has a Chinese and an English word on the screen."""
    words = client.get("/words").json()
    assert set(words["facts"]) == set(FACTS)
    assert all(all(pair) and len(pair) == 2 for pair in words["facts"].values())
