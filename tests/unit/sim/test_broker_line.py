"""The man in the middle, between a client as a terminal has it and the real broker."""

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from provisioning.cli import main as provision
from sim.ports import free_ports, wait_accepting
from sim.twins.broker_line import BrokerLine

DEADLINE_S = 10.0
TERMINAL = "pzh01-w01"
BRANCH = f"hall/1/pzh01/{TERMINAL}"
FACT, RECEIPT, ORDER = f"{BRANCH}/fact/gun/scanned", f"{BRANCH}/receipt", f"{BRANCH}/order/a/b"
CONF = """\
listener {port} 127.0.0.1
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
require_certificate true
use_identity_as_username true
user root
"""
HEARD = {TERMINAL: (RECEIPT, f"{BRANCH}/order/#"), "centre": (f"{BRANCH}/fact/#",)}


class Peer:
    """A client of the broker, that remembers what came."""

    def __init__(self, identities: Path, name: str, port: int) -> None:
        self.heard: list[bytes] = []
        self.acknowledged = 0
        self.subscribed = False
        self.lost = 0
        self._changed = Condition()
        self._name = name
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        context = ssl.create_default_context(cafile=str(identities / "ca.pem"))
        context.load_cert_chain(identities / f"{name}.pem", identities / f"{name}.key")
        client.tls_set_context(context)
        client.reconnect_delay_set(0.05, 0.1)
        client.on_connect = lambda *_: client.subscribe([(t, 1) for t in HEARD[name]])
        client.on_subscribe = lambda *_: self._change(subscribed=True)
        client.on_disconnect = lambda *_: self._change(subscribed=False, lost=self.lost + 1)
        client.on_publish = lambda *_: self._change(acknowledged=self.acknowledged + 1)
        client.on_message = lambda _c, _d, m: self._change(heard=[*self.heard, m.payload])
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 60
        client.connect_async("127.0.0.1", port, clean_start=False, properties=session)
        client.loop_start()
        self._client = client

    def say(self, topic: str, *bodies: bytes) -> None:
        for body in bodies:
            self._client.publish(topic, body, qos=1)

    def wait(self, met: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(met, DEADLINE_S), (self._name, self.heard[-5:])

    def wait_heard(self, *bodies: bytes) -> None:
        self.wait(lambda: len(self.heard) >= len(bodies))
        assert self.heard == list(bodies)

    def close(self) -> None:
        forget = Properties(PacketTypes.DISCONNECT)
        forget.SessionExpiryInterval = 0
        self._client.disconnect(properties=forget)
        self._client.loop_stop()

    def _change(self, **news: object) -> None:
        with self._changed:
            vars(self).update(news)
            self._changed.notify_all()


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("line") / "dev"
    assert provision(["dev", "--dir", str(folder), "--terminals", "1"]) == 0
    return folder


@pytest.fixture(scope="module")
def broker_port(identities: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    conf = identities / "mosquitto.conf"
    conf.write_text(CONF.format(port=port, folder=identities))
    command = ["/usr/sbin/mosquitto", "-c", str(conf)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        assert wait_accepting(port, DEADLINE_S, lambda: process.poll() is None)
        yield port
        process.terminate()


@pytest.fixture
def line(identities: Path, broker_port: int) -> Iterator[BrokerLine]:
    made = BrokerLine(identities, TERMINAL, broker_port)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def terminal(identities: Path, line: BrokerLine) -> Iterator[Peer]:
    peer = Peer(identities, TERMINAL, line.port)
    peer.wait(lambda: peer.subscribed)
    yield peer
    peer.close()


@pytest.fixture
def centre(identities: Path, broker_port: int) -> Iterator[Peer]:
    peer = Peer(identities, "centre", broker_port)
    peer.wait(lambda: peer.subscribed)
    yield peer
    peer.close()


def test_everything_passes(line: BrokerLine, terminal: Peer, centre: Peer) -> None:
    """Without a fault it is a cable: large messages, both directions, nothing counted."""
    large = bytes(1_000_000)
    terminal.say(FACT, b"1", large, b"2")
    centre.wait_heard(b"1", large, b"2")
    centre.say(RECEIPT, b"r")
    centre.say(ORDER, b"o")
    terminal.wait_heard(b"r", b"o")
    assert line.hits == {}


def test_cut_resets_and_lets_return(line: BrokerLine, terminal: Peer, centre: Peer) -> None:
    """The terminal loses its connection at once, and its next one works."""
    line.cut()
    terminal.wait(lambda: terminal.lost == 1)
    terminal.wait(lambda: terminal.subscribed)
    terminal.say(FACT, b"1")
    centre.wait_heard(b"1")
    assert line.hits == {"cut": 1}


def test_a_frozen_line_swallows(line: BrokerLine, terminal: Peer, centre: Peer) -> None:
    """Nothing passes and nobody is told; after the thaw the terminal must connect again."""
    line.freeze()
    terminal.say(FACT, b"1")
    assert line.wait_hit("freeze", 1, DEADLINE_S)
    assert (terminal.lost, terminal.acknowledged, centre.heard) == (0, 0, [])
    line.thaw()
    terminal.wait(lambda: terminal.lost == 1)
    terminal.wait(lambda: terminal.subscribed)
    assert line.hits == {"freeze": 1}


def test_a_frozen_line_answers_no_newcomer(line: BrokerLine, identities: Path) -> None:
    """A handshake that begins while the line is frozen ends after the thaw."""
    line.freeze()
    context = ssl.create_default_context(cafile=str(identities / "ca.pem"))
    context.load_cert_chain(identities / f"{TERMINAL}.pem", identities / f"{TERMINAL}.key")
    plain = socket.create_connection(("127.0.0.1", line.port), DEADLINE_S)
    plain.settimeout(0.05)
    with pytest.raises(TimeoutError):
        plain.recv(1)
    line.thaw()
    plain.settimeout(DEADLINE_S)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
        assert wrapped.version() == "TLSv1.3"


def test_newcomers_are_refused(line: BrokerLine, terminal: Peer) -> None:
    """A newcomer is reset at once, who is connected stays; afterwards there is a way again."""
    line.refuse(True)
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection(("127.0.0.1", line.port), DEADLINE_S) as plain,
    ):
        plain.recv(1)
    assert line.wait_hit("refuse", 1, DEADLINE_S)
    assert terminal.lost == 0
    line.refuse(False)
    line.cut()
    terminal.wait(lambda: terminal.lost == 1)
    terminal.wait(lambda: terminal.subscribed)


def test_a_dropped_receipt_is_acknowledged(line: BrokerLine, terminal: Peer, centre: Peer) -> None:
    """The terminal never hears it, and the broker does not send it again."""
    line.drop_receipts(1)
    centre.say(RECEIPT, b"1", b"2")
    terminal.wait_heard(b"2")
    line.cut()
    terminal.wait(lambda: terminal.lost == 1)
    terminal.wait(lambda: terminal.subscribed)
    centre.say(RECEIPT, b"3")
    # The second may come again, if it was cut off with its PUBACK under way.
    terminal.wait(lambda: b"3" in terminal.heard)
    assert b"1" not in terminal.heard
    assert line.hits == {"drop_receipts": 1, "cut": 1}


def test_delayed_receipts_keep_their_order(line: BrokerLine, terminal: Peer, centre: Peer) -> None:
    """What follows overtakes them; among themselves they stay as they were."""
    line.delay_receipts(0.2)
    centre.say(RECEIPT, b"1", b"2")
    assert line.wait_hit("delay_receipts", 2, DEADLINE_S)
    line.delay_receipts(0)
    centre.say(RECEIPT, b"3")
    centre.say(ORDER, b"o")
    terminal.wait_heard(b"o", b"1", b"2", b"3")


def test_swapped_facts_come_in_the_other_order(
    line: BrokerLine, terminal: Peer, centre: Peer
) -> None:
    """As many pairs as asked for; a fact that only comes again is no pair."""
    line.swap_facts(2)
    terminal.say(FACT, b"1", b"2", b"3", b"3", b"4", b"5", b"6")
    centre.wait_heard(b"2", b"1", b"3", b"3", b"5", b"4", b"6")
    terminal.wait(lambda: terminal.acknowledged == 7)
    assert line.hits == {"swap_facts": 2}


def test_a_forgotten_fact_is_acknowledged(line: BrokerLine, terminal: Peer, centre: Peer) -> None:
    """The terminal has every PUBACK, the broker never had the fact."""
    line.forget_facts(2)
    terminal.say(FACT, b"1", b"2", b"3")
    centre.wait_heard(b"3")
    terminal.wait(lambda: terminal.acknowledged == 3)
    assert line.hits == {"forget_facts": 2}


def test_a_repeated_order_comes_twice(line: BrokerLine, terminal: Peer, centre: Peer) -> None:
    """The broker knows nothing of the second one, nor of its acknowledgement."""
    line.repeat_orders(1)
    centre.say(ORDER, b"1", b"2")
    terminal.wait_heard(b"1", b"1", b"2")
    centre.say(ORDER, b"3")
    terminal.wait(lambda: terminal.heard[-1] == b"3")
    assert (terminal.lost, line.hits) == (0, {"repeat_orders": 1})
