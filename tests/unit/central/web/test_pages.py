import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import httpx
import msgspec
import pytest

from central.service import terminals, windows
from central.web.pages import STATIC
from central.web.words import fact_words, party_words, remedy_words, why_words
from hal.events.facts import FACTS, CardLeft, CardRead, CardRemoved, CodeScanned, Party, RatingGiven
from hal.events.status import DeviceStatus, Remedy

NUMBER = "11010119000101002X"
GUN = DeviceStatus(
    state="offline",
    since="2026-11-23T09:00:00+08:00",
    remedy="reset",
    text_zh="请检查扫码枪",
    text_en="check the gun",
)
DEADLINE_S = 20
TOKEN = {"Authorization": "Bearer observer-token"}


class Stream:
    """The events of one open stream, read one at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self, *names: str) -> tuple[str, str, Any]:
        """(id, event, data) of the next event with one of these names."""
        fields: dict[str, str] = {}
        deadline = time.monotonic() + DEADLINE_S
        for line in self._lines:
            assert time.monotonic() < deadline, f"none of {names} came"
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


def test_a_call_is_shown_as_it_is_announced(client: httpx.Client, hall: Any) -> None:
    """Until the citizen is being served, the window says what is called out in the hall."""
    visit = hall.visit().visit.id
    announced = "请A001号到1号窗口办理业务"
    assert announced in client.get("/", headers=TOKEN).text
    hall.identity(visit)
    hall.open_case(visit)
    assert announced not in client.get("/", headers=TOKEN).text


def test_personal_data_is_shown_by_its_mask_alone(
    client: httpx.Client, hall: Any, put_fact: Callable[..., None], listen: Callable[..., Any]
) -> None:
    """The page shows the masks of an open visit's tray; the stream shows not even those."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    hall.open_case(visit)
    put_fact(id="F1", terminal="pzh01-w01", envelope=b'{"data":{"name":"\xe5\xbc\xa0"}}')
    page = client.get("/", headers=TOKEN).text
    assert "张*" in page
    assert "1101**********002X" in page
    with listen("?after=0.0") as stream:
        events = [stream.next(name) for name in ("fact", "case", "hall")]
    told = json.dumps(events, ensure_ascii=False)
    for secret in ("张", "1101", "002X"):
        assert secret not in told
    hall.close(visit)
    page = client.get("/", headers=TOKEN).text
    for secret in ("张三", "张*", "1101"):
        assert secret not in page


def test_a_fragment_is_what_the_page_shows(client: httpx.Client, hall: Any) -> None:
    """Each part of the page that changes can be fetched alone, as it stands on the page."""
    visit = hall.visit().visit.id
    hall.identity(visit)
    hall.open_case(visit)
    hall.take()
    page = client.get("/", headers=TOKEN).text
    names = re.findall(r'hx-get="/fragments/([a-z]+)"', page)
    assert sorted(names) == ["cases", "facts", "queue", "ratings", "windows"]
    for name in names:
        assert client.get(f"/fragments/{name}").status_code == 401
        answer = client.get(f"/fragments/{name}", headers=TOKEN)
        assert answer.status_code == 200
        assert answer.text.strip() in page
    assert client.get("/fragments/nothing", headers=TOKEN).status_code == 404


def test_what_people_wrote_never_becomes_markup(client: httpx.Client, hall: Any) -> None:
    """A name that looks like markup stands on the page as text."""
    visit = hall.visit().visit.id
    hall.identity(visit, name="<")
    hall.scan(visit, "<img src=x onerror=alert(1)>&b>")
    text = client.get("/fragments/windows", headers=TOKEN).text
    assert "&amp;b&gt;" in text
    assert "&b>" not in text


def test_a_window_shows_its_visit_whole(client: httpx.Client, hall: Any) -> None:
    """Teller, ticket, tray, case, rating and devices stand on the window's card."""
    hall.sign_in()
    visit = hall.visit().visit.id
    hall.identity(visit)
    card = CardRead(name="张三", social_security_number=NUMBER, card_number="A12345678")
    hall.fact("card.read", card, visit)
    hall.fact("code.scanned", CodeScanned(text="6901234567892"), visit)
    hall.open_case(visit)
    hall.ask(visit)
    hall.store.do(
        lambda link: terminals.note_device(link, "pzh01-w01", "gun", GUN, hall.clock.now())
    )
    text = client.get("/fragments/windows", headers=TOKEN).text
    (card_text,) = re.findall(r'<article[^>]*pzh01-w01".*?</article>', text, re.DOTALL)
    for shown in (
        "<b>teller</b>",
        "A001",
        "办理中",
        "*****5678",
        "********7892",
        "个人查询",
        "登记",
    ):
        assert shown in card_text
    assert "请评价" in card_text
    assert 'title="请检查扫码枪 check the gun"><i class="dot offline"></i>gun' in card_text


def test_a_window_in_trouble_says_so(client: httpx.Client, hall: Any) -> None:
    """Why it is paused, what can be done about a device, a left card, two people's documents."""
    store = hall.store
    gun = msgspec.structs.replace(GUN, remedy="maintain")
    store.do(lambda link: terminals.note_device(link, "pzh01-w01", "gun", gun, hall.clock.now()))
    visit = hall.visit().visit.id
    hall.identity(visit)
    other = hall.identity(visit, "李四", "110101190001010038")
    hall.fact("card.left", CardLeft(slot="contact"), visit)
    hall.state("paused", able=["identity"], why="fault")
    text = client.get("/fragments/windows", headers=TOKEN).text
    for shown in (
        "设备故障",
        "device fault",
        "请技术人员检修",
        "遗留卡",
        "证卡不一致",
        "可办 2/5 项",
    ):
        assert shown in text
    hall.act(lambda context: windows.choose_party(context, visit, other, "agent"))
    hall.fact("card.removed", CardRemoved(slot="contact"), visit)
    hall.state("lost")
    text = client.get("/fragments/windows", headers=TOKEN).text
    assert "代办人" in text
    assert "离线" in text
    for gone in ("遗留卡", "证卡不一致", "设备故障", "可办"):
        assert gone not in text


def test_every_reason_and_role_has_words() -> None:
    """Nothing of the contract is shown by its code."""
    for why in ("teller", "fault", "disk"):
        assert not why_words(why)[0].isascii()
    for party in get_args(Party):
        assert not party_words(party)[0].isascii()
    remedies = {remedy: remedy_words(remedy) for remedy in get_args(Remedy)}
    assert remedies.pop("none") is None
    assert all(words is not None and not words[0].isascii() for words in remedies.values())


def test_a_teller_does_not_learn_who_gave_which_level(client: httpx.Client, hall: Any) -> None:
    """An observer sees levels; to a teller page and fragments show that there is a rating."""
    visit = hall.visit().visit.id
    request = hall.ask(visit)
    hall.fact("rating.given", RatingGiven(request=request, level=1), visit)
    teller = {"Authorization": "Bearer teller-token"}
    for path in ("/", "/fragments/windows", "/fragments/ratings"):
        assert "非常不满意" in client.get(path, headers=TOKEN).text
        assert "满意" not in client.get(path, headers=teller).text
    assert "已评价" in client.get("/fragments/windows", headers=teller).text


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


def test_the_hall_is_told_when_only_a_visit_changed(hall: Any, listen: Callable[..., Any]) -> None:
    """A new thing in the tray, and an asked rating, make open screens look again."""
    visit = hall.visit().visit.id
    with listen() as stream:
        stream.next("hall")
        hall.identity(visit)
        stream.next("hall")
        hall.ask(visit)
        stream.next("hall")


def test_a_new_picture_of_a_display_is_told(listen: Callable[..., Any], panels: Path) -> None:
    """Screens learn of each display that has a picture, and again when it is another one."""
    (panels / "pzh01-w02.png").write_bytes(b"one")
    (panels / "elsewhere.png").write_bytes(b"none of ours")
    with listen() as stream:
        first = stream.next("panel")[2]
        assert first["terminal"] == "pzh01-w02"
        os.utime(panels / "pzh01-w02.png", ns=(1, 1))
        assert stream.next("panel")[2] == {"terminal": "pzh01-w02", "version": "1"}


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


def test_every_kind_of_fact_has_its_words() -> None:
    """Each fact of the contract has a Chinese and an English word on the screen."""
    for kind in FACTS:
        chinese, english = fact_words(f"cn.onewindow.{kind}.v1")
        assert chinese
        assert english
        assert chinese != kind


def test_foreign_scripts_are_what_they_say() -> None:
    """What lies in static/vendor is listed with version and licence, and is the released file."""
    folder = STATIC / "vendor"
    listed = json.loads((folder / "VENDORED.json").read_text(encoding="utf-8"))
    for entry in listed:
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert (folder / entry["licence_file"]).stat().st_size > 0
        assert entry["version"]
    known = {name for entry in listed for name in (entry["file"], entry["licence_file"])}
    assert {path.name for path in folder.iterdir()} == {"VENDORED.json", *known}
