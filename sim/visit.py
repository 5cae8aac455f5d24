"""The main job with everybody's part played: citizen and teller.

Be called, lay the cards, a case for a low-risk item, scan the ticket, hand a form in, accept,
decide, complete, deliver, rate, close. Whoever gets no answer tries again, as a new act.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from sim.acts import Act, Acts
from sim.arrivals import Citizen
from sim.card import Card
from sim.office import Command, Json, Office
from sim.pace import Pace, Patience
from sim.twins.gpio import Mark
from sim.window import Window


@dataclass(frozen=True)
class Done:
    """What came of a visit."""

    ticket: str
    item: str
    level: int


@dataclass(frozen=True)
class Room:
    """What every visit at one window happens in: who serves there, the record, people's pace."""

    terminal: str
    teller: str
    window: Window
    office: Office
    acts: Acts
    pace: Pace

    def command(self, path: str, body: Json) -> Command:
        """A new command of the teller; nothing is sent."""
        return self.office.command(self.teller, self.teller, path, body)

    def call(self, patience: Patience) -> Json:
        """Call the next number until the window shows it: the ticket and the visit."""
        command = self.command(f"/windows/{self.terminal}/call", {})
        return self.until(command, self.window.wait_open, "the green lamp", patience)

    def until(
        self,
        command: Command,
        effect: Callable[[float], bool],
        awaited: str,
        patience: Patience,
    ) -> Json:
        """Send a command, and again (the same one) while its effect is not to be seen."""
        patience.pause(self.pace.between_s, "the next step of the visit")
        while True:
            answer = self.office.send(command, patience)
            if effect(self.pace.patience_effect_s):
                return answer
            patience.check(awaited)


@dataclass(frozen=True)
class Devices:
    """The devices of a window as one citizen uses them in one visit, known by its ticket."""

    window: Window
    acts: Acts
    pace: Pace
    terminal: str
    ticket: str
    actor: str
    patience: Patience

    def act(
        self,
        kind: str,
        content: str,
        begin: Callable[[Act], object],
        seen: Callable[[Mark, float], bool],
        end: Callable[[], None] = lambda: None,
    ) -> None:
        """An act, again until the window answers; `end` takes back what was laid there.

        After more than one attempt, waits until the lamps are still: a late answer must not be
        taken for that of the next act. VisitFault when there is no answer in time.
        """
        tries = 0
        while True:
            tries += 1
            act = self.acts.attempted(
                kind, self.actor, content, terminal=self.terminal, ticket=self.ticket
            )
            mark = self.window.mark()
            begin(act)
            answered = seen(mark, self.pace.patience_device_s)
            end()
            if answered:
                self.acts.acknowledged(act)
                break
            self.patience.check(f"an answer to {kind}")
            self.window.wait_attended(self.pace.patience_device_s)
        if tries > 1:
            self.window.gpio.wait_quiet(self.pace.quiet_s, self.pace.patience_effect_s)

    def lay_card(self, card: Card) -> None:
        """Lay the resident-ID card (身份证) until the window answers."""
        self.act(
            "identity.read",
            card.number,
            lambda act: self.window.identity.lay(
                card, lambda: self.acts.sent(act), lambda: self._read_again(card)
            ),
            self.window.wait_card_taken,
            self.window.identity.lift,
        )

    def _read_again(self, card: Card) -> None:
        """A terminal that was started again reads a card that still lies there: an act like any."""
        self.acts.attempted(
            "identity.read", self.actor, card.number, terminal=self.terminal, ticket=self.ticket
        )

    def insert_card(self, card: Card) -> None:
        """Put the social-security card in until the window answers, and take it out again."""
        self.act(
            "card.read",
            card.number,
            # No moment of sending is put on record: the terminal asks for each byte.
            lambda act: self.window.insert(card),
            self.window.wait_card_taken,
            self.window.withdraw,
        )

    def scan(self, code: str) -> None:
        """Show a code to the gun until the window answers."""
        self.act(
            "code.scanned",
            code,
            lambda act: self.window.scan(code, lambda: self.acts.sent(act)),
            self.window.wait_code_taken,
        )

    def rate(self, level: int) -> None:
        """Press a key of the pad, which asks, until its lamp alone is lit."""
        self.act(
            "rating.given",
            str(level),
            lambda act: self.window.press(level, lambda: self.acts.sent(act)),
            lambda mark, wait_s: self.window.wait_rating_taken(level, mark, wait_s),
        )


class Visit:
    """One citizen's visit (本次服务), from the call, which `called` answered, to the close."""

    def __init__(self, room: Room, citizen: Citizen, called: Json, patience: Patience) -> None:
        self._room = room
        self._citizen = citizen
        self._patience = patience
        self._ticket: Json = called["ticket"]
        self._path = f"/visits/{called['visit']['id']}"
        self._devices = Devices(
            room.window, room.acts, room.pace, room.terminal, self._number, citizen.actor, patience
        )

    def carry_out(self) -> Done:
        """Do all of it; VisitFault when something did not come in time."""
        self._identify()
        self._breathe()
        self._devices.insert_card(self._citizen.card)
        case = self._open_case()
        self._breathe()
        self._devices.scan(str(self._ticket["barcode"]))
        self._hand_in()
        for step, body in (
            ("accept", {}),
            ("decide", {"outcome": "approved"}),
            ("complete", {}),
            ("deliver", {}),
        ):
            self._order(f"/cases/{case['id']}/{step}", body)
        self._rate()
        self._leave()
        return Done(self._number, self._citizen.item, self._citizen.level)

    @property
    def _number(self) -> str:
        return str(self._ticket["number"])

    def _identify(self) -> None:
        """Lay the card until the teller's screen has it; a card that is not seen is laid again."""
        while True:
            self._breathe()
            self._devices.lay_card(self._citizen.card)
            if self._room.office.wait(
                self._path,
                lambda visit: (
                    any(row["type"].endswith("identity.read.v1") for row in visit["tray"])
                    or bool(visit["cases"])
                ),
                self._room.pace.patience_effect_s,
                self._patience,
            ):
                return

    def _open_case(self) -> Json:
        body = {"visit": self._path.rpartition("/")[2], "item_code": self._citizen.item}
        return self._order("/cases", body)

    def _hand_in(self) -> None:
        """Lay the form below the camera; the teller orders the page until the window took it."""
        room, citizen = self._room, self._citizen
        # A page that was not taken is laid another way.
        ways = count(citizen.page_seed)

        def lay_and_order(act: Act) -> None:
            room.window.lay_page(next(ways), citizen.page)
            room.office.send(room.command(f"{self._path}/capture", {}), self._patience)

        self._device(
            "document.captured",
            citizen.page,
            lay_and_order,
            lambda mark, _: room.window.wait_page_taken(mark, room.pace.patience_page_s),
            room.window.camera.clear,
        )

    def _rate(self) -> None:
        window = self._room.window
        ask = self._room.command(f"{self._path}/rating-request", {})
        self._room.until(ask, window.wait_asked, "the five lamps of the pad", self._patience)
        self._breathe()
        self._devices.rate(self._citizen.level)
        # A teller whose screen stays behind goes on to close: that is refused until it is there.
        self._room.office.wait(
            self._path,
            lambda visit: visit["rating"] is not None and visit["rating"]["state"] == "RATED",
            self._room.pace.patience_effect_s,
            self._patience,
        )

    def _leave(self) -> None:
        close = self._room.command(f"{self._path}/close", {})
        self._room.until(
            close, self._room.window.wait_closed, "the green lamp to go out", self._patience
        )

    def _order(self, path: str, body: Json) -> Json:
        """A command of the teller whose answer is all there is to wait for."""
        self._breathe()
        return self._room.office.send(self._room.command(path, body), self._patience)

    def _device(
        self,
        kind: str,
        content: str,
        begin: Callable[[Act], object],
        seen: Callable[[Mark, float], bool],
        end: Callable[[], None] = lambda: None,
    ) -> None:
        """An act at a device, until the window answers; see `Devices.act`."""
        self._breathe()
        self._devices.act(kind, content, begin, seen, end)

    def _breathe(self) -> None:
        self._patience.pause(self._room.pace.between_s, "the next step of the visit")
