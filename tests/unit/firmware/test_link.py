"""The link against the real broker, over a line that can freeze and with certificates gone bad."""

import logging
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware.config import Broker, Intervals
from firmware.link import Link
from hal.clock import Clock, SystemClock
from hal.events.envelope import Clock as Quality
from hal.events.topics import Branch
from provisioning.development import develop, revoke
from provisioning.folder import Folder
from sim.ports import free_ports, wait_accepting
from sim.twins.broker_line import BrokerLine

DEADLINE_S = 10.0
BRANCH = Branch("pzh01", "pzh01-w01")
NOW = datetime.now(UTC)
SOON = Intervals(keepalive_s=1, reconnect_base_s=0.02, reconnect_cap_s=0.1)
CONF = """\
listener {port} 127.0.0.1
cafile {folder}/ca.pem
certfile {folder}/{cert}
keyfile {folder}/broker.key
crlfile {folder}/crl.pem
require_certificate true
allow_anonymous false
use_identity_as_username {by_certificate}
max_packet_size 1000
user root
"""


class Mosquitto:
    """A broker that can be ended and started again on its port, remembering nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, cert: str = "broker.pem", by_certificate: str = "true") -> None:
        values = {"folder": self.folder, "cert": cert, "by_certificate": by_certificate}
        conf = self.folder / "mosquitto.conf"
        conf.write_text(CONF.format(port=self.port, **values))
        command = ["/usr/sbin/mosquitto", "-c", str(conf)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self._process = process
        assert wait_accepting(self.port, DEADLINE_S, lambda: process.poll() is None)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Recorder:
    """Remembers what it was told and lets one wait for it."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self._changed = Condition()

    def __call__(self, *what: object) -> None:
        with self._changed:
            self.told.append(what[0] if len(what) == 1 else what)
            self._changed.notify_all()

    def wait(self, met: Callable[[list[object]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: met(self.told), DEADLINE_S), self.told


class Told(logging.Handler):
    """The link's log lines, as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = Recorder()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines(record.getMessage())


class Observer:
    """Somebody who hears everything at the broker, or speaks under any name."""

    def __init__(self, folder: Path, port: int, name: str = "observer") -> None:
        self.heard = Recorder()
        subscribed = Recorder()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
        self.client.tls_set_context(_context(folder, name))
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *_: subscribed(True)
        self.client.on_message = lambda _c, _d, m: self.heard(m.topic, m.payload)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        subscribed.wait(bool)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@dataclass(frozen=True)
class FixedClock:
    """The wall says always the same."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def monotonic_ns(self) -> int:
        return 0

    def quality(self) -> Quality:
        return "unknown"


@dataclass(frozen=True)
class AskedClock(FixedClock):
    """Remembers that it was asked, as it is before each attempt."""

    asked: Recorder

    def now(self) -> datetime:
        self.asked(self.moment)
        return self.moment


@dataclass(frozen=True)
class Rig:
    """A link and what it says."""

    link: Link
    received: Recorder
    usable: Recorder
    clock_wrong: Recorder


Make = Callable[..., Rig]


def _context(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good identities, and beside them certificates of the same keys that are not valid now."""
    made = Folder(tmp_path / "dev")
    for mark, days in (("old", -500), ("future", 500)):
        develop(made, terminals=1, site="pzh01", now=NOW + timedelta(days=days))
        for name in ("broker", BRANCH.terminal):
            (made.path / f"{name}.pem").rename(made.path / f"{name}.{mark}")
        for pem in made.path.glob("*.pem"):
            pem.unlink()
    develop(made, terminals=1, site="pzh01", now=NOW)
    return made.path


@pytest.fixture
def broker(folder: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(folder)
    yield made
    made.kill()


@pytest.fixture
def own(broker: Mosquitto) -> Broker:
    """The link's table of the configuration."""
    files = [broker.folder / n for n in ("ca.pem", f"{BRANCH.terminal}.pem")]
    key = broker.folder / f"{BRANCH.terminal}.key"
    return Broker("127.0.0.1", broker.port, files[0], files[1], key)


@pytest.fixture
def make(own: Broker) -> Iterator[Make]:
    links: list[Link] = []

    def made(table: Broker = own, clock: Clock = SystemClock()) -> Rig:  # noqa: B008
        received = Recorder()
        link = Link(table, BRANCH, b"lost", received, SOON, clock)
        links.append(link)
        rig = Rig(link, received, Recorder(), Recorder())
        link.on_change(rig.usable)
        link.on_clock(rig.clock_wrong)
        link.retain(BRANCH.state, b"ready")
        link.start()
        return rig

    yield made
    for link in links:
        link.stop({}, DEADLINE_S)


@pytest.fixture
def said() -> Iterator[Recorder]:
    handler = Told()
    log = logging.getLogger("firmware.link")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler.lines
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.fixture
def observer(broker: Mosquitto) -> Iterator[Observer]:
    broker.start()
    made = Observer(broker.folder, broker.port)
    yield made
    made.close()


def line_to(broker: Mosquitto, own: Broker) -> tuple[BrokerLine, Broker]:
    line = BrokerLine(broker.folder, BRANCH.terminal, broker.port)
    line.start()
    return line, Broker(own.host, line.port, own.ca, own.cert, own.key)


def complaints(said: Recorder, words: str) -> int:
    return sum(words in str(line) for line in said.told)


def test_orders_arrive_and_facts_leave(observer: Observer, make: Make) -> None:
    """A usable line carries messages both ways; before it is usable nothing is taken."""
    rig = make()
    rig.usable.wait(lambda told: told == [True])
    observer.client.publish(BRANCH.order("rating", "request"), b"o", qos=1)
    rig.received.wait(lambda told: told == [(BRANCH.order("rating", "request"), b"o")])
    assert rig.link.publish(BRANCH.fact("gun", "scanned"), b"f", qos=1, content_type="text/plain")
    observer.heard.wait(lambda told: (BRANCH.fact("gun", "scanned"), b"f") in told)


def test_a_link_that_is_not_connected_takes_nothing(own: Broker) -> None:
    """The sender learns at once that it must try again."""
    link = Link(own, BRANCH, b"lost", Recorder(), SOON)
    assert not link.publish("a", b"b", qos=1, content_type="text/plain")


def test_last_words_are_not_the_will(observer: Observer, make: Make) -> None:
    """A link that is stopped says so itself; the broker publishes no will."""
    rig = make()
    observer.heard.wait(lambda told: (BRANCH.state, b"ready") in told)
    rig.link.stop({BRANCH.state: b"stopping"}, DEADLINE_S)
    observer.heard.wait(lambda told: (BRANCH.state, b"stopping") in told)
    assert (BRANCH.state, b"lost") not in observer.heard.told


def test_a_frozen_line_is_found_and_replaced(
    broker: Mosquitto, own: Broker, observer: Observer, make: Make
) -> None:
    """Nobody says that the line is dead; the link finds out, and its state follows the will."""
    line, table = line_to(broker, own)
    rig = make(table)
    rig.usable.wait(lambda told: told == [True])
    line.freeze()
    rig.usable.wait(lambda told: told == [True, False])
    line.thaw()
    rig.usable.wait(lambda told: told == [True, False, True])
    observer.heard.wait(lambda told: told[-1] == (BRANCH.state, b"ready"))
    line.stop()


def test_a_new_session_gets_the_retained_set_again(broker: Mosquitto, make: Make) -> None:
    """A broker that comes back empty hears everything, also what changed meanwhile."""
    broker.start()
    rig = make()
    rig.link.retain(BRANCH.about, b"about")
    rig.usable.wait(lambda told: told == [True])
    broker.kill()
    rig.usable.wait(lambda told: told == [True, False])
    rig.link.retain(BRANCH.about, b"news")
    broker.start()
    observer = Observer(broker.folder, broker.port)
    expected = {(BRANCH.state, b"ready"), (BRANCH.about, b"news")}
    observer.heard.wait(lambda told: expected <= set(told))
    observer.close()


@pytest.mark.parametrize("cert", ["broker.old", "broker.future"])
def test_a_broker_out_of_its_time_means_the_clock(
    broker: Mosquitto, make: Make, said: Recorder, cert: str
) -> None:
    """Its certificate not valid now: the clock may be wrong; told once, and again when good."""
    broker.start(cert)
    rig = make()
    rig.clock_wrong.wait(lambda told: told == [True])
    broker.kill()
    broker.start()
    rig.clock_wrong.wait(lambda told: told == [True, False])
    assert complaints(said, "not valid at this time") == 1


def test_the_broker_may_find_ours_expired(
    broker: Mosquitto, own: Broker, make: Make, said: Recorder
) -> None:
    """Our own clock finds our certificate good, the broker's does not: one clock is wrong."""
    broker.start()
    cert = broker.folder / f"{BRANCH.terminal}.old"
    table = Broker(own.host, own.port, own.ca, cert, own.key)
    rig = make(table, FixedClock(NOW - timedelta(days=490)))
    rig.clock_wrong.wait(lambda told: told == [True])
    said.wait(lambda told: any("the broker says that our certificate" in str(t) for t in told))


def test_our_own_certificate_knows_the_time(make: Make, said: Recorder) -> None:
    """Without any broker: by our clock our certificate is not valid, so the clock may be wrong."""
    rig = make(clock=FixedClock(datetime(1970, 1, 1, tzinfo=UTC)))
    rig.clock_wrong.wait(lambda told: told == [True])
    assert complaints(said, "our certificate is not valid at this time; set the clock") == 1


def test_a_revoked_certificate_is_no_matter_of_the_clock(
    broker: Mosquitto, make: Make, said: Recorder
) -> None:
    """It is complained about once, with the remedy, however often it is tried."""
    revoke(Folder(broker.folder), name=BRANCH.terminal, now=NOW)
    broker.start()
    attempts = Recorder()
    rig = make(clock=AskedClock(NOW, attempts))
    attempts.wait(lambda told: len(told) == 4)
    rig.link.stop({}, DEADLINE_S)
    assert complaints(said, "revoked; issue a new one") == 1
    assert rig.clock_wrong.told == []


def test_an_unknown_certificate_is_said_once(
    tmp_path: Path, broker: Mosquitto, own: Broker, make: Make, said: Recorder
) -> None:
    """A terminal of another hall: the remedy is told, and the clock is not suspected."""
    other = Folder(tmp_path / "other")
    develop(other, terminals=1, site="pzh01", now=NOW)
    name = BRANCH.terminal
    broker.start()
    table = Broker(
        own.host, own.port, own.ca, other.path / f"{name}.pem", other.path / f"{name}.key"
    )
    rig = make(table)
    said.wait(lambda told: any("does not know our certificate" in str(line) for line in told))
    assert rig.clock_wrong.told == []


def test_a_refused_connection_is_said_with_its_remedy(
    broker: Mosquitto, make: Make, said: Recorder
) -> None:
    """The broker's reason code is looked at: nothing is taken for connected that is not."""
    broker.start(by_certificate="false")
    rig = make()
    said.wait(lambda told: any("register this terminal" in str(line) for line in told))
    assert rig.usable.told == []


def test_why_the_broker_ended_a_connection_is_said(
    broker: Mosquitto, make: Make, said: Recorder
) -> None:
    """The reason in the broker's DISCONNECT is looked at, and the link returns."""
    broker.start()
    rig = make()
    rig.usable.wait(lambda told: told == [True])
    rig.link.publish(BRANCH.fact("gun", "scanned"), bytes(2000), qos=1, content_type="text/plain")
    rig.usable.wait(lambda told: told == [True, False, True])
    assert complaints(said, "the broker ended the connection") == 1
