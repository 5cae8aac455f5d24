"""`ow-sim offline-day`: a terminal carried out of reach (上门) works alone and merges at night.

It gets numbers (预留号段) and the items that may be taken in offline. Then broker and centre are
gone; people are served by the terminal's own page; once it is restarted, once killed in a visit.
At night both come back, and everything is there exactly once.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from threading import Event
from typing import Any

from sim.acts import Act, Acts, new_id
from sim.arrivals import Citizen, people
from sim.errors import SimError, VisitFault
from sim.faults.lane import NOTHING, Lane
from sim.judge import judge
from sim.launcher import Child, Launcher, Say
from sim.local_page import LocalPage
from sim.office import Json, Office
from sim.pace import Pace, Patience
from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder, terminal_name
from sim.stage import broker, centre
from sim.visit import Devices

PACE = Pace(visit_s=60.0)
_PREPARED_S = 30.0
_MERGED_S = 60.0
_LOOK_S = 0.3
_COUNTED = ("lost", "unexpected", "duplicate", "crossed")

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Options:
    """How many visits the day has, and who comes."""

    visits: int
    seed: int
    keep: bool
    identities: Path


@dataclass(frozen=True)
class Served:
    """A local visit as the people at the window know it: ids from the terminal's own page."""

    visit: str
    ticket: str
    item: str
    level: int


def offline_day(options: Options, now: Now, say: Say) -> int:
    """Play the day and judge it; prints the last line; 0 only if everything merged once."""
    identities = make_identities(options.identities, 1)
    folder = new_folder(identities.parent / "run", "offline", now())
    run = Run(identities, folder, Ports(*free_ports(3)))
    day = _Day(run, options, now, say)
    try:
        served = day.play()
        line, good = day.night(served)
    except SimError:
        say(f"the run is kept in {folder}")
        raise
    finally:
        day.close()
    print(line, flush=True)
    if good and not options.keep:
        shutil.rmtree(folder)
    else:
        say(f"the run is kept in {folder}")
    return 0 if good else 1


class _Day:
    """One terminal, and a centre that is there in the morning and at night."""

    def __init__(self, run: Run, options: Options, now: Now, say: Say) -> None:
        self._run = run
        self._options = options
        self._say = say
        self._launcher = Launcher(say)
        self._broker = broker(run, run.centre_toml)
        self._centre = centre(run, run.centre_toml)
        self._lane = Lane(run, terminal_name(1), 1)
        self._acts = Acts(run.acts, now)
        self._office = Office(
            f"http://127.0.0.1:{run.ports.http}",
            {"teller": run.token("teller")},
            self._acts,
            PACE,
            lambda: new_id(now()),
        )
        self._page: LocalPage | None = None

    def close(self) -> None:
        """End what was started."""
        if self._page is not None:
            self._page.close()
        self._lane.close()
        self._launcher.stop()
        self._office.close()
        self._acts.close()

    def play(self) -> list[Served]:
        """Morning and day."""
        page, items = self._morning()
        citizens = islice(people(self._options.seed, items), self._options.visits)
        served = []
        for number, citizen in enumerate(citizens, start=1):
            if number == self._options.visits // 3 + 1:
                self._restart(lambda terminal: terminal.stop(), "restarted")
            killed = number == 2 * self._options.visits // 3 + 1
            served.append(self._serve(page, citizen, killed))
            self._say(f"visit {number}: ticket {served[-1].ticket}, item {served[-1].item}")
        return served

    def _morning(self) -> tuple[LocalPage, list[str]]:
        """With the centre, until the terminal has what it needs to be alone; then without."""
        self._run.write_centre()
        self._launcher.start(self._broker)
        self._launcher.start(self._centre)
        lane = self._lane
        lane.open()
        lane.start_terminal(NOTHING, self._run.folder)
        self._page = page = lane.page()
        ready = page.wait(
            lambda status: (
                bool(_items(status)) and _local(status)["numbers_left"] >= self._options.visits
            ),
            "numbers and items for a day without the centre",
            _PREPARED_S,
        )
        self._centre.stop()
        self._broker.stop()
        lane.line.cut()
        page.wait(lambda status: bool(_local(status)["offline"]), "offline", _PREPARED_S)
        return page, _items(ready)

    def _restart(self, end: Callable[[Child], None], how: str) -> None:
        terminal = self._lane.running()
        end(terminal)
        # Ready it is called with a line to the broker: here its page says that it works.
        terminal.start()
        assert self._page is not None
        self._page.wait(lambda status: bool(_items(status)), "the day's items again", _PREPARED_S)
        self._say(f"the terminal was {how}")

    def _serve(self, page: LocalPage, citizen: Citizen, killed: bool) -> Served:
        """A visit: number, cards, code, page, rating, close. `killed`: the terminal, half-way."""
        page.wait(lambda status: citizen.item in _items(status), "the devices", _PREPARED_S)
        opened = page.wish("open", {"item": citizen.item})
        ticket, visit = str(opened["ticket"]), str(opened["visit"])
        patience = Patience(PACE.visit_s, Event())
        window = self._lane.window
        devices = Devices(
            window, self._acts, PACE, self._lane.name, ticket, citizen.actor, patience
        )
        self._await(window.wait_open, "the green lamp")
        devices.lay_card(citizen.card)
        if killed:
            self._restart(lambda terminal: terminal.kill(), "killed")
            self._await(window.wait_open, "the green lamp, after the kill")
        devices.insert_card(citizen.card)
        devices.scan(citizen.page)
        self._hand_in(page, citizen, devices)
        page.wish("rating")
        self._await(window.wait_asked, "the five lamps of the pad")
        devices.rate(citizen.level)
        page.wait(lambda status: _local(status)["rating"] == "rated", "the rating", _PREPARED_S)
        page.wish("close", {"reason": "finished"})
        self._await(window.wait_closed, "the green lamp to go out")
        return Served(visit, ticket, citizen.item, citizen.level)

    def _hand_in(self, page: LocalPage, citizen: Citizen, devices: Devices) -> None:
        taken: list[bool] = []
        # A page that was not taken is laid another way.
        ways = count(citizen.page_seed)

        def lay_and_take(act: Act) -> None:
            self._lane.window.lay_page(next(ways), citizen.page)
            taken.append(page.take_page())

        devices.act(
            "document.captured",
            citizen.page,
            lay_and_take,
            lambda mark, wait_s: taken[-1],
            self._lane.window.camera.clear,
        )

    @staticmethod
    def _await(effect: Callable[[float], bool], awaited: str) -> None:
        if not effect(PACE.patience_page_s):
            raise VisitFault(f"this did not come in time: {awaited}")

    def night(self, served: list[Served]) -> tuple[str, bool]:
        """The centre comes back: what it has of the day, and whether that is all of it."""
        self._broker.start()
        self._broker.wait_ready()
        self._centre.start()
        self._centre.wait_ready()
        deadline = time.monotonic() + _MERGED_S
        while True:
            report = judge(self._run)
            views = [self._look(each) for each in served]
            merged = [
                view
                for each, view in zip(served, views, strict=True)
                if view is not None and _is_merged(each, view)
            ]
            over = len(merged) == len(served) and not report["lost"]
            if over or time.monotonic() > deadline:
                return self._line(merged, report)
            time.sleep(_LOOK_S)

    def _look(self, served: Served) -> Json | None:
        """What the centre has of a visit; None while it has nothing."""
        try:
            return self._office.look(f"/visits/{served.visit}")
        except VisitFault:
            return None

    def _line(self, merged: list[Json], report: dict[str, Any]) -> tuple[str, bool]:
        wanted = self._options.visits
        cases = sum(len(view["cases"]) for view in merged)
        ratings = report["ratings"]
        pages = int(report["kinds"].get("document.captured", 0))
        for row in report["offending"]:
            self._say(f"offending: {row}")
        line = (
            f"offline day: visits {wanted}, merged {len(merged)}, cases {cases}, pages {pages}, "
            f"ratings {ratings}, lost {report['lost']}, unexpected {report['unexpected']}, "
            f"duplicate {report['duplicate']}"
        )
        whole = {len(merged), report["visits"], cases, ratings} == {wanted} and pages >= wanted
        return line, whole and not any(report[name] for name in _COUNTED)


def _local(status: Json) -> Json:
    """What the page says of work without the centre."""
    found: Json = status.get("local", status)
    return found


def _items(status: Json) -> list[str]:
    """The codes of the items that may be taken in now."""
    return [str(item["code"]) for item in _local(status)["items"] if not item["missing"]]


def _is_merged(served: Served, view: Json) -> bool:
    """Whether the centre has this visit as the people at the window know it."""
    if view["state"] != "CLOSED" or view["ticket"]["number"] != served.ticket:
        return False
    rating = view["rating"]
    return rating is not None and rating["level"] == served.level
