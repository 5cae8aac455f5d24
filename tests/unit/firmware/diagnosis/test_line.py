"""How far one gets towards broker and centre, and why no further."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware.diagnosis import line
from provisioning.development import develop
from provisioning.folder import Folder


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The identities of another hall."""
    made = Folder(tmp_path_factory.mktemp("other") / "dev")
    develop(made, terminals=1, site="pzh01", now=datetime.now(UTC))
    return made.path


def test_a_broker_that_takes_us_is_good(place: Any, listen: Callable[[Path], Any]) -> None:
    """TCP and TLS 1.3 as far as the first word, which we do not say."""
    listener = listen(place.dev / "ca.pem")
    seen = line.broker(place.read())
    assert (seen.state, seen.what) == ("good", f"localhost:{place.port} answers, TLSv1.3")
    assert line.centre(place.read()).state == "good"
    listener.stop()
    assert listener.heard == b""


def test_nobody_there(place: Any) -> None:
    """The port is named, and that a service should run there."""
    seen = line.broker(place.read())
    assert (seen.state, seen.what) == ("bad", f"TCP: nobody listens at localhost:{place.port}")
    assert "service" in seen.remedy_en


def test_an_unknown_name(place: Any) -> None:
    """A name that does not resolve is another fault than a port that is closed."""
    words = place.toml.read_text().replace('host = "localhost"', 'host = "nobody.invalid"')
    place.toml.write_text(words)
    assert line.broker(place.read()).what == "nobody.invalid is not known"


def test_a_stranger_in_the_brokers_place(
    place: Any, listen: Callable[[Path], None], other: Path
) -> None:
    """A certificate of another authority is refused by us, and the remedy is about certificates."""
    listen(place.dev / "ca.pem")
    words = place.toml.read_text().replace(f"{place.dev}/ca.pem", f"{other}/ca.pem")
    place.toml.write_text(words)
    seen = line.broker(place.read())
    assert (seen.state, "authority" in seen.what) == ("bad", True)


def test_a_broker_that_does_not_know_us(
    place: Any, listen: Callable[[Path], None], other: Path
) -> None:
    """Its alert comes behind the handshake, and is told all the same."""
    listen(other / "ca.pem")
    seen = line.broker(place.read())
    assert (seen.state, "does not know our certificate" in seen.what) == ("bad", True)


def test_keys_that_cannot_be_read(place: Any) -> None:
    """Nothing is tried without them."""
    words = place.toml.read_text().replace("/pzh01-w01.key", "/none.key")
    place.toml.write_text(words)
    assert line.broker(place.read()).what == "not tried without keys"
