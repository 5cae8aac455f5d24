"""A bad day at a window whose citizens are canaries, and all that was seen of it from outside.

Visits with every kind of reading, readings that fail, kill -9, no broker, a crash. At several
moments what the terminal leaves and tells is set aside; see test_canary.
"""

import json
import os
import signal
import subprocess
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import msgspec
import pytest
from disguise import disguises, disguises_of
from observed import facts, kind_of, messages
from processes import core_limits, family, told

from sim.acts import Act
from sim.arrivals import KIOSK, Citizen, people
from sim.card import Card
from sim.card_person import card_of
from sim.catalogue import low_risk_items
from sim.launcher import Child, program
from sim.local_page import LocalPage
from sim.office import Json, Office
from sim.pace import Pace
from sim.settings import SITE, Run, terminal_name
from sim.stage import Stage
from sim.visit import Devices, Visit

SEED, DEADLINE_S = 23, 30.0
CANARY = "金丝雀"
"""In every name and every address, and nowhere else in the world."""
TERMINAL = terminal_name(1)
ASSETS = ("/", "/work", "/page.css", "/technician.js", "/work.js", "/icon.svg")
ANSWERS = ("/metrics", "/api/status", "/api/diagnosis", "/nothing-here", *ASSETS)
PACE = Pace(visit_s=100.0, patience_page_s=5.0)


def canaries() -> list[Citizen]:
    """Citizens of a seed; their names and addresses sing, and so do the forms that they bring."""
    return [
        replace(
            citizen,
            card=msgspec.structs.replace(
                citizen.card,
                name=f"{CANARY}{kind}",
                address=f"示例市样本区{CANARY}路{number}号",
            ),
            page=citizen.card.number,
        )
        for number, (kind, citizen) in enumerate(
            zip("甲乙丙丁", islice(people(SEED, low_risk_items()), 4), strict=True), start=1
        )
    ]


def misprinted(card: Card) -> Card:
    """A card whose number cannot be anybody's, and whose day of birth is none."""
    wrong = "0" if card.number[-1] != "0" else "1"
    return msgspec.structs.replace(card, number=card.number[:-1] + wrong, birth="19991399")


def needles() -> set[bytes]:
    """All that must not be found: of names and addresses the part that they share."""
    forms = disguises(CANARY)
    for card in (citizen.card for citizen in canaries()):
        # Without its check character a number is found in whatever case that is written.
        forms |= disguises(card.number[:17]) | disguises(card_of(card).card_number)
        forms |= disguises_of(card.photo()[:16])
    return forms


@dataclass
class Seen:
    """What was set aside, by where it was; what the story found on its way; the centre's key."""

    key: Any
    hay: dict[str, bytes] = field(default_factory=dict)
    stored: list[tuple[str, bytes]] = field(default_factory=list)
    """Topic and bytes of every fact that the centre has stored."""
    waiting: int = 0
    red: list[str] = field(default_factory=list)
    limits: dict[str, tuple[str, int]] = field(default_factory=dict)
    beside: set[str] = field(default_factory=set)
    """New files in the terminal's working folder after the crash."""


def temporary(run: Run) -> Path:
    """A folder of the terminal's own for what a library puts down for a while."""
    folder = run.folder / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


class Story:
    """The day at the window, step by step."""

    def __init__(self, stage: Stage, office: Office, capture: Path, seen: Seen) -> None:
        self.stage, self.office, self.seen = stage, office, seen
        self.window = stage.windows[TERMINAL]
        self.child: Child = stage.terminals[TERMINAL]
        self.first, self.second, self.third, self.fourth = canaries()
        self.state_dir = stage.run.folder / TERMINAL
        self._capture = capture
        self._config = stage.run.terminal_toml(TERMINAL)
        self._port = tomllib.loads(self._config.read_text("utf-8"))["page"]["port"]
        self.page = LocalPage(self._port, self.state_dir)
        self._pause = Event()
        self._visit = ""

    # What a terminal can be asked, and what lies about.

    def set_aside(self, moment: str) -> None:
        """Its files, its log, and what the kernel tells of its processes."""
        hay, run = self.seen.hay, self.stage.run
        for folder in (self.state_dir, temporary(run)):
            for path in sorted(folder.rglob("*")):
                # A page may be uploaded, and so be gone, while we look; a folder has a name too.
                with suppress(FileNotFoundError):
                    body = path.read_bytes() if path.is_file() else b""
                    name = str(path.relative_to(run.folder.parent))
                    hay[f"{moment}: {name}"] = name.encode() + b"\n" + body
        hay[f"{moment}: log"] = self.child.log.read_bytes()
        if self.child.alive and self.child.pid is not None:
            for pid in family(self.child.pid):
                hay.update({f"{moment}: {pid} {name}": body for name, body in told(pid)})

    def ask(self, moment: str) -> None:
        """Every page, with its headers, with and without the token."""
        token = (self.state_dir / "page.token").read_text().strip()
        base = f"http://127.0.0.1:{self._port}"
        with httpx.Client(base_url=base, timeout=DEADLINE_S, trust_env=False) as client:
            for headers in ({}, {"Authorization": f"Bearer {token}"}):
                for path in ANSWERS:
                    answer = client.get(path, headers=headers)
                    where = f"{moment}: GET {path} {answer.status_code}"
                    self.seen.hay[where] = str(answer.headers).encode() + answer.content

    def diagnose(self, moment: str) -> None:
        """The bundle and what the command says, with the log put in."""
        out = self.stage.run.folder / f"diagnosis {moment}.tar.gz"
        options = ["--config", str(self._config), "--out", str(out), "--log", str(self.child.log)]
        command = [program("ow-terminal"), "diagnose", *options]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        self.seen.hay[f"{moment}: diagnose"] = done.stdout + done.stderr
        self.seen.hay[f"{moment}: bundle"] = out.read_bytes()

    # Waiting.

    def until(self, met: Callable[[], object], what: str) -> None:
        for _ in range(int(DEADLINE_S / 0.05)):
            if met():
                return
            self._pause.wait(0.05)
        pytest.fail(f"not in time: {what}")

    def count(self, kind: str) -> int:
        """How many facts of a kind the observer has seen, each once."""
        seen = facts(messages(self._capture.read_bytes()))
        return len({fact["id"] for _, fact in seen if kind_of(fact["type"]) == kind})

    def kept(self, kind: str, act: Callable[[], object]) -> None:
        """Do it, and wait until the observer has seen one more fact of the kind."""
        before = self.count(kind)
        act()
        self.until(lambda: self.count(kind) > before, kind)

    def refused(self, what: str, act: Callable[[], object]) -> None:
        """Do it, and wait until the red lamp goes on."""
        mark, red = self.window.mark(), self.window.wires.red
        act()
        assert self.window.gpio.wait(lambda: 1 in self.window.gpio.course(red, mark), DEADLINE_S)
        self.window.gpio.wait_quiet(PACE.quiet_s, DEADLINE_S)
        self.seen.red.append(what)

    def health(self) -> Json:
        status = self.page.status()
        return {} if status is None else status["health"] or {}

    def devices(self, ticket: str, citizen: Citizen) -> Devices:
        return Devices(
            self.window, self.stage.acts, PACE, TERMINAL, ticket, citizen.actor,
            self.stage.patience(),
        )  # fmt: skip

    # The day.

    def a_card_without_a_visit(self) -> None:
        self.kept("identity.read", lambda: self.window.identity.lay(self.third.card))
        self.window.identity.lift()

    def called(self, citizen: Citizen) -> Json:
        patience = self.stage.patience()
        ticket = self.office.command(citizen.actor, KIOSK, "/tickets", {"site": SITE})
        self.office.send(ticket, patience)
        return self.stage.room(TERMINAL, self.office).call(patience)

    def a_whole_visit(self) -> None:
        """Identity card, social-security card, code, page, rating; looked at in the middle."""
        room, called = self.stage.room(TERMINAL, self.office), self.called(self.first)
        self.stage.acts.witness = self
        Visit(room, self.first, called, self.stage.patience()).carry_out()
        self.stage.acts.witness = None

    def attempted(self, act: Act) -> None:
        """Nothing to see yet."""

    def acknowledging(self, act: Act) -> None:
        """The page has just been kept: it may still wait for its upload."""
        if act.kind == "document.captured":
            self.set_aside("visit")
            self.ask("visit")

    def two_peoples_cards(self) -> None:
        """A second visit: a mismatch, a role for the stranger, and a code that is a number."""
        called = self.called(self.second)
        self._visit = str(called["visit"]["id"])
        devices = self.devices(str(called["ticket"]["number"]), self.second)
        devices.lay_card(self.second.card)
        self.refused(
            "mismatch", lambda: self.kept("card.read", lambda: self.window.insert(self.third.card))
        )
        self.kept("card.removed", self.window.withdraw)
        devices.scan(self.second.card.number)
        self.set_aside("mismatch")
        self._choose_role()
        self.diagnose("running")

    def _choose_role(self) -> None:
        tray = (self.office.look(f"/visits/{self._visit}") or {})["tray"]
        [read] = [row["fact"] for row in tray if kind_of(row["type"]) == "card.read"]
        room, body = self.stage.room(TERMINAL, self.office), {"fact": read, "party": "agent"}
        command = room.command(f"/visits/{self._visit}/party", body)
        self.kept("order.done", lambda: self.office.send(command, self.stage.patience()))

    def killed(self) -> None:
        """In the middle of the second visit, which goes on."""
        self.child.kill()
        self.set_aside("killed")
        self.child.start()
        self.child.wait_ready()
        assert self.window.wait_open(DEADLINE_S)

    def cards_that_cannot_be_read(self) -> None:
        """Two that arrive wrong, until they are read again; two torn out, one misprinted."""
        card, identity = self.second.card, self.window.identity
        for spoil in (lambda: identity.stop_mid_frame(700), identity.garble):
            spoil()
            self.kept("identity.read", lambda: identity.lay(card))
            identity.lift()
        for commands in (5, 9):
            self.window.tear_out(commands)
            self.kept("card.removed", lambda: self.window.insert(card))
            self.window.withdraw()
        self.refused("misprinted", lambda: identity.lay(misprinted(self.fourth.card)))
        identity.lift()

    def closed(self) -> None:
        room, patience = self.stage.room(TERMINAL, self.office), self.stage.patience()
        close = room.command(f"/visits/{self._visit}/close", {})
        room.until(close, self.window.wait_closed, "the green lamp to go out", patience)

    def alone(self) -> None:
        """Broker and centre are away: a local visit, whose facts and page wait in the terminal."""
        self.page.wait(
            lambda status: bool(status["local"]["items"]) and status["local"]["numbers_left"] > 0,
            "numbers and items for work without the centre", DEADLINE_S,
        )  # fmt: skip
        self.stage.centre.stop()
        self.stage.broker.stop()
        self.page.wait(lambda status: bool(status["local"]["offline"]), "offline", DEADLINE_S)
        item = next(i["code"] for i in self.page.status()["local"]["items"] if not i["missing"])
        opened_here = self.page.wish("open", {"item": item})
        self.seen.hay["alone: POST open"] = json.dumps(opened_here, ensure_ascii=False).encode()
        assert self.window.wait_open(DEADLINE_S)
        devices = self.devices(str(opened_here["ticket"]), self.fourth)
        devices.lay_card(self.fourth.card)
        devices.insert_card(self.fourth.card)
        devices.scan(self.fourth.card.number)
        self._page_alone()
        self.seen.waiting = self.health()["outbox_depth"]
        assert self.health()["spool_depth"] > 0
        self.set_aside("alone")
        self.ask("alone")
        self.diagnose("alone")

    def _page_alone(self) -> None:
        def taken() -> bool:
            self.window.lay_page(self.fourth.page_seed, self.fourth.page)
            return self.page.take_page()

        self.until(taken, "a page")

    def together_again(self) -> None:
        self.stage.broker.start()
        self.stage.broker.wait_ready()
        self.stage.centre.start()
        self.stage.centre.wait_ready()
        self.until(
            lambda: self.health().get("outbox_depth") == self.health().get("spool_depth") == 0,
            "outbox and spool drained",
        )

    def crashed(self) -> None:
        """With a visit open, of which it has everybody's documents in its memory."""
        run, pid = self.stage.run, self.child.pid
        assert pid is not None
        assert b"ow-terminal" in Path(f"/proc/{pid}/cmdline").read_bytes()
        for each in family(pid):
            self.seen.limits[Path(f"/proc/{each}/comm").read_text().strip()] = core_limits(each)
        before = set(run.folder.iterdir())
        os.kill(pid, signal.SIGSEGV)
        self.until(lambda: not self.child.alive, "the crash")
        self.seen.beside = {path.name for path in set(run.folder.iterdir()) - before}
        self.set_aside("crashed")

    def stopped(self) -> None:
        self.child.start()
        self.child.wait_ready()
        self.ask("last")
        self.child.stop()
        self.set_aside("stopped")
        self.diagnose("stopped")
        self.seen.hay["capture"] = self._capture.read_bytes()
        for n, (topic, payload) in enumerate(messages(self.seen.hay["capture"])):
            self.seen.hay[f"message {n} {topic}"] = payload

    def begun(self) -> None:
        """Anew, with a folder of its own for temporary files."""
        self.child.stop()
        self.child.start()
        self.child.wait_ready()

    def tell(self) -> None:
        self.begun()
        self.a_card_without_a_visit()
        self.a_whole_visit()
        self.two_peoples_cards()
        self.killed()
        self.cards_that_cannot_be_read()
        self.closed()
        self.alone()
        self.together_again()
        self.crashed()
        self.stopped()
        self.page.close()
