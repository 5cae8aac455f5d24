"""Terminals, pauses and left cards by HTTP."""

import json
from typing import Any

import pytest

from central.service import terminals
from hal.events.facts import CardLeft
from hal.events.status import About, DeviceStatus

W01 = "pzh01-w01"
HEALTH = {"disk_free_bytes": 123, "clock": "holdover", "outbox_depth": 0}


def line(what: str) -> bytes:
    told = {"at": "2026-11-23T09:00:00+08:00", "level": "error", "where": "link", "what": what}
    return json.dumps(told).encode()


def test_a_terminal_tells_all_about_itself(caller: Any, hall: Any, store: Any) -> None:
    """State, abilities, health as it was told last, devices, and nothing of another terminal's."""
    status = DeviceStatus(
        state="no_device", since="", remedy="maintain", text_zh="检查", text_en="check"
    )
    about = About(version="9.9", devices=[], facts=[], orders=["terminal/reserve"], hash="")
    hall.state("paused", able=["card"], why="fault")

    def tell(link: Any) -> None:
        now = hall.clock.now()
        terminals.note_about(link, W01, "pzh01", about, now)
        terminals.note_health(link, W01, json.dumps(HEALTH).encode(), now)
        terminals.note_device(link, W01, "gun", status, now)
        terminals.note_device(link, "pzh01-w02", "cam", status, now)

    store.do(tell)
    found = caller.get(f"/api/v1/terminals/{W01}").json()
    assert (found["state"], found["offline"], found["why"]) == ("paused", False, "fault")
    assert (found["able"], found["version"], found["epoch"]) == (["card"], "9.9", "E1")
    assert (found["health"], found["health_at"]) == (HEALTH, "2026-11-23T09:00:00.000000+08:00")
    assert [each["device"] for each in found["devices"]] == ["gun"]


def test_a_terminal_that_was_never_heard_is_shown_so(caller: Any) -> None:
    """Registered and silent: offline, with nothing invented; an unregistered one is unknown."""
    found = caller.get(f"/api/v1/terminals/{W01}").json()
    assert (found["state"], found["offline"], found["health"]) == (None, True, None)
    assert caller.get("/api/v1/terminals/mars").status_code == 404


def test_the_log_is_for_who_looks_after_terminals(caller: Any, logs: Any) -> None:
    """The last lines, newest first; not for kiosks and tellers."""
    for what in ("first", "second"):
        logs.add(W01, "error", line(what))
    answer = caller.get(f"/api/v1/terminals/{W01}/log", "hall").json()
    assert [each["what"] for each in answer["lines"]] == ["second", "first"]
    path = f"/api/v1/terminals/{W01}/log"
    allowed = {
        role
        for role in ("kiosk", "teller", "hall", "auditor", "observer")
        if caller.get(path, role).status_code == 200
    }
    assert allowed == {"hall", "auditor", "observer"}
    assert caller.get("/api/v1/terminals/pzh01-w02/log", "hall").json()["lines"] == []


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_window_is_told_to_pause_and_to_resume(
    caller: Any, hall: Any, store: Any, verb: str
) -> None:
    """202 with the order's id; the order is on its way to the terminal itself."""
    hall.sign_in()
    answer = caller.post(f"/windows/{W01}/{verb}", "teller")
    assert answer.status_code == 202
    assert answer.json()["terminal"] == W01
    rows = store.rows("SELECT id, device, verb, visit FROM order_outbox")
    assert rows == [(answer.json()["order"], "terminal", verb, None)]


def test_the_register_of_left_cards(caller: Any, hall: Any) -> None:
    """A left card is listed until it is out; a call meanwhile is refused by its code."""
    visit = hall.visit().visit.id
    hall.close(visit)
    fact = hall.fact("card.left", CardLeft(slot="contact"), visit)
    (card,) = caller.get("/api/v1/left-cards").json()["items"]
    assert (card["fact_id"], card["terminal"], card["visit"]) == (fact, W01, visit)
    hall.take()
    blocked = caller.post(f"/windows/{W01}/call", "teller")
    assert (blocked.status_code, blocked.json()["code"]) == (409, "card_left")
    taken = caller.post(f"/left-cards/{fact}/taken-out", "hall")
    assert (taken.status_code, taken.json()["removed_by"]) == (200, "hall")
    assert caller.get("/api/v1/left-cards").json()["items"] == []
    assert caller.post(f"/windows/{W01}/call", "teller").status_code == 200


def test_a_role_is_chosen_by_http(caller: Any, hall: Any) -> None:
    """The answer is the visit with the role in its tray."""
    visit = hall.visit().visit.id
    fact = hall.identity(visit)
    answer = caller.post(f"/visits/{visit}/party", "teller", {"fact": fact, "party": "agent"})
    assert answer.status_code == 200
    assert [item["party"] for item in answer.json()["tray"]] == ["agent"]


def test_windows_tell_what_is_possible(caller: Any, hall: Any) -> None:
    """The list of windows has the abilities, the count of items, and what stands in the way."""
    hall.state("ready", able=["identity"])
    first, second = caller.get("/api/v1/windows").json()["items"]
    names = ("offline", "able", "why", "possible", "items", "card_left")
    assert [first[name] for name in names] == [False, ["identity"], None, 2, 5, False]
    assert second["possible"] == 0
