"""Who gets through the handshake, and how the listener ends."""

import ssl
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from central.config import Config
from central.errors import Unavailable
from central.media.listener import common_name
from central.media.trust import Trust
from provisioning.development import develop, issue, revoke
from provisioning.folder import Folder

PICTURE = b"sealed bytes"


def refused(listener: Any, name: str | None) -> bool:
    caller = listener.caller(name)
    with caller.client:
        try:
            caller.put(PICTURE)
        except httpx.TransportError:
            return True
    return False


def test_no_certificate_no_connection(listener: Any) -> None:
    """Without a certificate the handshake fails: no request is looked at."""
    assert refused(listener, None)


def test_a_certificate_of_somebody_else_is_none(listener: Any, tmp_path: Any) -> None:
    """The right name signed by another authority does not get through."""
    other = Folder(tmp_path / "other")
    develop(other, terminals=1, site="pzh01", now=datetime.now(UTC))
    for suffix in ("pem", "key"):
        (listener.folder / f"forged.{suffix}").write_bytes(
            (other.path / f"pzh01-w01.{suffix}").read_bytes()
        )
    assert refused(listener, "forged")


def test_a_revocation_counts_at_once(listener: Any) -> None:
    """A terminal revoked while the listener runs is refused at its next connection."""
    assert not refused(listener, "pzh01-w01")
    revoke(Folder(listener.folder), name="pzh01-w01", now=datetime.now(UTC))
    assert refused(listener, "pzh01-w01")
    assert not refused(listener, "pzh01-w02")


def test_a_broken_list_lets_nobody_new_in(listener: Any) -> None:
    """When the list cannot be read, the one read before still holds."""
    revoke(Folder(listener.folder), name="pzh01-w01", now=datetime.now(UTC))
    assert refused(listener, "pzh01-w01")
    (listener.folder / "crl.pem").write_text("broken")
    assert refused(listener, "pzh01-w01")
    assert not refused(listener, "pzh01-w02")


def test_a_terminal_may_be_added(listener: Any) -> None:
    """One that was issued and registered after the start is let in."""
    folder, now = Folder(listener.folder), datetime.now(UTC)
    issue(folder, role="terminal", name="pzh01-w03", site="pzh01", now=now)
    caller = listener.caller("pzh01-w03")
    with caller.client:
        assert caller.put(PICTURE).status_code == 201


def test_tls_1_3_or_nothing(listener: Any) -> None:
    """An older version is refused, and no session can be resumed without its certificate."""
    context = listener.context("pzh01-w01")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(verify=context, trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get(f"https://127.0.0.1:{listener.port}/")
    with listener.raw("pzh01-w01", "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"") as line:
        assert line.recv(12) == b"HTTP/1.1 404"
        assert line.version() == "TLSv1.3"
        assert line.session is None or not line.session.has_ticket


def test_a_key_that_cannot_be_used_is_told(config: Config) -> None:
    """One sentence names the files; the centre ends with exit code 5."""
    config.broker.crl.write_text("no list")
    with pytest.raises(Unavailable, match=r"crl\.pem"):
        Trust(config.broker)


def test_it_ends_while_a_picture_is_under_way(listener: Any) -> None:
    """A terminal that stopped in the middle does not hold the centre."""
    head = f"PUT /api/v1/media/{'a' * 64} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n"
    with listener.raw("pzh01-w01", head, b"x"), listener.caller().client as client:
        client.get("/")
        listener.server.stop()
        assert not listener.server._thread.is_alive()


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        (None, ""),
        ({}, ""),
        ({"subject": ((("commonName", "w1"),),)}, "w1"),
        ({"subject": ((("organizationName", "x"),), (("commonName", "w1"),))}, "w1"),
        ({"subject": ((("commonName", "w1"),), (("commonName", "w2"),))}, ""),
    ],
)
def test_the_common_name_is_the_only_one(certificate: object, name: str) -> None:
    """A certificate with two names is nobody's."""
    assert common_name(certificate) == name
