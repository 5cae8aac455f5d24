"""Who may write and read what, asked of the real broker: every identity against every topic.

A broker grants forbidden subscriptions and drops what it does not like, so a right is looked at by
its effect: the PUBACK's reason for writing, and what arrives for reading.
"""

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from provisioning.cli import main as provision
from sim.ports import free_ports, wait_accepting

OW_CENTRAL = str(Path(sys.executable).parent / "ow-central")
DEADLINE_S = 20.0
W01, W02 = "pzh01-w01", "pzh01-w02"
TOLD = ("state", "about", "device/gun", "fact/gun/scanned", "health", "log/info")
HEARD = ("order/rating/request", "receipt")
CENTRE_STATE = "centre/1/state"


def branch(name: str, parts: tuple[str, ...], site: str = "pzh01") -> set[str]:
    return {f"hall/1/{site}/{name}/{part}" for part in parts}


TERMINALS_TELL = branch(W01, TOLD) | branch(W02, TOLD)
TERMINALS_HEAR = branch(W01, HEARD) | branch(W02, HEARD)
NOBODYS = {
    *branch(W01, ("secret", "fact", "order")),
    *(f"hall/1/pzh01/{name}/{part}" for name in ("centre", "observer") for part in TOLD + HEARD),
    f"hall/2/pzh01/{W01}/state",
    "centre/1/other",
    "elsewhere",
}
TOPICS = sorted(TERMINALS_TELL | TERMINALS_HEAR | NOBODYS | {CENTRE_STATE})

MAY_WRITE = {
    # `fact` without more is below no rule: `fact/#` has it, as the MQTT specification says.
    W01: branch(W01, (*TOLD, "fact")),
    W02: branch(W02, TOLD),
    # Every name below a site is a terminal's to the centre; no observer can hear such a message.
    "centre": TERMINALS_HEAR | branch("observer", HEARD) | branch(W01, ("order",)) | {CENTRE_STATE},
    "observer": set(),
}
MAY_READ = {
    W01: branch(W01, (*HEARD, "order")) | {CENTRE_STATE},
    W02: branch(W02, HEARD) | {CENTRE_STATE},
    "centre": TERMINALS_TELL | branch(W01, ("fact",)) | {CENTRE_STATE},
    "observer": TERMINALS_TELL
    | TERMINALS_HEAR
    | branch(W01, ("secret", "fact", "order"))
    | {topic for topic in NOBODYS if topic.startswith("hall/1/pzh01/centre/")}
    | {CENTRE_STATE},
}


@dataclass(frozen=True)
class Broker:
    """A running broker, and the folder with everybody's certificates."""

    port: int
    folder: Path

    def context(self, name: str | None, authority: Path | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        if name is not None:
            own = authority or self.folder
            context.load_cert_chain(own / f"{name}.pem", own / f"{name}.key")
        return context


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("rights") / "dev"
    assert provision(["dev", "--dir", str(folder), "--terminals", "3"]) == 0
    assert provision(["revoke", "--dir", str(folder), "--name", "pzh01-w03"]) == 0
    (port,) = free_ports(1)
    command = [OW_CENTRAL, "broker", "--config", str(folder / "centre.toml"), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        assert wait_accepting(port, DEADLINE_S, lambda: process.poll() is None)
        yield Broker(port, folder)
    finally:
        process.kill()
        process.wait(DEADLINE_S)


@dataclass
class Peer:
    """A client that says what became of each thing it asked."""

    client: mqtt.Client
    connected: "SimpleQueue[bool]" = field(default_factory=SimpleQueue)
    answers: "SimpleQueue[tuple[int, Any]]" = field(default_factory=SimpleQueue)
    heard: list[str] = field(default_factory=list)

    def write(self, topic: str) -> bool:
        """Whether the broker took a message on `topic`."""
        asked = self.client.publish(topic, topic.encode(), qos=1).mid
        return not self._answer(asked).is_failure

    def read(self, topic_filter: str) -> None:
        """Subscribe; by the time of the answer all that was routed to us before is here."""
        answer = self.client.subscribe(topic_filter, options=SubscribeOptions(qos=1))
        assert answer[1] is not None
        self._answer(answer[1])

    def _answer(self, mid: int) -> Any:
        while True:
            found, reason = self.answers.get(timeout=DEADLINE_S)
            if found == mid:
                return reason


def peer(broker: Broker, name: str) -> Peer:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
    client.tls_set_context(broker.context(name))
    made = Peer(client)
    client.on_connect = lambda _c, _d, _f, reason, _p: made.connected.put(not reason.is_failure)
    client.on_publish = lambda _c, _d, mid, reason, _p: made.answers.put((mid, reason))
    client.on_subscribe = lambda _c, _d, mid, reasons, _p: made.answers.put((mid, reasons[0]))
    client.on_message = lambda _c, _d, message: made.heard.append(message.topic)
    client.connect("localhost", broker.port)
    client.loop_start()
    assert made.connected.get(timeout=DEADLINE_S)
    return made


@pytest.fixture
def meet(broker: Broker) -> Iterator[Callable[[str], Peer]]:
    """Connects somebody by name; everybody leaves at the end."""
    met: list[Peer] = []

    def connect(name: str) -> Peer:
        met.append(peer(broker, name))
        return met[-1]

    yield connect
    for each in met:
        each.client.disconnect()
        each.client.loop_stop()


@pytest.mark.parametrize("name", MAY_WRITE)
def test_each_writes_where_the_contract_lets_it(meet: Callable[[str], Peer], name: str) -> None:
    """On every topic of the tree, its own and others', the broker takes or refuses by the table."""
    me = meet(name)
    assert {topic for topic in TOPICS if me.write(topic)} == MAY_WRITE[name]


@pytest.mark.parametrize("name", MAY_READ)
def test_each_reads_what_the_contract_lets_it(
    meet: Callable[[str], Peer], broker: Broker, name: str
) -> None:
    """Whoever subscribes to everything gets just what the table says, of all that is written."""
    me = meet(name)
    me.read("#")
    writable = set()
    for writer_name in (W01, W02, "centre"):
        if writer_name == name:
            # MQTT knows one session by one client id: we write ourselves what only we may.
            writable |= {topic for topic in TOPICS if me.write(topic)}
        else:
            writer = meet(writer_name)
            writable |= {topic for topic in TOPICS if writer.write(topic)}
    me.read(CENTRE_STATE)
    assert set(me.heard) - {CENTRE_STATE} == MAY_READ[name] & writable - {CENTRE_STATE}
    assert CENTRE_STATE in me.heard


@pytest.mark.parametrize("name", [W01, "centre", "observer"])
def test_a_filter_for_the_forbidden_brings_nothing(meet: Callable[[str], Peer], name: str) -> None:
    """Subscribing by the exact name of what another terminal is told gives no message of it."""
    me = meet(name)
    forbidden = sorted(TERMINALS_HEAR - MAY_READ[name])
    for topic in forbidden:
        me.read(topic)
    centre = me if name == "centre" else meet("centre")
    assert all(centre.write(topic) for topic in forbidden)
    me.read(CENTRE_STATE)
    assert [topic for topic in me.heard if topic in forbidden] == []


def greeted(broker: Broker, context: ssl.SSLContext) -> bytes:
    """What the broker says to a CONNECT over TLS; empty when it hangs up instead."""
    connect = bytes.fromhex("101100044d5154540502003c0000046e6f6f6e")
    with socket.create_connection(("localhost", broker.port), timeout=DEADLINE_S) as wire:
        try:
            with context.wrap_socket(wire, server_hostname="localhost") as line:
                line.sendall(connect)
                return line.recv(64)
        except OSError:  # ssl.SSLError is one
            return b""


def test_a_good_certificate_is_greeted(broker: Broker) -> None:
    """The probe of the tests below is a real CONNECT: a terminal's certificate gets a CONNACK."""
    assert greeted(broker, broker.context(W01))[:1] == b"\x20"


def test_nobody_is_not_greeted(broker: Broker) -> None:
    """Without a client certificate the connection ends in the handshake."""
    assert greeted(broker, broker.context(None)) == b""


def test_the_revoked_is_not_greeted(broker: Broker) -> None:
    """A certificate on the revocation list ends in the handshake."""
    assert greeted(broker, broker.context("pzh01-w03")) == b""


def test_a_foreign_authority_is_not_believed(broker: Broker, tmp_path: Path) -> None:
    """The same name, signed by somebody else's authority, ends in the handshake."""
    assert provision(["dev", "--dir", str(tmp_path / "other")]) == 0
    assert greeted(broker, broker.context(W01, tmp_path / "other")) == b""


def test_old_tls_is_not_spoken(broker: Broker) -> None:
    """TLS 1.2 is refused even with a good certificate."""
    context = broker.context(W01)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert greeted(broker, context) == b""
