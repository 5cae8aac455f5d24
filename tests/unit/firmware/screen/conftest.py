"""A customer screen above a real window: only devices, broker and centre are away."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.config import CustomerScreen as Settings
from firmware.lights import Lights
from firmware.orders import Orders
from firmware.outbox import Outbox
from firmware.page.access import page_token
from firmware.panel import Panel
from firmware.screen.part import CustomerScreen
from firmware.screen.presenter import Frame, Presenter
from firmware.screen.server import TOKEN_FILE
from firmware.seal import load_seal
from firmware.sheets import SheetError
from firmware.spool import Spool
from firmware.stamp import Stamp
from firmware.surroundings import CentreSeen
from firmware.window import Ordered, Tick, Window
from hal.events.envelope import Fact, SealedData, decode_fact
from hal.events.facts import Data, decode_data
from hal.events.orders import Order
from hal.events.sheets import Row, Sheet
from sim.ports import free_ports

DEADLINE_S = 20.0
APPLICATION = Sheet(
    title="社会保险参保登记申请表",
    number="20261123-0007",
    rows=[
        Row(label="姓名", value="示例甲"),
        Row(label="公民身份号码", value="11010519491231002X"),
        Row(label="户籍地址", value="示例省示例市示例路 1 号"),
        Row(label="联系电话", value="010-00000000"),
        Row(label="参保险种", value="企业职工基本养老保险"),
    ],
    paragraphs=["以上内容由工作人员代为填写,请核对后确认。"],
)
SHEET = hashlib.sha256(msgspec.json.encode(APPLICATION)).hexdigest()


@dataclass
class Centre:
    """Knows sheets by their hash. `asked`: which were fetched."""

    sheets: dict[str, Sheet] = field(default_factory=lambda: {SHEET: APPLICATION}, repr=False)
    asked: list[str] = field(default_factory=list)

    def fetch(self, sha256: str) -> Sheet:
        self.asked.append(sha256)
        try:
            return self.sheets[sha256]
        except KeyError:
            raise SheetError(sha256) from None


@dataclass
class Hall:
    """A screen that listens, and what lies behind it."""

    address: str
    token: str
    clock: Any
    window: Window
    presenter: Presenter
    outbox: Outbox
    spool: Spool
    centre: Centre
    said: list[str]
    open_box: Callable[[Fact, SealedData], bytes]
    sheet: str = SHEET
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.address, headers=headers, timeout=10, trust_env=False)

    def allowed(self) -> httpx.Client:
        return self.client(Authorization=f"Bearer {self.token}")

    def order(self, name: str, visit: str | None = "v1", **data: Any) -> None:
        """Have the centre's order `{device}/{verb}` carried out, and everything before it."""
        device, _, verb = name.partition("/")
        body = Order(
            id=f"o{next(self._ids)}",
            issued_at="2026-11-23T08:00:00+08:00",
            expires_at="2999-01-01T00:00:00+08:00",
            by="teller",
            visit=visit,
            data=msgspec.Raw(msgspec.json.encode(data)),
        )
        self.window.put(Ordered(device, verb, msgspec.json.encode(body)))
        self.settle()

    def settle(self) -> None:
        """Until the window has handled all that was put."""
        handled = Event()
        self.window.put(Tick(handled.set))
        assert handled.wait(DEADLINE_S)

    def until(self, scenery: str, *, loaded: bool = False) -> Frame:
        """Wait for the screen to show this; `loaded`: with its sheet."""
        frame = self.presenter.frame()
        while frame.scenery != scenery or (loaded and frame.sheet is None):
            now = self.presenter.wait(frame.version, DEADLINE_S)
            assert now is not None, f"{frame.scenery}, not {scenery}"
            frame = now
        return frame

    def facts(self) -> list[Fact]:
        return [decode_fact(entry.body) for entry in self.outbox.after(0, 1000)]

    def data(self, name: str) -> Data:
        """What the only personal fact `{role}.{name}` says, opened as the centre does."""
        (fact,) = [fact for fact in self.facts() if f".{name}." in fact.type]
        sealed = msgspec.json.decode(fact.data, type=SealedData)
        return decode_data(name, self.open_box(fact, sealed))

    def kinds(self) -> list[str]:
        """Of every fact but the answers to orders."""
        names = [
            fact.type.removeprefix("cn.onewindow.").removesuffix(".v1") for fact in self.facts()
        ]
        return [name for name in names if not name.startswith("order.")]


@pytest.fixture
def hall(
    outbox: Outbox,
    stamp: Stamp,
    clock: Any,
    seal_key: Any,
    new_id: Callable[[], str],
    open_box: Callable[[Fact, SealedData], bytes],
    tmp_path: Path,
) -> Iterator[Hall]:
    public = tmp_path / "media.pub.pem"
    public.write_bytes(
        seal_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    spool = Spool(tmp_path / "spool", "pzh01-w03", load_seal("dev1", public), new_id)
    centre, said = Centre(), list[str]()
    orders = Orders({"pad": "rating"}, screen=True)
    window = Window(outbox, stamp, Lights(None, None, Panel(None)), orders, clock)
    (port,) = free_ports(1)
    settings = Settings(port=port)
    screen = CustomerScreen(settings, tmp_path, window, spool, centre.fetch, said.append, clock)
    window.put(CentreSeen(True))
    thread = Thread(target=window.run)
    thread.start()
    screen.start()
    address, token = f"http://127.0.0.1:{port}", page_token(tmp_path, TOKEN_FILE)
    yield Hall(
        address, token, clock, window, screen.presenter, outbox, spool, centre, said, open_box
    )
    screen.stop()
    window.stop()
    thread.join(DEADLINE_S)
    outbox.close()
