"""All that looks at a terminal, put together as it is there."""

import io
import json
import logging
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from firmware import config
from firmware.disk import WriteMeter
from firmware.outbox import Outbox
from firmware.upkeep import Parts, Upkeep
from hal.events.status import DeviceStatus
from sim.ports import free_ports

DEADLINE_S = 10
TOML = """\
[terminal]
site = "pzh01"
id = "pzh01-w01"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 1
ca = "cert.pem"
cert = "cert.pem"
key = "cert.key"
[centre]
url = "https://127.0.0.1:1"
[seal]
kid = "dev1"
public_key = "seal.pub.pem"
[page]
port = {port}
[device.reader]
driver = "id_serial"
port = "reader"
baud = 115200
"""


class FakeLine:
    """A line to the broker; what is published while it is up can be waited for."""

    def __init__(self) -> None:
        self.told: Queue[tuple[str, dict[str, Any], bool]] = Queue()
        self._up = False
        self._listeners: list[Callable[[bool], None]] = []

    def on_change(self, listener: Callable[[bool], None]) -> None:
        self._listeners.append(listener)

    def become(self, usable: bool) -> None:
        self._up = usable
        for listener in self._listeners:
            listener(usable)

    def publish(
        self, topic: str, body: bytes, *, qos: int, content_type: str, retain: bool = False
    ) -> bool:
        if self._up:
            self.told.put((topic.removeprefix("hall/1/pzh01/pzh01-w01/"), json.loads(body), retain))
        return self._up

    def next(self) -> tuple[str, dict[str, Any], bool]:
        return self.told.get(timeout=DEADLINE_S)


class TwoPages:
    """A spool with two pages in it."""

    def waiting(self) -> list[str]:
        return ["a", "b"]

    def size_bytes(self) -> int:
        return 4096


def certificate(clock: Any) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    nobody = x509.Name([])
    builder = x509.CertificateBuilder().subject_name(nobody).issuer_name(nobody)
    builder = builder.public_key(key.public_key()).serial_number(1)
    ends = clock.now().replace(year=2027)
    builder = builder.not_valid_before(clock.now()).not_valid_after(ends)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def line() -> FakeLine:
    return FakeLine()


@pytest.fixture
def upkeep(outbox: Outbox, line: FakeLine, clock: Any, tmp_path: Path) -> Iterator[Upkeep]:
    """Of a terminal whose reader is lost."""
    (port,) = free_ports(1)
    path = tmp_path / "terminal.toml"
    path.write_text(TOML.format(port=port))
    (tmp_path / "cert.pem").write_bytes(certificate(clock))
    written = WriteMeter(clock)
    parts = Parts(
        outbox=outbox,
        spool=TwoPages(),
        line=line,
        lost=lambda: {"reader"},
        centre=lambda: "ready",
        mode=lambda: "serving",
        probes={"window": lambda done: done()},
        config=path,
        written=written,
    )
    upkeep = Upkeep(config.read(path), clock, parts)
    upkeep.start()
    yield upkeep
    upkeep.stop()
    written.close()


def page(tmp_path: Path) -> httpx.Client:
    configuration = config.read(tmp_path / "terminal.toml")
    token = (tmp_path / "state" / "page.token").read_text().strip()
    address = f"http://127.0.0.1:{configuration.page.port}"
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=address, headers=headers, timeout=30, trust_env=False)


def test_health_is_told_when_the_line_comes(upkeep: Upkeep, line: FakeLine) -> None:
    """Retained, with what every part says."""
    line.become(True)
    topic, health, retained = line.next()
    assert (topic, retained) == ("health", True)
    names = ("centre", "mode", "devices_lost", "spool_depth", "outbox_depth")
    assert [health[name] for name in names] == ["ready", "serving", ["reader"], 2, 0]


def test_warnings_reach_the_centre(upkeep: Upkeep, line: FakeLine) -> None:
    """What is logged anywhere comes below `log/`, behind the health of the new line."""
    logging.getLogger("firmware.x").warning("device lost", extra={"device": "reader"})
    line.become(True)
    told = {topic: body for topic, body, _ in (line.next(), line.next())}
    assert told["log/warning"]["what"] == "device lost"


def test_the_page_shows_it_all(
    upkeep: Upkeep, line: FakeLine, outbox: Outbox, tmp_path: Path
) -> None:
    """Status, figures and the bundle, from the same parts."""
    status = DeviceStatus(
        state="offline", since="", remedy="reset", text_zh="插拔", text_en="replug"
    )
    upkeep.board.tell("reader", status)
    outbox.keep(["a", "b"], lambda draft, number: (draft, b"x"), 0.0)
    outbox.receipt(1)
    line.become(True)
    with page(tmp_path) as client:
        told = client.get("/api/status").json()
        figures = client.get("/metrics").text
        packed = client.get("/api/diagnosis").content
    assert (told["line"], told["devices"][0]["text_zh"]) == (True, "插拔")
    assert 'onewindow_facts_total{stage="kept"} 2.0' in figures
    assert 'onewindow_facts_total{stage="receipted"} 1.0' in figures
    assert 'onewindow_device_up{device="reader"} 0.0' in figures
    assert "onewindow_connections_total 1.0" in figures
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert "diagnosis/report.json" in archive.getnames()
