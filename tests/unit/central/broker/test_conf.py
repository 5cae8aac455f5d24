"""mosquitto.conf: who may knock, and where."""

from pathlib import Path

import pytest

from central.broker.conf import Listener, conf

LISTENER = Listener(
    port=8883,
    ca=Path("/d/ca.pem"),
    cert=Path("/d/broker.pem"),
    key=Path("/d/broker.key"),
    crl=Path("/d/crl.pem"),
)


def written(*, as_root: bool = False) -> dict[str, list[str]]:
    """Each option with its values, in their order."""
    text = conf(LISTENER, rules=Path("/d/broker/acl"), folder=Path("/d/broker"), as_root=as_root)
    assert text.endswith("\n")
    options: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        options.setdefault(name, []).append(value)
    return options


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("listener", "8883 127.0.0.1"),
        ("cafile", "/d/ca.pem"),
        ("certfile", "/d/broker.pem"),
        ("keyfile", "/d/broker.key"),
        ("crlfile", "/d/crl.pem"),
        ("tls_version", "tlsv1.3"),
        ("require_certificate", "true"),
        ("use_identity_as_username", "true"),
        ("allow_anonymous", "false"),
        ("acl_file", "/d/broker/acl"),
        ("max_packet_size", "1048576"),
        ("max_queued_messages", "100000"),
        ("persistence", "true"),
        ("persistence_location", "/d/broker/"),
    ],
)
def test_what_the_contract_asks_for_is_said_once(option: str, value: str) -> None:
    """One listener on the loopback, TLS 1.3, certificates required and revocable, rights by name,
    room for an outage: each option stands there exactly once."""
    assert written()[option] == [value]


def test_the_log_goes_to_whoever_started_it() -> None:
    """Faults and notices to standard error; no subscriptions, no messages."""
    assert written()["log_dest"] == ["stderr"]
    assert written()["log_type"] == ["error", "warning", "notice"]


def test_nothing_opens_another_door() -> None:
    """No second listener, no bridge, no password file, no plug-in, no include."""
    doors = {"port", "bind_address", "connection", "password_file", "plugin", "include_dir"}
    assert written().keys().isdisjoint(doors)


def test_only_as_root_it_stays_root() -> None:
    """Mosquitto would become a user who cannot read our keys; nobody else may name a user."""
    assert written(as_root=True)["user"] == ["root"]
    assert "user" not in written()
