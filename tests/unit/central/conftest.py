"""A centre without a broker: real SQLite files, a clock that the test moves, facts as they come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Connection, Engine

from central.domain import case
from central.service import cases, sessions, terminals, tickets, visits
from central.service.apply import apply
from central.service.catalogue import Catalogue, read_catalogue
from central.service.context import Actor, Context
from central.service.moments import HALL_TIME
from central.service.places import Place
from central.service.received import ReceivedFact
from central.service.views import CallView, CaseView, SessionView, TicketView
from central.store import schema
from central.store.engine import reading_engine, writing_engine
from central.store.writer import Writer
from hal.events.envelope import Clock as Quality
from hal.events.facts import CodeScanned, Data, IdentityRead
from hal.events.sheets import Sheet
from hal.events.status import TerminalState

T = TypeVar("T")

DEADLINE_S = 20
CATALOGUE = """item_code,item_name,applicant,risk_class,devices,offline
SB-L1,个人查询,个人,低,身份证阅读器,是
SB-L2,单位登记,单位,低,条码枪;高拍仪,是
SB-L3,凭证打印,个人,低,身份证阅读器,否
SB-M1,关系转移,个人,中,身份证阅读器;社保卡读卡器,否
SB-H1,待遇申领,单位/个人,高,身份证阅读器;高拍仪,否
"""


@dataclass
class Clock:
    """Wall time that stands still until the test moves it."""

    moment: datetime = datetime(2026, 11, 23, 9, 0, 0, tzinfo=HALL_TIME)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Store:
    """The database of one test, its writer running."""

    path: Path
    writer: Writer
    readers: Engine

    def do(self, work: Callable[[Connection], T]) -> T:
        return self.writer.submit(work).result(DEADLINE_S)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the plain SQL finds that has been committed."""
        with self.readers.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql, values).all()]


@dataclass
class Sites:
    """A register that a test fills."""

    places: list[Place] = field(
        default_factory=lambda: [Place("pzh01-w01", "pzh01", 1), Place("pzh01-w02", "pzh01", 2)]
    )

    def find(self, terminal: str) -> Place | None:
        return next((place for place in self.places if place.terminal == terminal), None)

    def all(self) -> list[Place]:
        return self.places


@dataclass
class Hall:
    """Use cases and facts, each in a transaction of its own, as the counter would see them."""

    store: Store
    clock: Clock
    catalogue: Catalogue
    sites: Sites
    facts: int = 0
    clock_quality: Quality = "synced"
    late_s: float = 0
    """How long after they happened facts arrive."""

    def state(self, word: str, terminal: str = "pzh01-w01", **more: Any) -> None:
        """The terminal tells its state."""
        told = TerminalState(state=word, epoch="E1", boot="B1", since="", **more)  # type: ignore[arg-type]
        self.store.do(
            lambda link: terminals.note_state(link, terminal, "pzh01", told, self.clock.now())
        )

    def act(self, use_case: Callable[[Context], T], who: str = "teller") -> T:
        actor = Actor(who, who)
        return self.store.do(lambda link: use_case(Context(link, self.clock.now(), actor)))

    def take(self, lane: str = "A") -> TicketView:
        return self.act(lambda context: tickets.take_ticket(context, {"pzh01"}, "pzh01", lane))

    def call(self, terminal: str = "pzh01-w01", who: str = "teller") -> CallView:
        return self._at(terminal, tickets.call_next, who)

    def sign_in(self, terminal: str = "pzh01-w01", who: str = "teller") -> SessionView:
        return self._at(terminal, sessions.sign_in, who)

    def sign_out(self, terminal: str = "pzh01-w01", who: str = "teller") -> SessionView:
        return self._at(terminal, sessions.sign_out, who)

    def _at(self, terminal: str, use_case: Callable[[Context, Place], T], who: str) -> T:
        place = self.sites.find(terminal)
        assert place is not None
        return self.act(lambda context: use_case(context, place), who)

    def visit(self, terminal: str = "pzh01-w01") -> CallView:
        self.take()
        return self.call(terminal)

    def open_case(self, visit: str, item: str = "SB-L1", applicant: str | None = None) -> CaseView:
        return self.act(
            lambda context: cases.open_case(context, self.catalogue, visit, item, applicant)
        )

    def step(self, id: str, command: case.Command) -> CaseView:
        return self.act(lambda context: cases.advance(context, id, command))

    def ask(self, visit: str) -> str:
        """Request a rating; returns its nonce."""
        return self.act(lambda context: visits.request_rating(context, visit)).request

    def close(self, visit: str) -> None:
        self.act(lambda context: visits.close_visit(context, visit))

    def fact(self, kind: str, data: Data, visit: str | None, terminal: str = "pzh01-w01") -> str:
        """Apply a fact that has come from a terminal; returns its id."""
        self.facts += 1
        role, _, name = kind.partition(".")
        id = f"FACT{self.facts:022d}"
        fact = ReceivedFact(
            id=id,
            terminal=terminal,
            device=role,
            role=role,
            name=name,
            epoch="E1",
            sequence=self.facts,
            visit=visit,
            time=(self.clock.now() - timedelta(seconds=self.late_s)).isoformat(),
            data=data,
            site="pzh01",
            clock=self.clock_quality,
        )
        self.store.do(lambda link: apply(link, fact, self.clock.now(), self.catalogue))
        return id

    def identity(
        self, visit: str | None, name: str = "张三", number: str = "11010119000101002X"
    ) -> str:
        data = IdentityRead(document="resident", name=name, number=number)
        return self.fact("identity.read", data, visit)

    def scan(self, visit: str | None, text: str) -> str:
        return self.fact("code.scanned", CodeScanned(kind="ticket", text=text), visit)


@dataclass
class Shelf:
    """Keeps sheets in memory, as the centre's disk does; `full`: takes none."""

    sheets: list[tuple[Sheet, str]] = field(default_factory=list)
    full: bool = False

    def keep(self, sheet: Sheet, terminal: str) -> str:
        if self.full:
            raise OSError("no space")
        self.sheets.append((sheet, terminal))
        return f"{len(self.sheets):064x}"


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    path = tmp_path / "centre.db"
    engine = writing_engine(path)
    schema.create_all(engine)
    writer = Writer(engine, clock.now)
    readers = reading_engine(path)
    writer.start()
    yield Store(path, writer, readers)
    writer.stop()
    engine.dispose()
    readers.dispose()


@pytest.fixture
def sites() -> Sites:
    return Sites()


@pytest.fixture
def catalogue() -> Catalogue:
    return read_catalogue(CATALOGUE.encode())


@pytest.fixture
def hall(store: Store, clock: Clock, catalogue: Catalogue, sites: Sites) -> Hall:
    """Both windows are ready."""
    hall = Hall(store, clock, catalogue, sites)
    for place in sites.all():
        hall.state("ready", place.terminal)
    return hall


@pytest.fixture
def put_fact(store: Store) -> Callable[..., None]:
    """Store a row of the table `fact`, as the ingest does."""

    def put(**values: object) -> None:

        row = {"state": "applied", "envelope": b"{}", **values}
        store.do(lambda link: link.execute(insert(schema.fact).values(**row)))

    return put
