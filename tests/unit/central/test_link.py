"""The centre's line to a real broker."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from central import link as module
from central.config import Address, Broker
from central.link import BrokerLink
from provisioning.development import develop
from provisioning.folder import Folder
from sim.ports import free_ports, wait_accepting

DEADLINE_S = 10.0
TOPIC = "hall/1/pzh01/pzh01-w01/fact/gun/scanned"
NOW = datetime.now(UTC)
CONF = """\
listener {port} 127.0.0.1
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
require_certificate true
use_identity_as_username true
user root
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "dev"
    develop(Folder(folder), terminals=1, site="pzh01", now=NOW)
    (port,) = free_ports(1)
    conf = folder / "mosquitto.conf"
    conf.write_text(CONF.format(port=port, folder=folder))
    command = ["/usr/sbin/mosquitto", "-c", str(conf)]
    names = ("ca.pem", "centre.pem", "centre.key", "crl.pem", "broker.pem", "broker.key")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        assert wait_accepting(port, DEADLINE_S, lambda: process.poll() is None)
        yield Broker(Address("127.0.0.1", port), *(folder / name for name in names))
        process.terminate()


def test_a_message_does_not_wait_for_other_traffic(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another thread publishes leaves at once, however long the network thread would sleep."""
    monkeypatch.setattr(module, "_LOOK_S", 1000.0)
    arrived, connected = Event(), Event()
    link = BrokerLink(broker, lambda *_: arrived.set(), connected.set, lambda: NOW)
    link.start()
    assert connected.wait(DEADLINE_S)
    # Until the network thread sleeps. One that is still awake would only make this test too kind.
    Event().wait(0.3)
    assert link.publish(TOPIC, b"1")
    assert arrived.wait(DEADLINE_S)
    link.stop()
